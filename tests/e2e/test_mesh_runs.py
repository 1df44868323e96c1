"""Runs of the mesh of their own: transparent redirection, and the end of a run, however it comes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from support.lab import EXAMPLE, left_over, require_mesh
from support.shared import ROOT

from fastroute.lab import bookinfo, run, start
from fastroute.lab.changes import carry_out
from fastroute.lab.steps import steps
from fastroute.lab.walk import walk

pytestmark = [pytest.mark.envoy, pytest.mark.root]
CHANGES = {change.name: change for change in bookinfo.changes()}
SCRIPT = """
import pathlib, sys
from fastroute.lab import start
with start.mesh(pathlib.Path(sys.argv[1]), say=lambda said: print(said, flush=True)):
    pass
"""


@contextlib.contextmanager
def starting() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that is starting a mesh, and the name of what it makes."""
    words = [sys.executable, "-c", SCRIPT, str(EXAMPLE)]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True) as one:
        assert one.stdout is not None
        while not (line := one.stdout.readline()).startswith("node: "):
            assert line, "it says what it removes, and then what it starts"
        time.sleep(1.0)
        name = f"{run.PREFIX}-{one.pid}-"
        assert left_over(name)
        yield one, name


def test_transparent_proxies_keep_the_clients_address() -> None:
    """TPROXY: Envoy is root with CAP_NET_ADMIN alone, and the application sees whom it is called by."""
    require_mesh()
    with start.mesh(EXAMPLE, mode="TPROXY") as running:
        walked = walk(running, running.pod("productpage-v1"), "http://reviews:9080/reviews/0")
        found = list(steps(walked))
        assert [fact for step in found for fact in step.facts if not fact.equal] == []
        assert running.pod("reviews-v2").received("twelve-steps").startswith("from=10.240.2.38 GET /reviews/0")
        assert walked.inbound.accepted == "10.240.2.74:9080", "the socket has the address that the client wanted"
        assert {(one.user.uid, one.user.gid, one.user.capabilities) for one in running.pods.values()} == {
            (0, 1337, ("net_admin",))
        }
        for name in ("no-delay", "users"):
            outcome = carry_out(running, CHANGES[name])
            assert [one for one in outcome.measured if not one.holds] == []
            assert outcome.report.differences == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_end_removes_everything(number: signal.Signals) -> None:
    require_mesh()
    with starting() as (one, name):
        one.send_signal(number)
        one.wait(30)
        assert left_over(name) == []


def test_the_next_run_removes_what_a_killed_one_left() -> None:
    require_mesh()
    with starting() as (one, name):
        one.kill()
        one.wait()
        assert left_over(name)
        assert any(removed.startswith(name) for removed in run.remove_leftovers())
        assert left_over(name) == []

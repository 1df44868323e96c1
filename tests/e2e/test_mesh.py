"""A real mesh of bookinfo in network namespaces: real packets, real agents, real Envoys, one discovery server.

What the Envoys log is compared with Router, request by request, for all that `fastroute mesh` does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.shared import ROOT

from fastroute.lab import bookinfo, needs, run, start
from fastroute.lab.changes import Asker, Change, carry_out
from fastroute.lab.mesh import Lab
from fastroute.lab.steps import steps
from fastroute.lab.walk import walk

pytestmark = [pytest.mark.envoy, pytest.mark.root]
EXAMPLE = ROOT / "examples" / "bookinfo"
CHANGES = {change.name: change for change in bookinfo.changes()}


def require() -> None:
    """Skip where no mesh can run, and say why."""
    if lacking := needs.missing():
        pytest.skip(f"needs {lacking}")


@pytest.fixture(scope="module")
def mesh() -> Iterator[Lab]:
    """The running mesh; the tests of this module go through it in order."""
    require()
    with start.mesh(EXAMPLE) as running:
        yield running
    assert not left_over(running.run.name), "everything is removed"


def left_over(name: str) -> list[str]:
    """What is there of a run."""
    places = (run.NETNS, run.FILES, Path(running_files()))
    return [str(entry) for place in places if place.is_dir() for entry in place.iterdir() if name in entry.name]


def running_files() -> str:
    """Where runs keep their files."""
    return str(run.Run.of_this_process().home.parent)


def test_the_twelve_steps_with_real_packets(mesh: Lab) -> None:
    walked = walk(mesh, mesh.pod("productpage-v1"), "http://reviews:9080/reviews/0")
    found = list(steps(walked))
    assert len(found) == 12
    assert [fact for step in found for fact in step.facts if not fact.equal] == []
    assert walked.outbound.details == "response_timeout", "ratings are held back for longer than reviews may take"
    assert (walked.outbound.called, walked.inbound.caller) == (
        "spiffe://cluster.local/ns/default/sa/bookinfo-reviews",
        "spiffe://cluster.local/ns/default/sa/bookinfo-productpage",
    )
    assert all((pod.user.uid, pod.user.gid) == (1337, 1337) for pod in mesh.pods.values())


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_takes_effect_without_a_restart(mesh: Lab, change: Change) -> None:
    outcome = carry_out(mesh, change)
    assert [one for one in outcome.measured if not one.holds] == []
    assert outcome.report.differences == []
    assert {pod.short: pod.restarts() for pod in mesh.pods.values()} == dict.fromkeys(
        ("productpage-v1", "details-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3"), 0
    )
    if change.name == "drawn":
        assert outcome.report.requests == bookinfo.DRAWN
        assert outcome.report.lines > bookinfo.DRAWN


def test_a_difference_would_be_found(mesh: Lab) -> None:
    """Router over manifests that say something else than the Envoys have."""
    asker = Asker(mesh, "other")
    asker.get("reviews", "/reviews/0")
    spec = {"hosts": ["reviews"], "http": [{"name": "other", "route": [bookinfo.route("reviews", "v2")]}]}
    mesh.manifests.set_rule("VirtualService", "reviews", spec)
    mesh.changed()
    found = asker.compare().differences
    assert any("route is 'rest' in Envoy, 'other' by Router" in difference for difference in found)


def test_the_next_run_removes_what_a_killed_one_left() -> None:
    require()
    script = "import sys, pathlib; from fastroute.lab import start, run\n"
    script += "with start.mesh(pathlib.Path(sys.argv[1]), say=lambda said: print(said, flush=True)): pass"
    words = [sys.executable, "-c", script, str(EXAMPLE)]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().startswith("node: ")
        time.sleep(1.0)
        other.send_signal(signal.SIGKILL)
        other.wait()
    name = f"{run.PREFIX}-{other.pid}-"
    assert left_over(name)
    removed = run.remove_leftovers()
    assert any(one.startswith(name) for one in removed)
    assert left_over(name) == []

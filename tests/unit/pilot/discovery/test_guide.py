"""docs/discovery.md says what is: its example runs, its options and pages are there."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from click.testing import CliRunner
from support import bookinfo
from support.shared import ROOT

from fastroute.cli.pilot_discovery import discovery
from fastroute.pilot.ca.store import Store
from fastroute.pilot.discovery.registry import balancers, entries, mesh, policies, providers, scopes, traffic
from fastroute.pilot.discovery.registry.kinds import KINDS, REFUSED

GUIDE = (ROOT / "docs" / "discovery.md").read_text(encoding="utf-8")


def fastroute(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "fastroute", *arguments]


def test_options_and_their_defaults() -> None:
    shown = " ".join(CliRunner().invoke(discovery, ["--help"]).output.split())
    for option, default in re.findall(r"^\| `(--[a-z]+)` \| (\S+) \|", GUIDE, re.MULTILINE):
        assert re.search(rf"{option} ADDRESS:PORT [^\]]*default: {re.escape(default)}\]", shown), option


def test_every_field_that_is_refused_or_passed_over_is_named() -> None:
    limits = GUIDE[GUIDE.index("## Limits of this version") :]
    for module in (balancers, entries, mesh, policies, providers, scopes, traffic):
        for kind in vars(module).values():
            for name in (*getattr(kind, "LATER", ()), *getattr(kind, "INERT", ())):
                assert f"`{name}`" in limits, (kind, name)


def test_every_kind_is_named() -> None:
    read = GUIDE[GUIDE.index("## What is read") :]
    for _, kind in (*KINDS, *REFUSED):
        assert re.search(rf"\b{kind}s?\b", read), kind


def test_the_example(tmp_path: Path) -> None:
    ports = [part for option in ("--listen", "--tls", "--mtls", "--http") for part in (option, "127.0.0.1:0")]
    command = fastroute("pilot", "discovery", str(bookinfo.DIRECTORY), "--ca", str(tmp_path / "ca"), *ports)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            first = server.stderr.readline()
            assert re.sub(r"\d+(?=[,;])", "N", first) == "listening: plain N, tls N, mtls N, http N; 7 services\n"
            url = "http://127.0.0.1:" + re.findall(r"http (\d+)", first)[0]
            for page in ("/ready", "/metrics", *re.findall(r"`(/debug/[a-z_]+)`", GUIDE)):
                with urllib.request.urlopen(url + page, timeout=10) as answer:
                    assert answer.status == 200
            dump = f"{url}/debug/config_dump?proxyID={bookinfo.PRODUCTPAGE}.default"
            table = subprocess.run(
                fastroute("proxy-config", "route", "-f", dump), capture_output=True, text=True, check=True
            ).stdout
            assert "reviews.default" in table
            status = fastroute("pilot", "proxy-status", "--server", url)
            assert "NAME" in subprocess.run(status, capture_output=True, text=True, check=True).stdout
        finally:
            server.terminate()
    token = subprocess.run(
        fastroute("pilot", "token", "default/bookinfo-reviews", "--ca", str(tmp_path / "ca")),
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    shown = Store(tmp_path / "ca").verifier.verify(token, time.time(), "cluster.local")
    assert shown.uri == "spiffe://cluster.local/ns/default/sa/bookinfo-reviews"

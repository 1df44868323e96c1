"""`fastroute watch`: what it prints while a control plane changes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from support import xds_resources as made
from support.ads_server import AdsServer
from support.ports import free_port
from support.xds_resources import until


class Watching:
    """A process that watches; `lines` is what it printed so far."""

    def __init__(self, bootstrap: Path, *options: str) -> None:
        command = [sys.executable, "-m", "fastroute", "watch", str(bootstrap), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def saw(self, text: str) -> bool:
        return any(text in line for line in list(self.lines))

    def stop(self) -> int:
        self.process.terminate()
        self.process.wait(10)
        self.reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return self.process.returncode


def write(path: Path, tree: Any) -> Path:
    path.write_text(json.dumps(tree))
    return path


def test_it_says_what_changes_and_how_the_subscription_does(tmp_path: Path) -> None:
    with AdsServer(made.world(1)) as server:
        watching = Watching(write(tmp_path / "bootstrap.json", made.followed(server.port)))
        try:
            until(lambda: watching.saw("ready: 1 listeners, 1 route configurations, 2 clusters"))
            assert watching.saw(f"ADS over gRPC: connected (127.0.0.1:{server.port})")
            server.push({"endpoints": [made.endpoints("c", 1, 2)]})
            until(lambda: watching.saw('ClusterLoadAssignment "c" changed'))
            until(lambda: watching.saw("127.0.0.1:2"))
            server.push({"clusters": [made.eds("c"), {"name": "bad", "type": "EDS"}, made.static("d", 5)]})
            until(lambda: watching.saw('Cluster "d" added'))
            until(lambda: watching.saw("CDS bad: NACKED: "))
            server.stop()
            until(lambda: watching.saw("ADS over gRPC: not connected"))
        finally:
            watching.stop()


def test_objects_for_other_programs(tmp_path: Path) -> None:
    with AdsServer(made.world(1)) as server:
        bootstrap = write(tmp_path / "bootstrap.json", made.followed(server.port))
        watching = Watching(bootstrap, "-o", "json", "--seconds", "3")
        try:
            until(lambda: watching.saw('"ready"'))
            server.push({"routes": [made.routes("r", "other")]})
            until(lambda: watching.saw('"RouteConfiguration"'))
            assert watching.process.wait(20) == 0
        finally:
            watching.stop()
        events = [json.loads(line) for line in watching.lines]
        assert [each["event"] for each in events if each["event"] != "feed"] == ["ready", "change"]
        assert events[-1]["fields"][0]["after"] == "other"


def test_it_was_never_ready(tmp_path: Path) -> None:
    bootstrap = write(tmp_path / "bootstrap.json", made.followed(free_port()))
    done = subprocess.run(
        [sys.executable, "-m", "fastroute", "watch", str(bootstrap), "--seconds", "0.5"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "ADS over gRPC: not connected" in done.stdout


def test_something_that_is_no_bootstrap(tmp_path: Path) -> None:
    path = write(tmp_path / "routes.json", made.routes("r"))
    done = subprocess.run(
        [sys.executable, "-m", "fastroute", "watch", str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "a bootstrap is needed" in done.stderr

"""A pod and its peer as two network namespaces, with a probe process in each.

    require_root()                            skip the calling test without root or network namespaces
    with PodNetwork(transparent=(15006,)) as network:
        network.run("iptables-restore", "--noflush", input=text)     a command inside the pod
        network.outcome(...)                                         where a real packet ended up

The pod has 10.9.0.2 and fd09::2 on `eth0`; the peer is its gateway and takes packets for every address and port.
Both namespaces and processes are removed at the end.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

POD, POD6 = "10.9.0.2", "fd09::2"
PEER, PEER6 = "10.9.0.1", "fd09::1"
CATCH_ALL = 7777
TCP_PORTS = (22, 53, 80, 443, 9080, 15001, 15006, 15008, 15020, 15053, 15090)
UDP_PORTS = (53, 80, 9080, 15053)
_numbers = itertools.count()


def require_root() -> None:
    """Skip where the test cannot make network namespaces."""
    if os.geteuid() != 0:
        pytest.skip("needs root: network namespaces and iptables")
    for program in ("ip", "iptables-restore", "ip6tables-restore", "nft"):
        if shutil.which(program) is None:
            pytest.skip(f"needs root and {program}, which is not installed")
    made = subprocess.run(["ip", "netns", "add", f"frt-try-{os.getpid()}"], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"needs network namespaces: {made.stderr.strip()}")
    subprocess.run(["ip", "netns", "del", f"frt-try-{os.getpid()}"], check=True)


class Probe:
    """A probe process inside the namespace `name`."""

    def __init__(self, name: str, tcp: Sequence[int], udp: Sequence[int], transparent: Sequence[int] = ()) -> None:
        script = Path(__file__).with_name("netns_probe.py")
        ports = [",".join(map(str, each)) for each in (tcp, udp, transparent)]
        command = ["ip", "netns", "exec", name, sys.executable, str(script), *ports]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._read()["ready"]

    def ask(self, **order: Any) -> Any:
        """The single value of the probe's answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return next(iter(self._read().values()))

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class PodNetwork:
    """The two namespaces and their probes."""

    def __init__(self, transparent: Sequence[int] = (), *, probes: bool = True) -> None:
        self._with_probes = probes
        number = f"{os.getpid()}-{next(_numbers)}"
        self.pod, self.peer = f"frt-pod-{number}", f"frt-peer-{number}"
        self._transparent = transparent
        self._tokens = itertools.count()
        self._probes: list[Probe] = []

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._remove()

    def run(self, *command: str, input: str | None = None, within: str = "") -> str:
        """Run a command inside the pod (or the namespace `within`); its output."""
        full = ["ip", "netns", "exec", within or self.pod, *command]
        done = subprocess.run(full, input=input, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}\n{input or ''}"
        return done.stdout

    def outcome(
        self, direction: str, protocol: str, source: str, destination: str, port: int, uid: int, gid: int
    ) -> tuple[str, int]:
        """Send one real packet; ("pod", port of the listener), ("peer", 0) or ("nowhere", 0)."""
        pod, peer = self._probes
        token = f"{self.pod}/{next(self._tokens)}"
        sender = pod if direction == "outbound" else peer
        order = {"protocol": protocol, "source": source, "destination": destination, "port": port}
        sent = sender.ask(op="send", token=token, uid=uid, gid=gid, **order)
        if not sent:
            return "nowhere", 0
        for _ in range(20):
            found = pod.ask(op="got", token=token, wait=0.02)
            if found is not None:
                return "pod", found
            if peer.ask(op="got", token=token, wait=0.02) is not None:
                return "peer", 0
        return "nowhere", 0

    def _build(self) -> None:
        for name in (self.pod, self.peer):
            subprocess.run(["ip", "netns", "add", name], check=True, timeout=30)
            self.run("ip", "link", "set", "lo", "up", within=name)
        link = ["ip", "link", "add", "eth0", "netns", self.pod, "type", "veth", "peer", "name", "eth0"]
        subprocess.run([*link, "netns", self.peer], check=True, timeout=30)
        for name, v4, v6 in ((self.pod, POD, POD6), (self.peer, PEER, PEER6)):
            self.run("ip", "addr", "add", f"{v4}/24", "dev", "eth0", within=name)
            self.run("ip", "-6", "addr", "add", f"{v6}/64", "dev", "eth0", "nodad", within=name)
            self.run("ip", "link", "set", "eth0", "up", within=name)
        self.run("ip", "route", "add", "default", "via", PEER)
        self.run("ip", "-6", "route", "add", "default", "via", PEER6)
        self.run("ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo", "table", "main", within=self.peer)
        self.run("ip", "-6", "route", "add", "local", "::/0", "dev", "lo", "table", "main", within=self.peer)
        for program in ("iptables", "ip6tables"):
            for protocol in ("tcp", "udp"):
                rule = ["-p", protocol, "-j", "REDIRECT", "--to-ports", str(CATCH_ALL)]
                self.run(program, "-t", "nat", "-A", "PREROUTING", *rule, within=self.peer)
        if self._with_probes:
            self._start_probes()

    def _start_probes(self) -> None:
        self._probes.append(Probe(self.pod, TCP_PORTS, UDP_PORTS, self._transparent))
        self._probes.append(Probe(self.peer, (CATCH_ALL,), (CATCH_ALL,)))
        for destination in (PEER, PEER6):
            self._wait_for_neighbour(destination)

    def _wait_for_neighbour(self, destination: str) -> None:
        """Before any rule: the first datagram to a neighbour may be lost while its address is being found."""
        deadline = time.monotonic() + 10
        while self.outcome("outbound", "udp", "", destination, 9080, 0, 0) != ("peer", 0):
            assert time.monotonic() < deadline, f"{destination} cannot be reached"

    def _remove(self) -> None:
        for probe in self._probes:
            with contextlib.suppress(OSError):
                probe.stop()
        for name in (self.pod, self.peer):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False, timeout=30)

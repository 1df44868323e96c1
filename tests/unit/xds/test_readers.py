"""Readers in threads, while a control plane that fails again and again changes everything a thousand times."""

from __future__ import annotations

import random
import threading
import time

import pytest
from support import xds_resources as made
from support.ads_server import AdsServer
from support.xds_resources import Tree, until

import fastroute
from fastroute.xds import FollowingRouter, connect

UPDATES, READERS = 1000, 4


class Reader:
    """Reads as fast as it can: what came with one response is seen together, and never goes back."""

    def __init__(self, router: FollowingRouter) -> None:
        self.router = router
        self.reads = 0
        self.wrong: list[str] = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        newest = 0
        while not self.ended.is_set():
            clusters = self.router.snapshot.clusters
            ports = {str(clusters[name].endpoints[0]) for name in ("a", "b") if name in clusters}
            decision = self.router.route("x", "/", route_config="r")
            if len(ports) > 1 or decision.cluster != "c":
                self.wrong.append(f"torn: {ports} {decision.cluster}")
            number = max((int(port.rpartition(":")[2]) for port in ports), default=newest)
            if number < newest:
                self.wrong.append(f"older: {number} after {newest}")
            newest = number
            self.reads += 1
            time.sleep(0.0005)  # The others have to get a turn.

    def end(self) -> None:
        self.ended.set()
        self.thread.join()


def state(number: int, *, bad: bool) -> list[Tree]:
    """All clusters: `a` and `b` have hosts by the number; one may be refused."""
    found = [made.eds("c"), made.static("a", number), made.static("b", number)]
    return [*found, {"name": "bad", "type": "EDS"}] if bad else found


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
def test_a_thousand_updates_with_faults(delta: bool) -> None:
    draw = random.Random(8)
    resources = {**made.world(1), "clusters": state(1, bad=False)}
    with AdsServer(resources) as server, connect(made.followed(server.port, delta=delta)) as router:
        router.ready(10)
        readers = [Reader(router) for _ in range(READERS)]
        try:
            for number in range(2, UPDATES // 2 + 2):
                server.push({"clusters": state(number, bad=draw.random() < 0.2)})
                if draw.random() < 0.2:
                    server.push({"endpoints": [made.endpoints("c", number)]})
                if number % 100 == 0:
                    server.stop()
                    server.start()
                until(lambda number=number: _port(router) == number)  # type: ignore[misc]
            last = {"clusters": state(UPDATES, bad=False), "endpoints": [made.endpoints("c", UPDATES)]}
            server.push(last)
            wanted = {**resources, **last, "clusters": [made.server_cluster(server.port), *last["clusters"]]}
            expected = fastroute.load(wanted)
            until(lambda: _same(router.snapshot, expected), 30)
        finally:
            for reader in readers:
                reader.end()
        assert [wrong for reader in readers for wrong in reader.wrong] == []
        assert all(reader.reads > 100 for reader in readers)
        assert len(server.refused) > 50


def _port(router: FollowingRouter) -> int:
    endpoint = router.pick("a")
    return endpoint.port if endpoint is not None else 0


def _same(one: fastroute.Snapshot, other: fastroute.Snapshot) -> bool:
    return _content(one) == _content(other)


def _content(snapshot: fastroute.Snapshot) -> dict[tuple[str, str], bytes]:
    """What it holds, whatever the order in which it came."""
    return {
        (kind, each.name): each.message.SerializeToString(deterministic=True)
        for kind in ("clusters", "endpoints", "listeners", "routes")
        for each in getattr(snapshot.resources, kind)
    }

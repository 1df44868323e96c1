"""A router follows the project's own discovery server through changes and faults; it ends with what is generated."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import bookinfo
from support import xds_resources as made
from support.xds_resources import until

from fastroute.pilot import discovery
from fastroute.pilot.discovery.server.service import DiscoveryServer
from fastroute.xds import FollowingRouter, connect

UPDATES = 500
"""For each variant."""
KINDS = ("clusters", "endpoints", "listeners", "routes")
RULE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: ratings, namespace: default}}
spec:
  hosts: [ratings]
  http:
  - route: [{{destination: {{host: ratings}}, weight: 100}}]
    timeout: {number}s
"""
SERVICE = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: outside, namespace: default}}
spec:
  hosts: [outside{number}.example]
  ports: [{{number: {port}, name: http, protocol: HTTP}}]
  resolution: STATIC
  endpoints: [{{address: 10.9.9.{number}}}]
"""


class Served:
    """The server, in an event loop of its own; `put` gives it another state."""

    def __init__(self, directory: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.states = [bookinfo.registry(*more) for more in files(directory)]
        self.server = DiscoveryServer(bookinfo.DIRECTORY, debounce=60)
        self.port = self.run(self.server.start())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def put(self, state: discovery.Registry) -> None:
        self.run(self.server.update(state))

    def cut(self) -> None:
        """End the stream."""
        self.loop.call_soon_threadsafe(self.server.disconnect, f"{bookinfo.PRODUCTPAGE}.default")

    def stop(self) -> None:
        self.run(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()


def files(directory: Path) -> list[tuple[Path, ...]]:
    """Further files of each state: none, another timeout, one more service on one port or another."""
    found: list[tuple[Path, ...]] = [()]
    for number in range(1, 5):
        rule, service = directory / f"rule{number}.yaml", directory / f"service{number}.yaml"
        rule.write_text(RULE.format(number=number))
        service.write_text(SERVICE.format(number=number, port=(80, 9999)[number % 2]))
        found += [(rule,), (rule, service)]
    return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    one = Served(tmp_path)
    yield one
    one.stop()


def bootstrap(port: int, *, delta: bool) -> dict[str, Any]:
    node = {
        "id": f"sidecar~10.240.2.38~{bookinfo.PRODUCTPAGE}.default~default.svc.cluster.local",
        "cluster": "productpage.default",
        "metadata": {"LABELS": {"app": "productpage"}, "SERVICE_ACCOUNT": "bookinfo-productpage"},
    }
    return {**made.followed(port, delta=delta), "node": node}


def content(resources: Any, skip: str = "") -> dict[tuple[str, str], bytes]:
    return {(kind, name): data for kind in KINDS for name, data in _named(getattr(resources, kind)) if name != skip}


def _named(items: Any) -> list[tuple[str, bytes]]:
    messages = [getattr(each, "message", each) for each in items]
    return [
        (getattr(each, "cluster_name", "") or each.name, each.SerializeToString(deterministic=True))
        for each in messages
    ]


def held(router: FollowingRouter) -> dict[tuple[str, str], bytes]:
    """What came from the server."""
    inline = {each.name for each in router.snapshot.resources.routes if each.origin == "inline"}
    assert not inline
    return content(router.snapshot.resources, "xds")


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
def test_it_ends_with_what_is_generated(served: Served, delta: bool) -> None:
    draw = random.Random(5)
    with connect(bootstrap(served.port, delta=delta)) as router:
        router.ready(30)
        for number in range(UPDATES):
            state = draw.choice(served.states)
            served.put(state)
            if number % 10 == 3:
                served.cut()
            if number % 50 == 49:
                proxy = discovery.Proxy.of_pod(state, bookinfo.PRODUCTPAGE)
                wanted = content(discovery.generate(state, proxy, "current"))
                until(lambda wanted=wanted: held(router) == wanted, 30)  # type: ignore[misc]
        assert not any(each.refusals for each in router.status().feeds), router.status().text()

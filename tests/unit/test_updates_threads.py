"""Readers in other threads while updates come: whole snapshots, never an older one, no host that is gone."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import fastroute
from fastroute.api import names, transcode
from fastroute.snapshot import Changes

BURST = 20


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Threads take turns much more often than usual, so that many turns end inside an update."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@contextmanager
def reading(count: int, read: Callable[[int], str | None]) -> Iterator[list[str]]:
    """`count` threads that read on and on; what they complain of is in the list."""
    stop, wrong = threading.Event(), []

    def run() -> None:
        try:
            while not stop.is_set() and not wrong:
                wrong.extend(complaint for complaint in map(read, range(BURST)) if complaint)
                time.sleep(0.001)
        except (LookupError, AttributeError, TypeError, ValueError, RuntimeError) as error:
            wrong.append(repr(error))

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def generation(number: int) -> tuple[bytes, Any, Any]:
    """Everything of one generation has its number: virtual host, route, cluster, port."""
    steady = [
        {"name": f"w{n}", "domains": [f"w{n}"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "x"}}]}
        for n in range(20)
    ]
    only = {"match": {"prefix": "/"}, "route": {"cluster": f"c{number}"}, "name": f"r{number}"}
    hosts = [{"name": f"v{number}", "domains": ["h"], "routes": [only]}, *steady]
    routes = transcode.message(names.ROUTE_CONFIGURATION, {"name": "r", "virtual_hosts": hosts})
    source = {"eds_config": {"ads": {}}, "service_name": "s"}
    cluster = {"name": f"c{number}", "type": "EDS", "eds_cluster_config": source}
    address = {"socket_address": {"address": "10.0.0.1", "port_value": 1000 + number}}
    assignment = {"cluster_name": "s", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
    return (
        routes.SerializeToString(),
        transcode.message(names.CLUSTER, cluster),
        transcode.message(names.CLUSTER_LOAD_ASSIGNMENT, assignment),
    )


def test_four_readers_never_see_a_torn_or_an_older_snapshot() -> None:
    routes, cluster, assignment = generation(0)
    start = Changes(routes={"r": routes}, clusters={"c0": cluster}, endpoints={"s": assignment})
    router = fastroute.Router(fastroute.load({"clusters": [], "routes": []}).updated(start))
    published = [0]

    def read(_: int) -> str | None:
        least = published[0]
        found = router.route("h", "/")
        seen = (found.kind, found.virtual_host, found.route, found.cluster)
        number = int(found.virtual_host[1:])
        if seen != ("forward", f"v{number}", f"r{number}", f"c{number}"):
            return f"torn: {seen}"
        return f"{number} after {least}" if number < least else None

    with reading(4, read) as wrong:
        for number in range(1, 301):
            routes, cluster, assignment = generation(number)
            changes = Changes(
                routes={"r": routes},
                clusters={f"c{number}": cluster, f"c{number - 1}": None},
                endpoints={"s": assignment},
            )
            router.swap(router.snapshot.updated(changes))
            published[0] = number
    assert wrong == []


def test_sixteen_threads_pick_while_a_thousand_updates_come() -> None:
    _, cluster, assignment = generation(0)
    start = {"clusters": [cluster], "endpoints": [assignment]}
    router = fastroute.Router(fastroute.load(start))
    sent = [Changes(endpoints={"s": generation(number)[2].SerializeToString()}) for number in range(1, 1001)]
    published = [0]

    def read(_: int) -> str | None:
        least = published[0]
        found = router.pick("c0")
        if found is None:
            return "no host"
        found.begin()
        found.end()
        return f"{found.port - 1000} after {least}" if found.port - 1000 < least else None

    with reading(16, read) as wrong:
        for number, changes in enumerate(sent, 1):
            router.swap(router.snapshot.updated(changes))
            published[0] = number
    assert wrong == []
    assert [host.port for host in router.snapshot.clusters["c0"].endpoints] == [2000]


def listening(number: int) -> dict[str, Any]:
    """A listener whose filter chain, virtual host and route have the number of their generation."""
    kind = "type.googleapis.com/envoy.extensions.filters."
    only = {"name": f"r{number}", "match": {"prefix": "/"}, "route": {"cluster": "c"}}
    router = {"name": "r", "typed_config": {"@type": f"{kind}http.router.v3.Router"}}
    manager = {
        "@type": f"{kind}network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "s",
        "route_config": {"virtual_hosts": [{"name": f"v{number}", "domains": ["*"], "routes": [only]}]},
        "http_filters": [router],
    }
    address = {"socket_address": {"address": "10.0.0.1", "port_value": 80}}
    chain = {"name": f"f{number}", "filters": [{"name": "h", "typed_config": manager}]}
    host = {"endpoint": {"address": {"socket_address": {"address": "10.0.0.9", "port_value": 1}}}}
    assignment = {"cluster_name": "c", "endpoints": [{"lb_endpoints": [host]}]}
    return {
        "listeners": [{"name": "l", "address": address, "filter_chains": [chain]}],
        "clusters": [{"name": "c", "type": "STATIC", "load_assignment": assignment}],
    }


def test_eight_threads_go_from_connection_to_endpoint_while_listeners_are_replaced() -> None:
    """A chain stays with what it was chosen from, whatever is published behind its back."""
    snapshots = [fastroute.load(listening(number)) for number in range(40)]
    router = fastroute.Router(snapshots[0], random=lambda: 0)
    arriving = fastroute.Connection(destination=("10.0.0.1", 80), source=("10.0.0.2", 40000))
    published = [0]

    def read(number: int) -> str | None:
        least = published[0]
        chain = router.connect(arriving)
        if chain is None:
            return "no listener"
        generation = (chain.filter_chain or "f")[1:]
        decision = router.route("h", f"/{number}", "GET", [("x-a", "1")] * number, chain=chain)
        if (decision.virtual_host, decision.route) != (f"v{generation}", f"r{generation}"):
            return f"{decision.virtual_host} and {decision.route} on {generation}"
        if router.pick(decision) is None or decision.cluster != "c":
            return "no endpoint"
        return f"{generation} after {least}" if int(generation) < least else None

    with reading(8, read) as wrong:
        for turn in range(1, 2_000):
            router.swap(snapshots[min(turn // 50, 39)])
            published[0] = min(turn // 50, 39)
    assert wrong == []

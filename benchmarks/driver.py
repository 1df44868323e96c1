"""The fixed driver whose instructions callgrind counts: see tools/instructions.py.

Each scenario is a call that is made many times. Before and behind its loop `os.getppid` is called, at which callgrind
cuts its profile; the same loop without the call is measured first, and is what `tools/instructions.py` takes off.

    python benchmarks/driver.py [SCENARIO…]
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any

from rigs import tables

CALLS = 1000
WARM_UP = 50


def _route(kind: str, count: int) -> Callable[[], Any]:
    route, host = tables.router(kind, count).route, tables.HOST
    path, headers = tables.KINDS[kind][1](count - 1)
    assert route(host, path, "GET", headers).index == count - 1
    return lambda: route(host, path, "GET", headers)


def _bare(kind: str, count: int) -> Callable[[], Any]:
    route, host = tables.router(kind, count).route, tables.HOST
    path, _ = tables.KINDS[kind][1](count - 1)
    assert route(host, path).index == count - 1
    return lambda: route(host, path)


def _connect(kind: str, count: int) -> Callable[[], Any]:
    connect = fastroute_router(tables.listener_source(kind, count)).connect
    arriving = tables.connection(kind, count - 1)
    assert connect(arriving).cluster == f"c{count - 1}"
    return lambda: connect(arriving)


def fastroute_router(source: dict[str, Any]) -> Any:
    import fastroute

    return fastroute.Router(fastroute.load(source), random=lambda: 0)


def _pick(policy: str, count: int) -> Callable[[], Any]:
    router = tables.router_to(policy, count)
    pick, value = router.pick, 0x123456789ABCDEF0
    assert pick("c", hash=value).port == 80
    return lambda: pick("c", hash=value)


def _nothing() -> None:
    return None


SCENARIOS: dict[str, Callable[[], Callable[[], Any]]] = {
    "route, last of 10 prefixes, no headers": lambda: _bare("prefix", 10),
    "route, last of 10 prefixes, 12 headers": lambda: _route("prefix", 10),
    "route, last of 1000 prefixes, 12 headers": lambda: _route("prefix", 1000),
    "route, last of 10 exact paths, 12 headers": lambda: _route("exact", 10),
    "route, last of 100 regexes, 12 headers": lambda: _route("regex", 100),
    "route, last of 100 by header, 12 headers": lambda: _route("header", 100),
    "route, last of 100 by query, 12 headers": lambda: _route("query", 100),
    "connect, last of 5 server names": lambda: _connect("sni", 5),
    "connect, last of 1000 server names": lambda: _connect("sni", 1000),
    "connect, last of 100 source ranges": lambda: _connect("cidr", 100),
    "pick, round robin, 100 hosts": lambda: _pick("round robin", 100),
    "pick, least request, 100 hosts": lambda: _pick("least request", 100),
    "pick, maglev, 100 hosts": lambda: _pick("maglev", 100),
    "pick, ring of 1024, 100 hosts": lambda: _pick("ring hash", 100),
}


def cut() -> None:
    """Here callgrind writes what it counted so far, and begins anew."""
    os.getppid()


def run(made: Iterable[Callable[[], Any]], calls: int) -> None:
    """Three parts of a profile for each: all before, the loop, and the loop with the call."""
    gc.disable()
    for call in made:
        for _ in repeat(None, WARM_UP):
            call()
        cut()
        for _ in repeat(None, calls):
            _nothing()
        cut()
        for _ in repeat(None, calls):
            call()
        cut()


def main(wanted: list[str]) -> None:
    run([make() for name, make in SCENARIOS.items() if not wanted or name in wanted], CALLS)


if __name__ == "__main__":
    main(sys.argv[1:])

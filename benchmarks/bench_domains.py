"""Choosing a virtual host, over the number and the kind of domains. Every answer is asserted."""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import Any

import pytest
from rigs import tables
from rigs.scale import size, sizes
from rigs.turns import OURS, Turns, calls

SIZES = sizes(1, 10, 100, 1_000, 10_000)
MOST = size(10, 10_000)


@pytest.mark.parametrize("where", ["last", "random"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", tables.DOMAINS)
def test_domain(benchmark: Any, kind: str, size: int, where: str) -> None:
    """Always the same host, or a thousand random ones a round."""
    benchmark.extra_info.update(suite="domains", who=OURS, kind=kind, size=size, where=where)
    route, host = tables.router_by_domain(kind, size).route, tables.DOMAINS[kind][1]
    if where == "last":
        assert benchmark(route, host(size - 1), "/").virtual_host == f"v{size - 1}"
        return
    numbers = tables.numbers("random", size)
    benchmark.extra_info["per"] = len(numbers)
    hosts = [host(number) for number in numbers]
    assert benchmark(lambda: [route(each, "/").virtual_host for each in hosts]) == [f"v{each}" for each in numbers]


@pytest.mark.parametrize("kind", tables.DOMAINS)
def test_many_beside_one(benchmark: Any, kind: str) -> None:
    """The last of many domains, and the only one of another table, by turns."""
    turns = Turns("domains", kind, MOST, "last")
    for who, count in ((OURS, MOST), ("one domain", 1)):
        route, host = tables.router_by_domain(kind, count).route, tables.DOMAINS[kind][1](count - 1)
        turns.add(who, calls(partial(route, host, "/"), then=attrgetter("virtual_host")), expect=f"v{count - 1}")
    turns.run(benchmark, rounds=31)


def test_dict_floor(benchmark: Any) -> None:
    benchmark.extra_info.update(suite="domains", who="dict (floor)", kind="exact", size=MOST, where="last")
    table = {f"host-{n}.example.com": n for n in range(MOST)}
    host = f"Host-{MOST - 1}.example.com"
    assert benchmark(lambda: table[host.lower()]) == MOST - 1

"""Choosing a virtual host, over the number and the kind of domains. Every answer is asserted."""

from __future__ import annotations

from typing import Any

import pytest
from rigs import tables
from rigs.scale import size, sizes
from rigs.turns import OURS, Turns, calls

SIZES = sizes(1, 10, 100, 1_000, 10_000)
MOST = size(10, 10_000)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", tables.DOMAINS)
def test_last_domain(benchmark: Any, kind: str, size: int) -> None:
    benchmark.extra_info.update(suite="domains", who=OURS, kind=kind, size=size, where="last")
    route = tables.router_by_domain(kind, size).route
    host = tables.DOMAINS[kind][1](size - 1)
    assert benchmark(route, host, "/").virtual_host == f"v{size - 1}"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", tables.DOMAINS)
def test_random_domains(benchmark: Any, kind: str, size: int) -> None:
    """A thousand random hosts a round; the figure is for one."""
    benchmark.extra_info.update(suite="domains", who=OURS, kind=kind, size=size, where="random", per=1_000)
    route = tables.router_by_domain(kind, size).route
    numbers = tables.numbers("random", size)
    hosts = [tables.DOMAINS[kind][1](number) for number in numbers]
    assert benchmark(lambda: [route(host, "/").virtual_host for host in hosts]) == [f"v{each}" for each in numbers]


@pytest.mark.parametrize("kind", tables.DOMAINS)
def test_many_beside_one(benchmark: Any, kind: str) -> None:
    """The last of many domains, and the only one of another table, by turns."""
    turns = Turns("domains", kind, MOST, "last")
    for who, count in ((OURS, MOST), ("one domain", 1)):
        route, host = tables.router_by_domain(kind, count).route, tables.DOMAINS[kind][1](count - 1)
        turns.add(who, calls(lambda route=route, host=host: route(host, "/").virtual_host), expect=f"v{count - 1}")
    turns.run(benchmark, rounds=31)


def test_dict_floor(benchmark: Any) -> None:
    benchmark.extra_info.update(suite="domains", who="dict (floor)", kind="exact", size=MOST, where="last")
    table = {f"host-{n}.example.com": n for n in range(MOST)}
    host = f"Host-{MOST - 1}.example.com"
    assert benchmark(lambda: table[host.lower()]) == MOST - 1

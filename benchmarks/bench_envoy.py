"""The real Envoy beside us, by turns on the same table: the CPU time of its process that matching takes.

What is taken is a whole request on the table less one on a table of one route, on keep-alive connections (see
rigs/route_cost.py). Below a hundred routes the difference drowns in the noise of the codec and the sockets.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from rigs import tables
from rigs.route_cost import RouteCost
from rigs.scale import sizes
from rigs.turns import OURS, Turns, calls, index, work
from support.envoy import require_binary

LAST = [
    *(("prefix", size) for size in sizes(100, 1_000, 10_000, 100_000)),
    *(("exact", size) for size in sizes(1_000, 10_000)),
    *(("regex", size) for size in sizes(100, 1_000, 10_000)),
    *(("ending regex", size) for size in sizes(1_000)),
    *(("hostile regex", size) for size in sizes(100, 1_000)),
    *(("header", size) for size in sizes(100, 1_000, 10_000)),
    *(("query", size) for size in sizes(1_000, 10_000)),
    *(("mixed", size) for size in sizes(1_000, 10_000)),
]
PASSES = 5
MATCHING, WHOLE, ONE = "Envoy, matching", "Envoy, whole request", "Envoy, whole request on one route"


def compare(benchmark: Any, turns: Turns, cost: RouteCost) -> None:
    """Envoy's turns: the whole table, then the one route; what matching costs is the difference of the two.

    The least of that is the difference of the two least, not the least difference, which is mostly noise.
    """

    def matching() -> tuple[float, None]:
        whole, one = cost.whole(), cost.one()
        turns.taken.setdefault(WHOLE, []).append(whole)
        turns.taken.setdefault(ONE, []).append(one)
        return whole - one, None

    with cost:
        turns.add(MATCHING, matching, expect=None)
        turns.run(benchmark, rounds=9 if turns.about["size"] == 100_000 else 21)
    told = benchmark.extra_info["turns"]
    told[MATCHING]["least_ns"] = max(told[WHOLE]["least_ns"] - told[ONE]["least_ns"], 0.0)


@pytest.mark.parametrize(("kind", "size"), LAST)
def test_last(benchmark: Any, kind: str, size: int) -> None:
    require_binary()
    match, request = tables.KINDS[kind]
    route, (path, headers) = tables.router(kind, size).route, request(size - 1)
    turns = Turns("route", kind, size, "last")
    ask = partial(route, tables.HOST, path, "GET", headers)
    turns.add(OURS, calls(ask, 100 if kind == "hostile regex" else 1_000, index), expect=size - 1)
    matches = [match(number) for number in range(size)]
    asked = [(size - 1, (path, headers))]
    compare(benchmark, turns, RouteCost(matches, matches[-1], asked, tables.HOST))


@pytest.mark.parametrize("size", sizes(1_000, 10_000, 100_000))
def test_random_prefixes(benchmark: Any, size: int) -> None:
    require_binary()
    match, request = tables.KINDS["prefix"]
    route, numbers = tables.router("prefix", size).route, tables.numbers("random", size)
    asked = [request(number) for number in numbers]

    def run(_: None) -> list[int]:
        """A few times, so that it is not about who left the caches warm."""
        for _pass in range(PASSES):
            found = [route(tables.HOST, path, "GET", headers).index for path, headers in asked]
        return found

    turns = Turns("route", "prefix", size, "random")
    turns.add(OURS, work(run, count=PASSES * len(numbers)), expect=numbers)
    matches = [match(number) for number in range(size)]
    cost = RouteCost(matches, {"prefix": "/"}, list(zip(numbers, asked, strict=True)), tables.HOST)
    compare(benchmark, turns, cost)

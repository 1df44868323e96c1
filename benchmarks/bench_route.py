"""One routed call, over the size of the table, what tells its routes apart, and which of them is asked for.

Rivals on the same table are in bench_envoy.py and bench_rivals.py. Every answer is asserted.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from rigs import tables
from rigs.scale import sizes
from rigs.turns import OURS, Turns, calls, index

from fastroute.core.regexes import Regex

SIZES = sizes(1, 10, 100, 1_000, 10_000, 100_000)


@pytest.mark.parametrize("where", ["first", "middle", "last", "none", "random"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", tables.KINDS)
def test_route(benchmark: Any, kind: str, size: int, where: str) -> None:
    """Twelve headers; always the same request, or a thousand random ones a round (fewer where they are slow)."""
    benchmark.extra_info.update(suite="route", who=OURS, kind=kind, size=size, where=where)
    route, request = tables.router(kind, size).route, tables.KINDS[kind][1]
    if where != "random":
        number = -1 if where == "none" else tables.numbers(where, size)[0]
        path, headers = tables.NOTHING if where == "none" else request(number)
        assert benchmark(route, tables.HOST, path, "GET", headers).index == number
        return
    numbers = tables.numbers("random", size)
    if kind == "hostile regex":
        numbers = numbers[: max(1, 10_000 // size)]
    benchmark.extra_info["per"] = len(numbers)
    asked = [request(number) for number in numbers]

    def run() -> list[int]:
        return [route(tables.HOST, path, "GET", headers).index for path, headers in asked]

    assert benchmark(run) == numbers


@pytest.mark.parametrize("size", sizes(10, 100, 1_000, 10_000))
@pytest.mark.parametrize("kind", ["regex", "hostile regex"])
def test_ordered_scan_of_regexes(benchmark: Any, kind: str, size: int) -> None:
    """The same expressions, asked one after the other through the same RE2: what a hostile set may cost at most."""
    route = tables.router(kind, size).route
    path, headers = tables.KINDS[kind][1](size - 1)
    raw = path.encode()
    match = tables.KINDS[kind][0]
    compiled = [Regex(match(n)["safe_regex"]["regex"]) for n in range(size)]

    def scan() -> int:
        return next(at for at, regex in enumerate(compiled) if regex.fullmatch(raw))

    count = max(1, 10_000 // size)
    turns = Turns("route", kind, size, "last")
    turns.add(OURS, calls(partial(route, tables.HOST, path, "GET", headers), count, index), expect=size - 1)
    turns.add("ordered scan in RE2", calls(scan, count), expect=size - 1)
    turns.run(benchmark, rounds=15)

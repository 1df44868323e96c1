"""Other routers of Python beside us, by turns on the same table of prefixes: the last of N routes.

They match the path and nothing else. We decide the whole: once with twelve headers, once without any. A linear loop
is what Envoy does, in Python; one look-up in a dict is the floor. Every text of a path is new, as requests bring it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rigs import rivals, tables
from rigs.scale import sizes
from rigs.turns import OURS, Round, Turns, work

SIZES = sizes(10, 100, 1_000, 10_000, 100_000)
LARGEST = {"falcon": 1_000, "starlette": 10_000, "werkzeug": 1_000, "xrtr": 1_000}
"""The largest tables of rivals that take minutes to build a larger one."""
SCANS = ("linear Python loop", "starlette")


def each(find: Callable[[str], int]) -> Callable[[list[str]], int]:
    """The last answer of a rival that is asked for each path."""

    def run(paths: list[str]) -> int:
        number = -1
        for path in paths:
            number = find(path)
        return number

    return run


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", rivals.ROUTERS)
def test_last_prefix(benchmark: Any, name: str, size: int) -> None:
    largest = LARGEST.get(name, size)
    if size > largest:
        pytest.skip(f"{name} takes minutes to build a table of {size} routes: measured up to {largest}")
    router = tables.router("prefix", size)
    route, headers = router.route, tables.HEADERS
    count = max(3, min(1_000, 20_000 // size)) if name in SCANS else 1_000
    expect = size - 1

    def asked(find: Callable[[str], int], count: int = 1_000) -> Round:
        return work(each(find), count, make=lambda: rivals.fresh(expect, count))

    turns = Turns("route", "prefix", size, "last")
    turns.add(OURS, asked(lambda path: route(tables.HOST, path, "GET", headers).index), expect)
    turns.add(f"{OURS}, no headers", asked(lambda path: route(tables.HOST, path).index), expect)
    turns.add(name, asked(rivals.ROUTERS[name](size), count), expect)
    turns.run(benchmark, rounds=31)

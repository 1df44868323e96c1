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
from rigs.turns import OURS, Turns, work

SIZES = sizes(10, 100, 1_000, 10_000)
SLOW = {"linear Python loop": 1_000, "starlette": 1_000, "falcon": 1_000, "werkzeug": 1_000}
"""The largest tables of rivals that take minutes to build a larger one, or milliseconds to match in it."""


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
    largest = SLOW.get(name)
    if largest and size > largest:
        pytest.skip(f"{name} takes minutes to build {size} routes, or milliseconds to match one: up to {largest} only")
    count = 20 if largest and size > 10 else 1_000
    router = tables.router("prefix", size)
    route, headers = router.route, tables.HEADERS
    expect = size - 1

    turns = Turns("route", "prefix", size, "last")
    made = {"make": lambda: rivals.fresh(size - 1, count), "count": count}
    turns.add(OURS, work(each(lambda path: route(tables.HOST, path, "GET", headers).index), **made), expect)
    turns.add(f"{OURS}, no headers", work(each(lambda path: route(tables.HOST, path).index), **made), expect)
    turns.add(name, work(each(rivals.ROUTERS[name](size)), **made), expect)
    turns.run(benchmark, rounds=31)

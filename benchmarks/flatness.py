"""Calls whose cost must not grow with the table, for callgrind: each beside the same call on a small table.

    python benchmarks/flatness.py SMALL LARGE

`tests/property/test_flatness.py` counts them by `tools/instructions.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import driver
from rigs import tables

CALLS = 50
SHARED = "/" + "common-" * 9  # 64 bytes that all paths begin with
TEMPLATE = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
Case = Callable[[int], Callable[[], Any]]


def _route(match: tables.Match, asked: Callable[[int], tables.Request]) -> Case:
    def make(count: int) -> Callable[[], Any]:
        listed = [{"name": f"r{n}", "match": match(n), "route": {"cluster": "c"}} for n in range(count)]
        route = tables.router_of([tables.route_configuration(listed)]).route
        path, headers = asked(count - 1)
        assert route(tables.HOST, path, "GET", headers).index == count - 1
        return lambda: route(tables.HOST, path, "GET", headers)

    return make


def _host(domain: Callable[[int], str], asked: Callable[[int], str]) -> Case:
    def make(count: int) -> Callable[[], Any]:
        only = {"name": "only", "match": {"prefix": "/"}, "route": {"cluster": "c"}}
        hosts = [{"name": f"v{n}", "domains": [domain(n)], "routes": [only]} for n in range(count)]
        route, host = tables.router_of([{"name": "r", "virtual_hosts": hosts}]).route, asked(count - 1)
        assert route(host, "/").virtual_host == f"v{count - 1}"
        return lambda: route(host, "/")

    return make


def _connect(kind: str) -> Case:
    def make(count: int) -> Callable[[], Any]:
        connect, arriving = tables.listening(kind, count).connect, tables.connection(kind, count - 1)
        assert connect(arriving).cluster == f"c{count - 1}"
        return lambda: connect(arriving)

    return make


def _pick(policy: str) -> Case:
    def make(count: int) -> Callable[[], Any]:
        pick = tables.router_to(policy, count).pick
        assert pick("c", hash=7).port == 80
        return lambda: pick("c", hash=7)

    return make


def _on_one_path(number: int) -> dict[str, Any]:
    """Routes on one path that a header and a query parameter tell apart, both of them."""
    header = {"name": "x-tenant", "string_match": {"exact": f"t{number}"}}
    return {"prefix": "/", "headers": [header], "query_parameters": [{"name": "q", "string_match": {"exact": "1"}}]}


CASES: dict[str, Case] = {
    **{f"route by {kind}": _route(*tables.KINDS[kind]) for kind in tables.KINDS if kind != "hostile regex"},
    "route by prefix, 64 bytes shared": _route(
        lambda n: {"prefix": f"{SHARED}{n}/"}, lambda n: (f"{SHARED}{n}/x", tables.HEADERS)
    ),
    "route by prefix without case": _route(
        lambda n: {"prefix": f"/A-{n}/", "case_sensitive": False}, lambda n: (f"/a-{n}/x", tables.HEADERS)
    ),
    "route by separated prefix": _route(
        lambda n: {"path_separated_prefix": f"/a-{n}"}, lambda n: (f"/a-{n}/x", tables.HEADERS)
    ),
    "route by template": _route(
        lambda n: {
            "path_match_policy": {"name": "t", "typed_config": {"@type": TEMPLATE, "path_template": f"/a-{n}/{{x}}"}}
        },
        lambda n: (f"/a-{n}/x", tables.HEADERS),
    ),
    "route by header and query on one path": _route(
        _on_one_path, lambda n: ("/any?q=1", tables.headers_with("x-tenant", f"t{n}"))
    ),
    **{f"host by {kind} domain": _host(*tables.DOMAINS[kind]) for kind in tables.DOMAINS},
    **{f"filter chain by {kind}": _connect(kind) for kind in tables.CHAINS},
    **{f"pick, {policy}": _pick(policy) for policy in tables.POLICIES},
}


def made(small: int, large: int) -> Iterator[Callable[[], Any]]:
    for case in CASES.values():
        yield from (case(small), case(large))


if __name__ == "__main__":
    driver.run(made(*map(int, sys.argv[1:3])), CALLS)

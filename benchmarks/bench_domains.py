"""Choosing a virtual host, over the number and the kind of domains. Every answer is asserted."""

from __future__ import annotations

from typing import Any

import pytest
from rigs import tables

SIZES = (1, 100, 1_000, 10_000)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", tables.DOMAINS)
def test_last_domain(benchmark: Any, kind: str, size: int) -> None:
    benchmark.extra_info.update(suite="domains", who="fastroute", kind=kind, size=size, where="last")
    route = tables.router_by_domain(kind, size).route
    host = tables.DOMAINS[kind][1](size - 1)
    assert benchmark(route, host, "/").virtual_host == f"v{size - 1}"


def test_dict_floor(benchmark: Any) -> None:
    benchmark.extra_info.update(suite="domains", who="dict (floor)", kind="exact", size=10_000, where="last")
    table = {f"host-{n}.example.com": n for n in range(10_000)}
    host = "Host-9999.example.com"
    assert benchmark(lambda: table[host.lower()]) == 9_999

"""Choosing a virtual host, over the number and the kind of domains. Every answer is asserted."""

from __future__ import annotations

from typing import Any

import pytest

import fastroute


def router(domains: list[str]) -> fastroute.Router:
    """A router with one virtual host a domain."""
    route = {"name": "only", "match": {"prefix": "/"}, "route": {"cluster": "c"}}
    hosts = [{"name": f"v{n}", "domains": [domain], "routes": [route]} for n, domain in enumerate(domains)]
    configuration = {"name": "r", "virtual_hosts": hosts}
    return fastroute.Router(fastroute.load({"routes": [configuration], "clusters": [{"name": "c"}]}), random=lambda: 0)


@pytest.mark.parametrize("count", [1, 1_000, 10_000])
def test_last_exact_domain(benchmark: Any, count: int) -> None:
    route = router([f"host-{n}.example.com" for n in range(count)]).route
    host = f"Host-{count - 1}.example.com"
    assert benchmark(lambda: route(host, "/")).virtual_host == f"v{count - 1}"


@pytest.mark.parametrize("count", [1, 1_000, 10_000])
def test_last_suffix_domain(benchmark: Any, count: int) -> None:
    route = router([f"*.host-{n}.example.com" for n in range(count)]).route
    host = f"a.host-{count - 1}.example.com"
    assert benchmark(lambda: route(host, "/")).virtual_host == f"v{count - 1}"


def test_rival_dict_floor(benchmark: Any) -> None:
    table = {f"host-{n}.example.com": n for n in range(10_000)}
    host = "Host-9999.example.com"
    assert benchmark(lambda: table[host.lower()]) == 9_999

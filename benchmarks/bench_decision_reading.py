"""Reading a decision costs only what is read: routing alone, then one value after the other.

Every benchmark routes the same request by the same table; the difference to `route` is what the value costs.
Times depend on the machine; the order does not: `route` builds no header list and no retry object.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fastroute.router import Router
from fastroute.snapshot import load


def _option(name: str, value: str) -> dict[str, object]:
    return {"header": {"key": name, "value": value}}


ROUTE = {
    "match": {"prefix": "/old"},
    "route": {
        "cluster": "c",
        "prefix_rewrite": "/new",
        "host_rewrite_literal": "inner",
        "retry_policy": {"retry_on": "5xx,reset", "num_retries": 3, "retriable_headers": [{"name": "x-retry"}]},
        "hash_policy": [{"header": {"header_name": "x-user"}}],
        "request_mirror_policies": [{"cluster": "m"}],
    },
    "request_headers_to_add": [_option("x-path", "%REQ(:path)%"), _option("x-user", "%REQ(x-id)%")],
}
ROUTES = {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [ROUTE]}]}
HEADERS = [("x-id", "7"), ("user-agent", "bench"), ("accept", "*/*")]

READ: dict[str, Callable[[object], object]] = {
    "route": lambda _decision: None,
    "cluster": lambda decision: decision.cluster,  # type: ignore[attr-defined]
    "path": lambda decision: decision.path,  # type: ignore[attr-defined]
    "timeout": lambda decision: decision.timeout,  # type: ignore[attr-defined]
    "retry": lambda decision: decision.retry,  # type: ignore[attr-defined]
    "hash": lambda decision: decision.hash,  # type: ignore[attr-defined]
    "upstream_headers": lambda decision: decision.upstream_headers(),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("what", READ)
def test_reading(benchmark, what):
    benchmark.extra_info.update(suite="reading", who="fastroute", kind="route alone", size=1, where="alone")
    if what != "route":
        benchmark.extra_info["kind"] = f"route and {what}"
    router = Router(load(ROUTES))
    read = READ[what]

    def ask() -> object:
        decision = router.route("a.com", "/old/x", "GET", HEADERS)
        read(decision)
        return decision

    decision = benchmark(ask)
    assert decision.cluster == "c"
    assert decision.path == "/new/x"
    assert (b"x-user", b"7") in decision.upstream_headers()
    assert decision.retry.num_retries == 3

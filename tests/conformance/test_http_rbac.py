"""RBAC filters of HTTP connection managers against Envoy: NF-11, NF-13, NF-14."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.compare import Differential, budgets, raw, run_family
from support.envoy import require_binary
from support.families import http_rbac
from support.http_envoy import HttpEnvoy

from fastroute.request import Request

pytestmark = pytest.mark.envoy

ACTIONS: dict[str, dict[str, Any]] = {
    "/forward": {"route": {"cluster": "c0"}},
    "/direct": {"direct_response": {"status": 207}},
    "/redirect": {"redirect": {"path_redirect": "/x"}},
}
COMPARED = (b"x-own", b"content-type", b"grpc-status", b"grpc-message")


@pytest.fixture(scope="module")
def bed() -> Iterator[HttpEnvoy]:
    """An Envoy with listeners that have RBAC filters."""
    require_binary()
    found = HttpEnvoy(http_rbac.LISTENERS)
    found.start()
    yield found
    found.stop()


@budgets()
def test_requests_as_envoy_denies_them(bed: HttpEnvoy, budget: int) -> None:
    differential = Differential(bed, http_rbac.LISTENERS)
    run_family(differential, http_rbac, budget)
    assert differential.refused == []
    assert not differential.unsupported
    assert differential.routed == differential.compared


def test_the_answer_of_a_denial(bed: HttpEnvoy) -> None:
    """Only what a forwarding route adds to responses is added to a denial; gRPC clients get 200 and status 7."""
    added = {"response_headers_to_add": [{"header": {"key": "x-own", "value": "1"}}]}
    table: dict[str, Any] = {"virtual_hosts": [{"name": "h", "domains": ["h.test"], "routes": [], **added}]}
    for path, action in ACTIONS.items():
        denies = {"typed_per_filter_config": {"rbac": http_rbac.DENY_ALL}}
        table["virtual_hosts"][0]["routes"].append({"match": {"prefix": path}, **action, **denies, **added})
    differential = Differential(bed, http_rbac.LISTENERS)
    router = differential.router(table, "one0")
    assert router is not None
    bed.swap(table)
    for path in ACTIONS:
        for given in ([], [(b"content-type", b"application/grpc")]):
            request = Request(b"h.test", path.encode(), headers=tuple(given))
            [seen] = bed.decide([raw(request)], "one0")
            decision = router.decide(request)
            assert (decision.status, decision.body) == (seen.response.status, seen.response.body)
            assert decision.reason == seen.details == "rbac_access_denied_matched_policy[all]"
            assert (decision.fault, decision.location, decision.kind) == (None, None, "respond")
            ours = [pair for pair in decision.downstream_headers() if pair[0] in COMPARED]
            theirs = [pair for pair in seen.response.headers if pair[0] in COMPARED]
            assert sorted(ours) == sorted(theirs)

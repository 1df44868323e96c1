"""Generated routes do what a direct reading of the rules says, in both profiles."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from support import bookinfo, istio_draws
from support.istio_model import Asked, Expected, expected

import fastroute
from fastroute.pilot import discovery
from fastroute.pilot.discovery.registry.directory import read_texts

BASE = [
    (path, path.read_text(encoding="utf-8"))
    for path in sorted(bookinfo.DIRECTORY.rglob("*.yaml"))
    if path.name != "routes.yaml"
]
CALLER = {"app": "productpage", "version": "v1"}
EXAMPLES, REQUESTS = 170, 20


def snapshot(objects: list[dict[str, Any]], profile: str) -> fastroute.Snapshot:
    """The tables of the caller's routes under these objects, without listeners."""
    registry = read_texts(
        BASE, [(f"{one['metadata']['namespace']}-{one['metadata']['name']}.json", json.dumps(one)) for one in objects]
    )
    proxy = discovery.Proxy.of_pod(registry, bookinfo.PRODUCTPAGE)
    resources = discovery.generate(registry, proxy, profile).as_mapping()
    del resources["listeners"]
    return fastroute.load(resources, strict=profile == "current")


def has_routes(router: fastroute.Router) -> bool:
    """Whether anything is offered on the port, so that requests to it are routed at all."""
    try:
        router.route("x", "/", route_config="9080", random=7)
    except LookupError:
        return False
    return True


def cluster_name(key: tuple[str, str, int]) -> str:
    service, subset, port = key
    if subset == "PassthroughCluster":
        return subset
    return f"outbound|{port}|{subset}|{service}.default.svc.cluster.local"


def check(router: fastroute.Router, asked: Asked, wanted: Expected) -> None:
    """One decision against what the model says."""
    headers = list(asked.headers.items())
    decision = router.route(asked.authority, asked.path, asked.method, headers, route_config="9080", random=7)
    assert decision.kind == wanted.kind
    if wanted.kind != "forward":
        assert decision.status == wanted.status
        if wanted.kind == "redirect":
            assert decision.location == wanted.path
        return
    assert decision.cluster in {cluster_name(key) for key in wanted.clusters}
    assert decision.path == wanted.path
    assert decision.authority == wanted.authority
    if len(wanted.clusters) > 1:
        check_shares(router, asked, wanted)


def check_shares(router: fastroute.Router, asked: Asked, wanted: Expected) -> None:
    """Every random value from zero up to the total weight once: each cluster as often as its weight says."""
    headers = list(asked.headers.items())
    counted: dict[str, int] = {}
    for value in range(sum(wanted.clusters.values())):
        decision = router.route(asked.authority, asked.path, asked.method, headers, route_config="9080", random=value)
        counted[str(decision.cluster)] = counted.get(str(decision.cluster), 0) + 1
    assert counted == {cluster_name(key): weight for key, weight in wanted.clusters.items()}


@pytest.mark.parametrize("profile", ["1.8", "current"])
@settings(max_examples=EXAMPLES)
@given(
    objects=st.tuples(istio_draws.shared_rules(), istio_draws.sidecars()).map(lambda both: both[0] + both[1]),
    asked=st.lists(istio_draws.requests(), min_size=REQUESTS, max_size=REQUESTS),
)
def test_routes_follow_the_rules(profile: str, objects: list[dict[str, Any]], asked: list[Asked]) -> None:
    """At least 170 × 20 requests in each profile."""
    router = fastroute.Router(snapshot(objects, profile))
    routed = has_routes(router)
    for one in asked:
        note(str(one))
        wanted = expected(objects, one, CALLER, any_port=profile == "current")
        if routed:
            check(router, one, wanted)
        else:
            assert replace(wanted, authority="") == replace(
                expected(objects, replace(one, authority="nowhere"), CALLER, any_port=True), authority=""
            )

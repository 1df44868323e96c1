"""gRPC's own xDS client follows the server: listeners, routes, clusters and endpoints, through live changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import bookinfo
from support.grpc_client import Backends, GrpcClient
from support.served import Served, wait

from fastroute.pilot.discovery.generated import generate
from fastroute.pilot.discovery.model.proxy import Proxy

ECHO = "echo.default.svc.cluster.local"
CALLER = Proxy("client", "default", "10.0.0.9", proxyless=True)


def one(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": meta, "spec": spec}


def entry(ports: dict[str, int]) -> dict[str, Any]:
    """A service whose endpoints are the backends; each is a version."""
    endpoints = [
        {"address": "127.0.0.1", "ports": {"grpc": port}, "labels": {"version": name}} for name, port in ports.items()
    ]
    spec = {"hosts": [ECHO], "location": "MESH_INTERNAL", "resolution": "STATIC"}
    return one("ServiceEntry", "echo", {
        **spec, "ports": [{"number": 7000, "name": "grpc", "protocol": "GRPC"}], "endpoints": endpoints,
    })  # fmt: skip


def subsets(**policy: Any) -> dict[str, Any]:
    found = [{"name": name, "labels": {"version": name}} for name in ("v1", "v2")]
    return one("DestinationRule", "echo", {"host": ECHO, "subsets": found, **policy})


def rule(*http: dict[str, Any]) -> dict[str, Any]:
    return one("VirtualService", "echo", {"hosts": [ECHO], "http": list(http)})


def to(subset: str, **more: Any) -> dict[str, Any]:
    return {"route": [{"destination": {"host": ECHO, "subset": subset}}], **more}


@pytest.fixture
def backends() -> Iterator[Backends]:
    with Backends("v1", "v2") as found:
        yield found


@pytest.fixture
def served(tmp_path: Path, backends: Backends) -> Iterator[Served]:
    (tmp_path / "echo.json").write_text(json.dumps(entry(backends.ports)))
    (tmp_path / "subsets.json").write_text(json.dumps(subsets()))
    (tmp_path / "rule.json").write_text(json.dumps(rule(to("v1"))))
    with Served(tmp_path) as found:
        yield found


def put(served: Served, file: str, value: dict[str, Any]) -> None:
    served.put(file, json.dumps(value))


def test_calls_follow_the_rules(served: Served, backends: Backends) -> None:
    who = [{"headers": {"who": {"exact": "two"}}}]
    with GrpcClient(served.port, "client.default") as client:
        assert client.call(f"{ECHO}:7000") == "v1"
        put(served, "rule.json", rule(to("v2", match=who), to("v1")))
        wait(lambda: client.call(f"{ECHO}:7000", who="two") == "v2", lambda: str(client.dump()))
        assert client.call(f"{ECHO}:7000") == "v1"
        fault = {"abort": {"httpStatus": 503, "percentage": {"value": 100}}}
        put(served, "rule.json", rule(to("v1", fault=fault)))
        wait(lambda: client.call(f"{ECHO}:7000").startswith("UNAVAILABLE"), lambda: str(client.dump()))
        put(served, "rule.json", rule(to("v2")))
        wait(lambda: client.call(f"{ECHO}:7000") == "v2", lambda: str(client.dump()))
        put(served, "echo.json", entry({"v2": backends.ports["v1"]}))
        wait(lambda: client.call(f"{ECHO}:7000") == "v1", lambda: str(client.dump()))
        assert client.refused() == []


@pytest.mark.parametrize(
    "policy",
    [
        {"trafficPolicy": {"loadBalancer": {"simple": "LEAST_REQUEST"}}},
        {"trafficPolicy": {"loadBalancer": {"consistentHash": {"httpHeaderName": "who"}}}},
        {"trafficPolicy": {"loadBalancer": {"consistentHash": {"httpHeaderName": "who", "maglev": {}}}}},
        {"trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 5, "interval": "5s"}}},
        {"trafficPolicy": {"connectionPool": {"http": {"http2MaxRequests": 9}, "tcp": {"connectTimeout": "1s"}}}},
        {"trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}},
    ],
)
def test_policies_are_taken(served: Served, policy: dict[str, Any]) -> None:
    put(served, "subsets.json", subsets(**policy))
    with GrpcClient(served.port, "client.default") as client:
        client.call(f"{ECHO}:7000")
        assert client.refused() == []
        fresh = generate(served.server.registry, CALLER)
        held = client.resources()
        assert set(held) == {"clusters", "endpoints", "listeners", "routes"}
        for kind, members in held.items():
            assert members.items() <= fresh.wire(kind).items()


def test_what_grpc_cannot_do_is_left_out(served: Served) -> None:
    put(served, "subsets.json", subsets(trafficPolicy={"tls": {"mode": "SIMPLE", "sni": "x"}}))
    with GrpcClient(served.port, "client.default") as client:
        assert client.call(f"{ECHO}:7000").startswith(("UNAVAILABLE", "DEADLINE_EXCEEDED"))
        assert client.refused() == []


def test_a_service_is_listened_for_by_all_its_names() -> None:
    made = generate(bookinfo.registry(), CALLER)
    found = {one["name"] for one in made.resources["listeners"]}
    names = ("reviews", "reviews.default", "reviews.default.svc", "reviews.default.svc.cluster.local")
    assert {f"{name}:9080" for name in names} <= found
    assert "outbound|9080||reviews.default.svc.cluster.local" in made.wire("routes")
    assert "BlackHoleCluster" not in made.wire("clusters")

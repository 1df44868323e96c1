"""Values that Envoy would refuse, and everything that is sent with them: refused where they are written.

Each was found by wrong values in every field (tests/property/test_pilot_wrong_values.py), before it was refused.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from support import bookinfo

from fastroute.pilot import discovery
from fastroute.pilot.discovery.registry.directory import assemble, parse

TO: dict[str, Any] = {"route": [{"destination": {"host": "reviews"}}]}


def rule(**route: Any) -> dict[str, Any]:
    return {"hosts": ["reviews"], "http": [{**TO, **route}]}


def policy(**traffic: Any) -> dict[str, Any]:
    return {"host": "reviews", "trafficPolicy": traffic}


def header(value: str) -> dict[str, Any]:
    return rule(headers={"request": {"set": {"x": value}}})


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("Service", {"clusterIP": "unix://@x"}, "clusterIP", "neither an IP address nor None"),
    ("Service", {"clusterIP": "fe80::1%eth0"}, "clusterIP", "neither an IP address nor None"),
    ("ServiceEntry", {"hosts": ["a.example"], "addresses": ["10.0.0.0/33"]}, "addresses[0]", "nor a network"),
    ("ServiceEntry", {"hosts": ["a..example"]}, "hosts[0]", "no host name"),
    ("WorkloadEntry", {"address": "unix://"}, "address", "unix:// with the path of a socket"),
    ("VirtualService", header("50%"), "http[0].headers.request.set.x", "a per cent sign is written %%"),
    ("VirtualService", header("%NONE%"), "http[0].headers.request.set.x", "Not supported field in StreamInfo: NONE"),
    ("VirtualService", rule(headers={"request": {"remove": ["host"]}}), "http[0].headers.request.remove[0]", "changed"),
    ("VirtualService", rule(headers={"response": {"set": {":status": "1"}}}), "http[0].headers.response.set.:status",
     "no name"),
    ("VirtualService", rule(match=[{"headers": {"x": {"prefix": ""}}}]), "http[0].match[0].headers.x.prefix",
     "is empty"),
    ("VirtualService", rule(match=[{"uri": {"regex": ""}}]), "http[0].match[0].uri.regex", "must not be empty"),
    ("VirtualService", rule(match=[{"uri": {"regex": "a" * 1025}}]), "http[0].match[0].uri.regex", "1024 characters"),
    ("VirtualService", rule(corsPolicy={"allowOrigins": [{}]}), "http[0].corsPolicy.allowOrigins[0]", "is required"),
    ("VirtualService", rule(rewrite={"authority": "a\0"}), "http[0].rewrite.authority", "control characters"),
    ("VirtualService", rule(retries={"attempts": 1, "perTryTimeout": "1ns"}), "http[0].retries.perTryTimeout",
     "milliseconds"),
    ("VirtualService", rule(timeout="99999999999999h"), "http[0].timeout", "more than 4294967295 seconds"),
    ("DestinationRule", policy(retryBudget={"percent": 101}), "trafficPolicy.retryBudget.percent", "0 to 100"),
    ("DestinationRule", policy(loadBalancer={"simple": "RANDOM", "warmup": {"duration": "1s", "minimumPercent": -1}}),
     "trafficPolicy.loadBalancer.warmup.minimumPercent", "0 to 100"),
    ("DestinationRule", policy(loadBalancer={"consistentHash": {"httpCookie": {"name": "a b"}}}),
     "trafficPolicy.loadBalancer.consistentHash.httpCookie.name", "no name of a cookie"),
    ("Sidecar", {"egress": [{"hosts": ["./ratings.*"]}]}, "egress[0].hosts[0]", "namespace/host"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "spec", "path", "said"), REFUSED)
def test_refused_with_field_and_reason(kind: str, spec: dict[str, Any], path: str, said: str) -> None:
    group = "v1" if kind == "Service" else "networking.istio.io/v1"
    one = {"apiVersion": group, "kind": kind, "metadata": {"name": "a"}, "spec": spec}
    (error,) = parse("a.json", json.dumps(one)).errors
    assert error.path == f"spec.{path}"
    assert said in str(error)


@pytest.mark.parametrize("name", ["", "A", "-a", "a_b", "a\nb", "a" * 254])
def test_names_of_objects(name: str) -> None:
    one = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {}}
    (error,) = parse("a.json", json.dumps(one)).errors
    assert error.path == "metadata.name"


@pytest.mark.parametrize("operation", ["set", "add"])
@pytest.mark.parametrize("name", ["host", "Host", ":authority"])
def test_a_host_that_is_set_or_added_is_rewritten(name: str, operation: str) -> None:
    """Envoy does not let header changes touch it; added, it made Envoy refuse all routes of the port."""
    spec = rule(headers={"request": {operation: {name: "other.example"}}})
    one = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "a"}, "spec": spec}
    registry = assemble([bookinfo_files(), [parse("a.json", json.dumps(one))]])
    caller = discovery.Proxy.of_pod(registry, bookinfo.PRODUCTPAGE)
    (table,) = (table for table in discovery.generate(registry, caller).resources["routes"] if table["name"] == "9080")
    (host,) = (host for host in table["virtual_hosts"] if host["name"].startswith("reviews."))
    assert host["routes"][0]["route"]["host_rewrite_literal"] == "other.example"
    assert "request_headers_to_add" not in host["routes"][0]


def bookinfo_files() -> list[Any]:
    found = [file for file in sorted(bookinfo.DIRECTORY.rglob("*.yaml")) if file.name != "routes.yaml"]
    return [parse(str(file), file.read_text(encoding="utf-8")) for file in found]

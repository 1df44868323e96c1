"""States one after another: what is kept from the last one, with what changed made anew, is what is made from nothing.

And the bytes of a resource, written without a message, are those of the message that its JSON means.
"""

from __future__ import annotations

import json
import weakref
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from support import bookinfo, istio_kinds

from fastroute.api.encode import encode
from fastroute.api.pool import message_class, new, pool
from fastroute.config.text import to_tree
from fastroute.errors import ParseError
from fastroute.pilot.discovery.generated import TYPES, generate
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.registry.directory import Registry, assemble, parse
from fastroute.pilot.discovery.state import Mesh
from fastroute.pilot.profiles import PROFILES

BASE = [parse(str(path), path.read_text(encoding="utf-8")) for path in sorted(bookinfo.DIRECTORY.rglob("*.yaml"))]
PODS = ("productpage-v1-64794f5db4-6bsbj", "details-v1", "reviews-v1", "reviews-v3")


def registry(objects: list[dict[str, Any]]) -> Registry:
    """The example with `objects` applied over it."""
    files = [parse(f"{one['kind']}-{one['metadata']['name']}", json.dumps(one)) for one in objects]
    return assemble([BASE, files])


def proxies(state: Registry) -> list[Proxy]:
    """Some of the example's sidecars."""
    names = [pod.name for pod in state.pods]
    return [Proxy.of_pod(state, next(name for name in names if name.startswith(wanted))) for wanted in PODS]


@pytest.mark.parametrize("profile", ["current", "1.8"])
@settings(max_examples=10)
@given(
    meshes=st.lists(istio_kinds.meshes(), min_size=2, max_size=3),
    steps=st.lists(st.lists(st.booleans(), min_size=40, max_size=40), min_size=4, max_size=8),
)
def test_every_state_is_what_it_would_be_from_nothing(
    profile: str, meshes: list[list[dict[str, Any]]], steps: list[list[bool]]
) -> None:
    drawn = [one for mesh in meshes for one in mesh]
    mesh = Mesh(PROFILES[profile], registry([]))
    for step in steps:
        chosen = {istio_kinds.key(one): one for one, taken in zip(drawn, step, strict=False) if taken}
        state = registry(list(chosen.values()))
        mesh.load(state)
        if step[-1]:
            mesh.forget(proxies(state)[1:3])
        for proxy in proxies(state):
            held, fresh = mesh.holding(proxy), generate(state, proxy, profile)
            for kind in TYPES:
                assert held.wire(kind) == fresh.wire(kind)
                assert list(held.wire(kind)) == list(fresh.wire(kind)), "in the same order"
                assert held.version(kind) == fresh.versions[kind]


def test_a_service_that_came_back_follows_its_rules() -> None:
    """Its routes were wanted by nobody while it was gone, and know again what they are made of."""
    store = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "store", "namespace": "default"},
        "spec": {"clusterIP": "10.231.60.1", "ports": [{"name": "http", "port": 8081}]},
    }  # fmt: skip
    rule = {
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": "store", "namespace": "default"},
        "spec": {"hosts": ["store"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]},
    }  # fmt: skip
    state = registry([store])
    mesh, proxy = Mesh(PROFILES["current"], state), proxies(state)[0]
    for objects in ([store], [], [store], [store, rule]):
        state = registry(objects)
        mesh.load(state)
        assert mesh.holding(proxy).wire("routes") == generate(state, proxy, "current").wire("routes")


def test_domains_that_collide_for_a_while() -> None:
    """What is remembered of virtual hosts without a domain in common says nothing of others."""

    def entry(host: str) -> dict[str, Any]:
        return {
            "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
            "metadata": {"name": "other", "namespace": "default"},
            "spec": {"hosts": [host], "location": "MESH_INTERNAL", "resolution": "NONE",
                     "ports": [{"number": 9080, "name": "http", "protocol": "HTTP"}]},
        }  # fmt: skip

    mesh, proxy = Mesh(PROFILES["current"], registry([])), proxies(registry([]))[0]
    lost = []
    for objects in ([], [entry("other.example")], [entry("Details.Default")], [entry("other.example")], []):
        state = registry(objects)
        mesh.load(state)
        fresh = generate(state, proxy, "current")
        assert mesh.holding(proxy).wire("routes") == fresh.wire("routes")
        assert set(mesh.findings()) == set(fresh.findings)
        lost.append(any(one.code == "FR002" for one in fresh.findings))
    assert lost == [False, False, True, False, False]


def test_what_did_not_change_is_the_same_bytes() -> None:
    state = registry([])
    mesh = Mesh(PROFILES["current"], state)
    first = [mesh.holding(proxy) for proxy in proxies(state)]
    assert mesh.scopes == 1, "no rule asks for labels: all see the mesh alike"
    assert len({id(one.layers["clusters"][0]) for one in first}) == 1
    mesh.load(registry([]))
    assert [mesh.holding(one).layers for one in proxies(state)] == [one.layers for one in first]
    rule = {"match": [{"sourceLabels": {"app": "reviews"}}], "route": [{"destination": {"host": "details"}}]}
    mesh.load(
        registry(
            [
                {
                    "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
                    "metadata": {"name": "details", "namespace": "default"},
                    "spec": {"hosts": ["details"], "http": [rule]},
                }
            ]
        )
    )  # fmt: skip
    second = [mesh.holding(proxy) for proxy in proxies(state)]
    mesh.forget(proxies(state))
    assert mesh.scopes == 3, "one for each value of the label that the rule asks for"
    for old, new_one in zip(first, second, strict=True):
        assert new_one.layers["clusters"][0].since(old.layers["clusters"][0]) == (frozenset(), frozenset())
        assert new_one.since(old, "routes").changed == {"9080"}


def test_proxies_with_the_same_have_it_as_one_object() -> None:
    state = registry([])
    mesh = Mesh(PROFILES["current"], state)
    clients = [Proxy(f"client-{number}", "default", f"10.250.0.{number}") for number in range(3)]
    pods = proxies(state)
    for turn in range(2):
        held = [mesh.holding(one) for one in (*clients, *pods)]
        assert len({id(one) for one in held[:3]}) == 1, "they serve nothing"
        assert held[-1] is held[-2], "both serve reviews"
        assert len({id(one) for one in held}) == 4
        assert all(one.state == turn for one in held)
        mesh.load(registry([]))


def test_a_state_that_nobody_has_any_more_is_let_go() -> None:
    """What compares states remembers none of them."""
    state = registry([])
    mesh, proxy = Mesh(PROFILES["current"], state), proxies(state)[0]
    last, gone = mesh.holding(proxy), []
    for seconds in range(1, 4):
        rule = {
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": {"name": "details", "namespace": "default"},
            "spec": {"hosts": ["details"],
                     "http": [{"timeout": f"{seconds}s", "route": [{"destination": {"host": "details"}}]}]},
        }  # fmt: skip
        mesh.load(registry([rule]))
        held = mesh.holding(proxy)
        assert held.changes(last).keys() == {"routes"}
        gone.append(weakref.ref(last.layers["routes"][0]))
        last = held
    assert [one() for one in gone] == [None, None, None]


def headless(address: str) -> list[dict[str, Any]]:
    meta = {"name": "db", "namespace": "default"}
    ports = [{"name": "tcp-db", "port": 5432}]
    slice_meta = {"name": "db-1", "namespace": "default", "labels": {"kubernetes.io/service-name": "db"}}
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"clusterIP": "None", "ports": ports}},
        {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": slice_meta,
            "addressType": "IPv4", "ports": ports, "endpoints": [{"addresses": [address]}],
        },
    ]  # fmt: skip


def test_a_headless_service_has_listeners_where_its_endpoints_are_now() -> None:
    """The list of visible hosts is the same, but not what listeners are made from."""
    state = registry(headless("10.240.5.1"))
    mesh, proxy = Mesh(PROFILES["current"], state), proxies(state)[0]
    assert "10.240.5.1_5432" in mesh.holding(proxy).wire("listeners")
    mesh.load(registry(headless("10.240.5.2")))
    names = mesh.holding(proxy).wire("listeners")
    assert ("10.240.5.1_5432" in names, "10.240.5.2_5432" in names) == (False, True)


def test_what_the_change_of_one_service_leaves_alone_is_not_made_again() -> None:
    state = registry([])
    mesh, proxy = Mesh(PROFILES["current"], state), proxies(state)[0]
    before = mesh.holding(proxy)
    entries = dict(next(iter(mesh._scopes.values())).memory.entries)
    unready = {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "details-1", "namespace": "default", "labels": {"kubernetes.io/service-name": "details"}},
        "ports": [{"name": "http", "port": 9080}], "endpoints": [],
    }  # fmt: skip
    mesh.load(registry([unready]))
    after = mesh.holding(proxy)
    now = next(iter(mesh._scopes.values())).memory.entries
    details = "details.default.svc.cluster.local"
    assert {name for name, entry in entries.items() if now[name] is not entry} <= {
        ("endpoints", ""), ("endpoints", details), ("clusters", ""), ("clusters", details),
    }  # fmt: skip
    assert after.since(before, "endpoints").changed == {f"outbound|9080|{subset}|{details}" for subset in ("", "v1")}
    assert after.layers["routes"] == before.layers["routes"]
    assert after.layers["listeners"] == before.layers["listeners"]


# Bytes


def same(type_name: str, resource: Any) -> None:
    made = new(type_name)
    json_format.ParseDict(resource, made, descriptor_pool=pool())
    assert to_tree(message_class(type_name).FromString(encode(type_name, resource))) == to_tree(made)


@settings(max_examples=20)
@given(objects=istio_kinds.meshes())
def test_bytes_are_those_of_the_message(objects: list[dict[str, Any]]) -> None:
    state = registry(objects)
    for profile in ("current", "1.8"):
        made = generate(state, proxies(state)[0], profile)
        for kind, type_name in TYPES.items():
            for resource in made.resources[kind]:
                same(type_name, resource)


@pytest.mark.parametrize(
    ("type_name", "resource"),
    [
        ("envoy.config.core.v3.Node", {"metadata": {"b": [1, True, None, "x", {"y": -0.5}], "a": {}}, "id": "é"}),
        ("envoy.config.route.v3.RouteAction", {"timeout": "-0.5s", "maxGrpcTimeout": "0s", "cluster": ""}),
        ("envoy.config.route.v3.RouteMatch", {"headers": [{"name": "a", "range_match": {"start": "-7", "end": 9}}]}),
        ("envoy.config.endpoint.v3.LbEndpoint", {"health_status": 3, "load_balancing_weight": 0}),
        ("envoy.config.core.v3.DataSource", {"inline_bytes": "aGFsbG8="}),
        ("envoy.config.core.v3.DataSource", {"inline_bytes": ""}),
        ("envoy.config.cluster.v3.Cluster", {"lb_subset_config": {"subset_selectors": [{"keys": ["a", "b"]}]}}),
        ("envoy.config.bootstrap.v3.Bootstrap", {"header_prefix": "x", "stats_flush_interval": "1.000000001s"}),
        ("envoy.config.core.v3.TypedExtensionConfig", {
            "name": "x", "typed_config": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "3s"}}),
        ("envoy.config.core.v3.TypedExtensionConfig", {
            "name": "x", "typed_config": {"@type": "type.googleapis.com/google.protobuf.BoolValue", "value": True}}),
        ("envoy.admin.v3.ClustersConfigDump", {"version_info": "1", "static_clusters": [
            {"last_updated": "2021-01-26T09:21:45.5Z"}]}),
        ("envoy.config.accesslog.v3.StatusCodeFilter", {"comparison": {"op": "GE", "value": {"default_value": 500}}}),
        ("envoy.config.route.v3.RetryPolicy", {"retriable_status_codes": [503, 504], "num_retries": 5}),
    ],
)  # fmt: skip
def test_rare_forms(type_name: str, resource: dict[str, Any]) -> None:
    same(type_name, resource)


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ({"nome": "x"}, "nome"),
        ({"lb_policy": "SOON"}, "lb_policy"),
        ({"connect_timeout": "soon"}, "connect_timeout"),
        ({"load_assignment": {"endpoints": [{"priority": -1}]}}, "load_assignment.endpoints.priority"),
        ({"name": 7}, "name"),
    ],
)
def test_what_does_not_fit_is_named(resource: dict[str, Any], path: str) -> None:
    with pytest.raises(ParseError) as caught:
        encode("envoy.config.cluster.v3.Cluster", resource)
    assert caught.value.path == path

"""Which endpoints a service prefers or allows by itself, for callers of a node, a zone, a network."""

from __future__ import annotations

from typing import Any

import pytest
from support import bookinfo
from support.meshes import made, node, one, pod, registry, router, rule
from support.meshes import mesh as settings

from fastroute.api import names
from fastroute.api.pool import message_class, new
from fastroute.errors import ParseError, UnsupportedError
from fastroute.pilot import discovery
from fastroute.pilot.discovery.analyze import analyze
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.registry.directory import read_texts
from fastroute.pilot.discovery.server.protocol import proxy_of
from fastroute.pilot.discovery.state import Mesh
from fastroute.pilot.profiles import PROFILES

CACHE = "outbound|80||cache.default.svc.cluster.local"
ANNOTATION = "networking.istio.io/traffic-distribution"
NODES = ("west-a", "west-a2", "west-b", "east")
PLACES = (
    node("west-a", "west", "a"), node("west-a2", "west", "a"), node("west-b", "west", "b"), node("east", "east"),
    pod("productpage-v1-64794f5db4-6bsbj", "10.240.2.38", "{app: productpage}", "{nodeName: west-a}"),
    *(pod(f"cache-{n}", f"10.8.0.{n}", "{app: cache}", f"{{nodeName: {where}}}") for n, where in enumerate(NODES)),
)  # fmt: skip


def cache(more: str = "", annotation: str = "", name: str = "cache") -> str:
    spec = f"clusterIP: 10.9.0.5\nselector: {{app: cache}}\nports: [{{name: http, port: 80}}]\n{more}\n"
    text = rule("Service", spec, name)
    return text.replace("default}", f"default, annotations: {{{ANNOTATION}: {annotation}}}}}") if annotation else text


def namespace(more: str, name: str = "default") -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, {more}}}\n"


def priorities(*objects: str, also: tuple[int, ...] = ()) -> list[int | None]:
    """The priority of the endpoint on each node; None if there is none."""
    groups = one(made(*PLACES, *objects), "endpoints", CACHE).get("endpoints", [])
    found = {
        endpoint["endpoint"]["address"]["socket_address"]["address"]: group.get("priority", 0)
        for group in groups
        for endpoint in group["lb_endpoints"]
    }
    return [found.get(f"10.8.0.{n}") for n in (*range(len(NODES)), *also)]


OFF = rule("DestinationRule", "host: cache\ntrafficPolicy: {loadBalancer: {localityLbSetting: {enabled: false}}}")
TIER = (
    "host: cache\ntrafficPolicy: {outlierDetection: {}, loadBalancer: {localityLbSetting: {failoverPriority: [app]}}}"
)
PREFERENCES: dict[str, tuple[tuple[str, ...], list[int | None]]] = {
    "none": ((cache(),), [0, 0, 0, 0]),
    "the zone": ((cache("trafficDistribution: PreferSameZone"),), [0, 0, 1, 2]),
    "the zone, as it was called": ((cache("trafficDistribution: PreferClose"),), [0, 0, 1, 2]),
    "the node": ((cache("trafficDistribution: PreferSameNode"),), [0, 1, 2, 3]),
    "by annotation": ((cache(annotation="prefersamenode"),), [0, 1, 2, 3]),
    "the field before the annotation": (
        (cache("trafficDistribution: PreferClose", annotation="PreferSameNode"),), [0, 0, 1, 2],
    ),
    "an annotation that says nothing": ((cache(annotation="Nearby"),), [0, 0, 0, 0]),
    "by the namespace": ((cache(), namespace(f"annotations: {{{ANNOTATION}: PreferClose}}")), [0, 0, 1, 2]),
    "the service before its namespace": (
        (cache(annotation="PreferSameNode"), namespace(f"annotations: {{{ANNOTATION}: PreferClose}}")), [0, 1, 2, 3],
    ),
    "a rule before all of it": ((cache("trafficDistribution: PreferClose"), rule("DestinationRule", TIER)), [0] * 4),
    "switched off by a rule": ((cache("trafficDistribution: PreferClose"), OFF), [0, 0, 0, 0]),
    "the node alone": ((cache("internalTrafficPolicy: Local"),), [0, None, None, None]),
    "every node": ((cache("internalTrafficPolicy: Cluster"),), [0, 0, 0, 0]),
    "the node alone, whatever is preferred": (
        (cache("internalTrafficPolicy: Local\ntrafficDistribution: PreferClose"),), [0, None, None, None],
    ),
    "what comes in from outside is not a sidecar's": ((cache("externalTrafficPolicy: Local"),), [0, 0, 0, 0]),
}  # fmt: skip


@pytest.mark.parametrize(("objects", "wanted"), PREFERENCES.values(), ids=PREFERENCES)
def test_preferences(objects: tuple[str, ...], wanted: list[int | None]) -> None:
    assert priorities(*objects) == wanted


def test_what_a_service_prefers_is_taken_first() -> None:
    chosen = router(made(*PLACES, cache("trafficDistribution: PreferSameNode")))
    decision = chosen.route("cache", "/", route_config="80")
    addresses = {chosen.pick(decision).address for _ in range(20)}
    assert addresses == {"10.8.0.0"}


def test_a_service_entry_may_prefer_too() -> None:
    entry = rule(
        "ServiceEntry",
        """
        hosts: [far.example]
        ports: [{number: 80, name: http, protocol: HTTP}]
        resolution: STATIC
        endpoints:
        - {address: 10.7.0.1, locality: east}
        - {address: 10.7.0.2, locality: west/a}
        """,
    )
    annotated = entry.replace("default}", f"default, annotations: {{{ANNOTATION}: PreferClose}}}}")
    for text, wanted in ((entry, [0, 0]), (annotated, [1, 0])):
        groups = one(made(*PLACES, text), "endpoints", "outbound|80||far.example")["endpoints"]
        assert [group.get("priority", 0) for group in groups] == wanted
    assert not [one for one in analyze(registry(annotated)) if one.code in ("IST0107", "IST0125")]


@pytest.mark.parametrize(("field", "value"), [("trafficDistribution", "PreferFar"), ("internalTrafficPolicy", "Zone")])
def test_words_that_kubernetes_does_not_have_are_refused(field: str, value: str) -> None:
    with pytest.raises(ParseError, match=f"spec.{field}: '{value}' is none of"):
        registry(cache(f"{field}: {value}"))


def test_an_annotation_that_says_nothing_is_told() -> None:
    (found,) = [one for one in analyze(registry(cache(annotation="Nearby"))) if one.code == "IST0125"]
    assert "'Nearby' is none of PreferSameZone, PreferSameNode, PreferClose" in found.message


def holdings(*objects: str, **metadata: str) -> dict[str, list[str]]:
    """For a caller on each node, the addresses of the cache with the highest priority; from one served state."""
    found = registry(*PLACES, *objects)
    mesh = Mesh(PROFILES["current"], found)
    addresses = {}
    for where in NODES:
        caller = Proxy(f"caller-{where}", "default", "10.1.1.1", {"kubernetes.io/hostname": where, **metadata})
        assignment = next(one for one in mesh.holding(caller).items("endpoints") if one.name == CACHE)
        addresses[where] = _first(assignment.data)
    return addresses


def _first(data: bytes) -> list[str]:
    made_: Any = message_class(names.CLUSTER_LOAD_ASSIGNMENT).FromString(data)
    return [
        endpoint.endpoint.address.socket_address.address
        for group in made_.endpoints
        if not group.priority
        for endpoint in group.lb_endpoints
    ]


def test_callers_of_several_nodes_get_their_own() -> None:
    local = holdings(cache("internalTrafficPolicy: Local"))
    assert local == {where: [f"10.8.0.{n}"] for n, where in enumerate(NODES)}
    assert len({tuple(one) for one in holdings(cache()).values()}) == 1


def test_callers_share_what_no_service_asks_their_node_for() -> None:
    mesh = Mesh(PROFILES["current"], registry(*PLACES, cache()))
    for where in NODES:
        mesh.holding(Proxy(f"caller-{where}", "default", "10.1.1.1", {"kubernetes.io/hostname": where}))
    assert mesh.scopes == 1
    mesh.load(registry(*PLACES, cache("internalTrafficPolicy: Local")))
    assert mesh.scopes == 1 + len(NODES)
    mesh.load(registry(*PLACES, cache()))


def test_a_label_that_the_meshs_setting_begins_to_ask_for_parts_callers() -> None:
    watching = rule("DestinationRule", "host: cache\ntrafficPolicy: {outlierDetection: {}}")
    before = registry(*PLACES, cache(), watching)
    state = Mesh(PROFILES["current"], before)
    callers = [Proxy(f"c-{tier}", "default", "10.1.1.1", {"app": tier}) for tier in ("cache", "other")]
    for caller in callers:
        state.holding(caller)
    after = registry(*PLACES, cache(), watching, settings("localityLbSetting: {failoverPriority: [app]}"))
    state.load(after)
    fresh = Mesh(PROFILES["current"], after)
    for caller in callers:
        assert state.holding(caller).wire("endpoints") == fresh.holding(caller).wire("endpoints")


def test_the_node_of_a_caller_that_does_not_name_it_is_its_pods() -> None:
    caller = Proxy(bookinfo.PRODUCTPAGE, "default", "10.240.2.38", {"app": "productpage"})
    mesh = Mesh(PROFILES["current"], registry(*PLACES, cache("internalTrafficPolicy: Local")))
    assignment = next(one for one in mesh.holding(caller).items("endpoints") if one.name == CACHE)
    assert _first(assignment.data) == ["10.8.0.0"]


def test_the_root_namespace_names_the_network_of_those_that_name_none() -> None:
    root = namespace("labels: {topology.istio.io/network: n1}", "istio-system")
    setting = "{failoverPriority: [topology.istio.io/network]}"
    policy = f"{{outlierDetection: {{}}, loadBalancer: {{localityLbSetting: {setting}}}}}"
    asking = rule("DestinationRule", f"host: cache\ntrafficPolicy: {policy}")
    away = pod("cache-9", "10.8.0.9", "{app: cache, topology.istio.io/network: n2}", "{nodeName: west-a}")
    assert priorities(cache(), asking, away, also=(9,)) == [0, 0, 0, 0, 1]
    assert priorities(cache(), asking, away, root, also=(9,)) == [0, 0, 0, 0, 1]
    here = pod("cache-9", "10.8.0.9", "{app: cache, topology.istio.io/network: n1}", "{nodeName: west-a}")
    assert priorities(cache(), asking, here, root, also=(9,)) == [0, 0, 0, 0, 0]


def test_gateways_between_networks_are_refused_by_name() -> None:
    labelled = cache().replace("default}", "default, labels: {topology.istio.io/network: n2}}")
    with pytest.raises(UnsupportedError, match=r"metadata\.labels\.topology.*gateways between networks"):
        registry(labelled)
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"
        "data:\n  mesh: ''\n  meshNetworks: |\n    networks: NETWORKS\n"
    )
    with pytest.raises(UnsupportedError, match="several networks are not generated yet"):
        read_texts([("a.yaml", text.replace("NETWORKS", "{n: {endpoints: [{fromRegistry: x}]}}"))])
    assert not read_texts([("a.yaml", text.replace("NETWORKS", "{}"))]).errors


def test_a_bad_mesh_is_one_error_among_others() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata: {mesh: 'a: ['}\n"
    found = read_texts([("a.yaml", text + "---\nkind: 7\n")], strict=False)
    assert len(found.errors) == 2


def test_a_kubernetes_service_goes_before_an_older_entry_of_another_namespace() -> None:
    entry = rule(
        "ServiceEntry",
        "hosts: [cache.default.svc.cluster.local]\nports: [{number: 81, name: http, protocol: HTTP}]\nresolution: NONE",
        "old",
        "other",
    ).replace("namespace: other}", "namespace: other, creationTimestamp: '2001-01-01T00:00:00Z'}")
    caller = pod("stranger", "10.7.7.7", "{app: s}").replace("namespace: default", "namespace: third")
    found = registry(*PLACES, cache(), entry, caller)
    names = [one["name"] for one in discovery.generate(found, Proxy.of_pod(found, "stranger")).resources["clusters"]]
    assert CACHE in names
    assert "outbound|81||cache.default.svc.cluster.local" not in names


def test_a_stream_says_its_node_and_network() -> None:
    request: Any = new(names.DISCOVERY_REQUEST)
    request.node.id = "sidecar~10.1.1.1~a.b~b.svc.cluster.local"
    request.node.metadata.update({"NODE_NAME": "west-a", "NETWORK": "n1", "LABELS": {"app": "x"}})
    proxy = proxy_of(request.node)
    assert (proxy.node, proxy.network, proxy.labels["app"]) == ("west-a", "n1", "x")

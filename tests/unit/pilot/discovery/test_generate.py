"""Generation, one idea a test: protocols, listeners, conflicts, inbound options, clusters, domains, scope."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from support import bookinfo

from fastroute.errors import ConfigError
from fastroute.pilot import discovery
from fastroute.pilot.discovery.generate.inbound import options
from fastroute.pilot.discovery.model.protocols import Protocol, of_port
from fastroute.pilot.discovery.registry.directory import read_texts
from fastroute.pilot.profiles import PROFILES

BASE = [(path, path.read_text(encoding="utf-8")) for path in sorted(bookinfo.DIRECTORY.rglob("*.yaml"))]


def rule(kind: str, spec: str, name: str = "x", group: str = "networking.istio.io/v1") -> str:
    head = f"apiVersion: {group}\nkind: {kind}\nmetadata: {{name: {name}, namespace: default}}\nspec:\n"
    return head + textwrap.indent(textwrap.dedent(spec).strip("\n"), "  ") + "\n"


def service(name: str, port: int, label: str, address: str = "10.9.0.1", selector: str = "{}") -> str:
    ports = f"ports: [{{name: '{label}', port: {port}}}]"
    return rule("Service", f"clusterIP: {address}\nselector: {selector}\n{ports}", name, "v1")


def made(*objects: str, profile: str = "current", proxy: str = bookinfo.PRODUCTPAGE) -> discovery.Generated:
    registry = read_texts(BASE, [("over.yaml", "---\n".join(objects))])
    return discovery.generate(registry, discovery.Proxy.of_pod(registry, proxy), profile)


def one(generated: discovery.Generated, kind: str, name: str) -> Any:
    key = "cluster_name" if kind == "endpoints" else "name"
    return next(resource for resource in generated.resources[kind] if resource[key] == name)


def matches(listener: Any) -> list[dict[str, Any]]:
    return [chain.get("filter_chain_match", {}) for chain in listener["filter_chains"]]


@pytest.mark.parametrize(
    ("number", "name", "transport", "app", "wanted"),
    [
        (80, "http", "TCP", "", Protocol.HTTP),
        (80, "http-web", "TCP", "", Protocol.HTTP),
        (80, "HTTP2-x", "TCP", "", Protocol.HTTP2),
        (80, "grpc-web", "TCP", "", Protocol.GRPC_WEB),
        (80, "grpc-webx", "TCP", "", Protocol.GRPC),
        (80, "httpx", "TCP", "", Protocol.AUTO),
        (80, "", "TCP", "", Protocol.AUTO),
        (3306, "", "TCP", "", Protocol.TCP),
        (53, "http", "UDP", "", Protocol.UDP),
        (80, "tcp", "TCP", "kubernetes.io/h2c", Protocol.HTTP2),
        (80, "http", "TCP", "kubernetes.io/wss", Protocol.HTTPS),
        (80, "mysql-x", "TCP", "", Protocol.MYSQL),
    ],
)
def test_protocol_of_a_port(number: int, name: str, transport: str, app: str, wanted: Protocol) -> None:
    assert of_port(number, name, transport, app) is wanted


def test_outbound_listeners_by_protocol() -> None:
    generated = made(
        service("db", 5432, "tcp"), service("any", 7000, "", "10.9.0.2"), service("no", 7001, "tcp", "None")
    )
    names = [listener["name"] for listener in generated.resources["listeners"]]
    assert {"10.9.0.1_5432", "10.9.0.2_7000"} <= set(names)
    assert not any(name.endswith("_7001") for name in names), "a headless service without pods has no listener"
    assert matches(one(generated, "listeners", "10.9.0.1_5432")) == [{}]
    sniffed = one(generated, "listeners", "10.9.0.2_7000")
    assert matches(sniffed) == [{"transport_protocol": "raw_buffer", "application_protocols": ["http/1.1", "h2c"]}]
    rest = sniffed["default_filter_chain"]["filters"][0]["typed_config"]
    assert rest["cluster"] == "outbound|7000||any.default.svc.cluster.local"
    hosts = one(generated, "routes", "any.default.svc.cluster.local:7000")["virtual_hosts"]
    assert [host["domains"] for host in hosts] == [["*"]]


def test_tcp_joins_an_http_listener_and_makes_it_look() -> None:
    entry = rule(
        "ServiceEntry", "hosts: [db.example]\nports: [{number: 9080, name: p, protocol: TCP}]\nresolution: DNS"
    )
    listener = one(made(entry), "listeners", "0.0.0.0_9080")
    assert [bool(match) for match in matches(listener)] == [True]
    rest = listener["default_filter_chain"]["filters"][0]["typed_config"]
    assert rest["cluster"] == "outbound|9080||db.example"


def test_of_two_equal_chains_the_older_stays() -> None:
    """Names decide where no object has a time: a is older than b."""
    spec = "hosts: [{}]\nports: [{{number: 5000, name: p, protocol: TCP}}]\nresolution: DNS"
    generated = made(*(rule("ServiceEntry", spec.format(f"{name}.example"), name) for name in "ba"))
    (chain,) = one(generated, "listeners", "0.0.0.0_5000")["filter_chains"]
    assert chain["filters"][0]["typed_config"]["cluster"] == "outbound|5000||a.example"
    assert [(finding.code, finding.object) for finding in generated.findings] == [("FR001", 'ServiceEntry "default/b"')]


def test_tls_by_server_name() -> None:
    entry = rule(
        "ServiceEntry", "hosts: [a.example, b.example]\nports: [{number: 443, name: p, protocol: TLS}]\nresolution: DNS"
    )
    listener = one(made(entry), "listeners", "0.0.0.0_443")
    assert matches(listener) == [{"server_names": ["a.example"]}, {"server_names": ["b.example"]}]
    assert listener["default_filter_chain"]["filters"][0]["typed_config"]["cluster"] == "PassthroughCluster"


@pytest.mark.parametrize("mode", ["PERMISSIVE", "STRICT", "DISABLE"])
@pytest.mark.parametrize("protocol", ["http", "tcp", "auto"])
def test_inbound_options_of_profile_current(mode: str, protocol: str) -> None:
    """The table of modes and protocols (E7): over TLS, ended here, routed."""
    mutual, http = ("istio-http/1.0", "istio-http/1.1", "istio-h2"), ("http/1.1", "h2c")
    istio = ("istio", "istio-peer-exchange", *mutual)
    wanted = {
        ("PERMISSIVE", "http"): [(True, istio, True, True), (False, (), False, True)],
        ("PERMISSIVE", "tcp"): [(True, istio, True, False), (True, (), False, False), (False, (), False, False)],
        ("PERMISSIVE", "auto"): [
            (True, mutual, True, True),
            (False, http, False, True),
            (True, ("istio-peer-exchange", "istio"), True, False),
            (False, (), False, False),
            (True, (), False, False),
        ],
        ("STRICT", "http"): [(True, (), True, True)],
        ("STRICT", "tcp"): [(True, (), True, False)],
        ("STRICT", "auto"): [(True, mutual, True, True), (True, (), True, False)],
        ("DISABLE", "http"): [(False, (), False, True)],
        ("DISABLE", "tcp"): [(False, (), False, False)],
        ("DISABLE", "auto"): [(False, http, False, True), (False, (), False, False)],
    }  # fmt: skip
    found = [(o.over_tls, o.protocols, o.ends_tls, o.http) for o in options(PROFILES["current"], mode, protocol)]
    assert found == wanted[mode, protocol]


def test_peer_authentication_narrows_by_scope() -> None:
    def transports(*objects: str) -> set[str]:
        inbound = one(made(*objects), "listeners", "virtualInbound")
        return {match["transport_protocol"] for match in matches(inbound) if match.get("destination_port") == 9080}

    mesh = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: m, namespace: istio-system}\n"
    strict = mesh + "spec: {mtls: {mode: STRICT}}\n"
    own = "selector: {matchLabels: {app: productpage}}\nmtls: {mode: UNSET}\nportLevelMtls: {9080: {mode: DISABLE}}"
    assert transports() == {"tls", "raw_buffer"}
    assert transports(strict) == {"tls"}
    assert transports(strict, rule("PeerAuthentication", own, group="security.istio.io/v1")) == {"raw_buffer"}


def test_endpoints_that_refuse_mutual_tls_do_not_ask_for_it() -> None:
    peer = "selector: {matchLabels: {version: v3}}\nmtls: {mode: DISABLE}"
    generated = made(rule("PeerAuthentication", peer, group="security.istio.io/v1"))
    (group,) = one(generated, "endpoints", bookinfo.REVIEWS)["endpoints"]
    asked = ["envoy.transport_socket_match" in e["metadata"]["filter_metadata"] for e in group["lb_endpoints"]]
    assert asked == [True, True, False]


def test_traffic_policy_of_subset_port_and_rule() -> None:
    spec = """
        host: reviews
        trafficPolicy:
          connectionPool: {tcp: {maxConnections: 5}}
          outlierDetection: {consecutive5xxErrors: 0}
          loadBalancer: {simple: RANDOM}
          portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: ROUND_ROBIN}}]
        subsets:
        - {name: v1, labels: {version: v1}, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}}
    """
    generated = made(rule("DestinationRule", spec, "reviews"))
    whole = one(generated, "clusters", bookinfo.REVIEWS)
    subset = one(generated, "clusters", "outbound|9080|v1|reviews.default.svc.cluster.local")
    assert (whole["lb_policy"], subset["lb_policy"]) == ("RANDOM", "RING_HASH")
    assert subset["circuit_breakers"]["thresholds"][0]["max_connections"] == 5
    assert whole["outlier_detection"]["enforcing_consecutive_5xx"] == 0
    assert whole["common_lb_config"] == {"healthy_panic_threshold": {"value": 0}}


def test_consistent_hash_reaches_the_route() -> None:
    hashing = "{loadBalancer: {consistentHash: {httpHeaderName: x-user}}}"
    spec = f"host: reviews\ntrafficPolicy: {hashing}\nsubsets: [{{name: v2}}]"
    routes = one(made(rule("DestinationRule", spec, "reviews")), "routes", "9080")
    (host,) = [h for h in routes["virtual_hosts"] if "reviews" in h["name"]]
    assert host["routes"][0]["route"]["hash_policy"] == [{"header": {"header_name": "x-user"}}]
    assert "retry_host_predicate" not in host["routes"][0]["route"]["retry_policy"]


def test_domains_of_another_namespace() -> None:
    """Profile 1.8 shows `NAME.NS`, never the bare name; today's has no ports."""
    old = one(made(profile="1.8"), "routes", "9411")["virtual_hosts"][0]["domains"]
    assert old[:4] == [
        "zipkin.istio-system.svc.cluster.local", "zipkin.istio-system.svc.cluster.local:9411",
        "zipkin.istio-system", "zipkin.istio-system:9411",
    ]  # fmt: skip
    assert "zipkin" not in old
    now = one(made(), "routes", "9411")["virtual_hosts"][0]["domains"]
    assert now == [
        "zipkin.istio-system.svc.cluster.local",
        "zipkin.istio-system",
        "zipkin.istio-system.svc",
        "10.231.40.11",
    ]


def test_hosts_without_a_service_are_on_port_80_only() -> None:
    free = rule("VirtualService", "hosts: [free.example]\nhttp: [{directResponse: {status: 200}}]")
    generated = made(free, service("web", 80, "http"))
    assert one(generated, "routes", "80")["virtual_hosts"][0]["name"] == "free.example:80"
    assert not any("free" in h["name"] for h in one(generated, "routes", "9080")["virtual_hosts"])


def test_a_sidecar_narrows_what_is_sent() -> None:
    egress = "egress: [{hosts: ['./reviews.default.svc.cluster.local']}]"
    scope = rule("Sidecar", f"{egress}\noutboundTrafficPolicy: {{mode: REGISTRY_ONLY}}")
    generated = made(scope)
    hosts = {c["name"].split("|")[3] for c in generated.resources["clusters"] if c["name"].startswith("outbound")}
    assert hosts == {"reviews.default.svc.cluster.local"}
    assert one(generated, "routes", "9080")["virtual_hosts"][-1]["name"] == "block_all"


def test_services_exported_nowhere_are_not_seen() -> None:
    hidden = "namespace: other, annotations: {networking.istio.io/exportTo: .}}"
    text = service("secret", 9080, "http").replace("namespace: default}", hidden)
    assert not any("secret" in cluster["name"] for cluster in made(text).resources["clusters"])


def test_a_delegate_stands_in_the_place_of_its_parent() -> None:
    parent = rule(
        "VirtualService",
        """
        hosts: [details]
        http:
        - {match: [{uri: {prefix: /a}}], delegate: {name: child}}
        - {redirect: {uri: /}}
        """,
        "details",
    )
    child = rule(
        "VirtualService",
        """
        http:
        - {match: [{uri: {prefix: /a/b}}], route: [{destination: {host: details}}]}
        - {match: [{uri: {prefix: /x}}], redirect: {uri: /}}
        """,
        "child",
    )
    (host,) = [h for h in one(made(parent, child), "routes", "9080")["virtual_hosts"] if "details" in h["name"]]
    assert [route["match"] for route in host["routes"]] == [{"prefix": "/a/b"}, {"prefix": "/"}]


def test_locality_priorities_need_outlier_detection() -> None:
    node = "apiVersion: v1\nkind: Node\nmetadata: {name: n, labels: {topology.kubernetes.io/region: NAME}}\n"
    documents = [part for _, text in BASE for part in text.split("---\n") if "kind: Pod" in part]
    placed = [
        pod.replace("serviceAccountName", f"nodeName: {'west' if wanted in pod else 'east'}\n  serviceAccountName")
        for wanted, app in (("productpage", "productpage"), ("version: v1", "reviews"))
        for pod in documents
        if f"app: {app}\n" in pod
    ]
    nodes = [node.replace("name: n", f"name: {name}").replace("NAME", name) for name in ("west", "east")]
    plain = one(made(*nodes, *placed), "endpoints", bookinfo.REVIEWS)["endpoints"]
    outliers = rule("DestinationRule", "host: reviews\ntrafficPolicy: {outlierDetection: {}}", "reviews")
    arranged = one(made(*nodes, *placed, outliers), "endpoints", bookinfo.REVIEWS)["endpoints"]
    assert [(group["locality"]["region"], group.get("priority", 0)) for group in plain] == [("east", 0), ("west", 0)]
    assert [(group["locality"]["region"], group.get("priority", 0)) for group in arranged] == [("east", 1), ("west", 0)]


def test_slices_beat_endpoints_and_endpoints_beat_selectors() -> None:
    endpoints = (
        "apiVersion: v1\nkind: Endpoints\nmetadata: {name: reviews, namespace: default}\n"
        "subsets: [{addresses: [{ip: 10.9.9.1}], notReadyAddresses: [{ip: 10.9.9.2}],"
        " ports: [{name: http, port: 1}]}]\n"
    )
    slices = (
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        "metadata: {name: s, namespace: default, labels: {kubernetes.io/service-name: reviews}}\n"
        "endpoints: [{addresses: [10.9.9.3]}, {addresses: [10.9.9.4], conditions: {ready: false}}]\n"
        "ports: [{name: http, port: 2}]\n"
    )

    def addresses(*objects: str) -> list[tuple[str, int]]:
        groups = one(made(*objects), "endpoints", bookinfo.REVIEWS)["endpoints"]
        sockets = [e["endpoint"]["address"]["socket_address"] for group in groups for e in group["lb_endpoints"]]
        return [(socket["address"], socket["port_value"]) for socket in sockets]

    assert addresses(endpoints) == [("10.9.9.1", 1)]
    assert addresses(endpoints, slices) == [("10.9.9.3", 2)]


def test_there_must_be_such_a_pod() -> None:
    with pytest.raises(ConfigError, match="there is no pod 'nobody'"):
        made(proxy="nobody")

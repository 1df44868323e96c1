"""A Sidecar: what a workload is offered, on which ports, and on which ports and how it is reached itself."""

from __future__ import annotations

from typing import Any

import pytest
from support.meshes import made, mesh, one, part, router, routes_to, rule, service

import fastroute
from fastroute.errors import ConfigError
from fastroute.pilot import discovery

SELF = "10.240.2.38"
PROFILES = ("1.8", "current")


def sidecar(spec: str) -> str:
    return rule("Sidecar", spec, "scope")


def names(generated: discovery.Generated, kind: str) -> set[str]:
    return {str(resource.get("name") or resource["cluster_name"]) for resource in generated.resources[kind]}


def hosts(generated: discovery.Generated, config: str) -> list[str]:
    return [host["name"] for host in one(generated, "routes", config)["virtual_hosts"]]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_listener_with_a_port_offers_only_its_services_there(profile: str) -> None:
    spec = """
        egress:
        - {port: {number: 9080, protocol: HTTP, name: http}, hosts: ['./details.default.svc.cluster.local']}
        - {hosts: ['./*']}
    """
    generated = made(sidecar(spec), service("db", 5432, "tcp"), profile=profile)
    assert hosts(generated, "9080") == ["details.default.svc.cluster.local:9080", "allow_any"]
    assert {"0.0.0.0_9080", "10.9.0.1_5432"} <= names(generated, "listeners")
    assert "outbound|9080||reviews.default.svc.cluster.local" in names(generated, "clusters"), "the rest imports it"


@pytest.mark.parametrize("profile", PROFILES)
def test_capture_mode_none_binds(profile: str) -> None:
    spec = "egress: [{port: {number: 9080, protocol: HTTP}, captureMode: NONE, hosts: ['./*']}]"
    generated = made(sidecar(spec), profile=profile)
    listener = one(generated, "listeners", "127.0.0.1_9080")
    assert "bind_to_port" not in listener
    assert "deprecated_v1" not in listener
    assert listener["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 9080}
    assert [chain.get("filter_chain_match") for chain in listener["filter_chains"]] == [None]
    caller = router(generated)
    chain = caller.connect(fastroute.Connection(destination=("127.0.0.1", 9080), source=("127.0.0.1", 4000)))
    assert chain is not None
    decision = caller.route("reviews:9080", "/reviews/0", chain=chain)
    assert str(decision.cluster).endswith("reviews.default.svc.cluster.local")


@pytest.mark.parametrize("profile", PROFILES)
def test_an_http_proxy_takes_requests_for_all_ports(profile: str) -> None:
    spec = """
        egress:
        - {port: {number: 3128, protocol: HTTP_PROXY}, bind: 127.0.0.1, captureMode: NONE, hosts: ['./*']}
    """
    generated = made(sidecar(spec), service("web", 80, "http"), profile=profile)
    routes = one(generated, "routes", "3128")
    domains = {domain for host in routes["virtual_hosts"] for domain in host["domains"]}
    assert {"web", "web:80", "details:9080"} <= domains
    assert "details" not in domains
    caller = router(generated)
    wanted = {"web": "outbound|80||web", "web:80": "outbound|80||web", "details:9080": "outbound|9080|v1|details"}
    for authority, cluster in wanted.items():
        decision = caller.route(authority, "/", route_config="3128")
        assert decision.cluster == f"{cluster}.default.svc.cluster.local"
    assert caller.route("details", "/", route_config="3128").cluster == "PassthroughCluster"


def test_a_unix_socket() -> None:
    spec = "egress: [{port: {number: 0, protocol: HTTP}, bind: 'unix:///run/out', hosts: ['./*']}]"
    generated = made(sidecar(spec))
    listener = one(generated, "listeners", "unix:///run/out")
    assert listener["address"] == {"pipe": {"path": "/run/out"}}
    assert part(listener, "filter_chains.0.filters.0.typed_config.rds.route_config_name") == "unix:///run/out"
    assert "reviews.default.svc.cluster.local:9080" in hosts(generated, "unix:///run/out")


def test_connections_on_a_port_of_ones_own() -> None:
    spec = "egress: [{port: {number: 5432, protocol: TCP}, bind: 127.0.0.1, captureMode: NONE, hosts: ['./*']}]"
    generated = made(sidecar(spec), service("db", 5432, "tcp"), service("web", 80, "http", "10.9.0.2"))
    listener = one(generated, "listeners", "127.0.0.1_5432")
    cluster = part(listener, "filter_chains.0.filters.0.typed_config.cluster")
    assert cluster == "outbound|5432||db.default.svc.cluster.local"
    assert names(generated, "listeners") == {"127.0.0.1_5432", "virtualOutbound", "virtualInbound"}


def test_destinations_of_imported_rules_can_be_reached() -> None:
    only = sidecar("egress: [{hosts: ['./reviews.default.svc.cluster.local']}]")
    mirror = "mirror: {host: details}"
    to = f"hosts: [reviews]\nhttp: [{{route: [{{destination: {{host: ratings}}}}], {mirror}}}]"
    generated = made(only, rule("VirtualService", to, "reviews"))
    seen = {name.split("|")[3].partition(".")[0] for name in names(generated, "clusters") if name.startswith("out")}
    assert seen == {"reviews", "ratings", "details"}
    assert hosts(generated, "9080") == ["reviews.default.svc.cluster.local:9080", "allow_any"]


def test_rules_of_namespaces_that_are_not_imported_do_not_apply() -> None:
    far = rule(
        "VirtualService", "hosts: [details.default.svc.cluster.local]\nhttp: [{redirect: {uri: /far}}]", "aa", "far"
    )
    to_own = "egress: [{hosts: ['default/*']}]"
    assert "redirect" in routes_to(made(far), "details")[0]
    assert "redirect" not in routes_to(made(far, sidecar(to_own)), "details")[0]
    assert "redirect" in routes_to(made(far, sidecar("egress: [{hosts: ['default/*', 'far/*']}]")), "details")[0]


def test_unknown_destinations_go_to_the_egress_proxy() -> None:
    proxy = "{host: egress.far.svc.cluster.local, port: {number: 443}, subset: s}"
    generated = made(sidecar(f"outboundTrafficPolicy: {{mode: ALLOW_ANY, egressProxy: {proxy}}}"))
    cluster = "outbound|443|s|egress.far.svc.cluster.local"
    assert routes_to(generated, "allow_any")[0]["route"]["cluster"] == cluster
    rest = one(generated, "listeners", "virtualOutbound")["filter_chains"][1]
    assert rest["filters"][0]["typed_config"]["cluster"] == cluster


INGRESS = {
    "loopback": ("defaultEndpoint: '127.0.0.1:8080'", ("127.0.0.1", 8080), None),
    "its own address": ("defaultEndpoint: '0.0.0.0:8080'", (SELF, 8080), "127.0.0.6"),
    "a socket": ("defaultEndpoint: 'unix:///run/app'", ("/run/app", 0), None),
}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("endpoint", "wanted", "source"), INGRESS.values(), ids=INGRESS)
def test_where_inbound_connections_go(profile: str, endpoint: str, wanted: tuple[str, int], source: str | None) -> None:
    spec = f"ingress: [{{port: {{number: 9999, protocol: HTTP, name: http}}, {endpoint}}}]"
    generated = made(sidecar(spec), profile=profile)
    inbound = {name for name in names(generated, "clusters") if name.startswith("inbound|")}
    assert inbound == {"inbound|9999||"}, "the service's own ports are not reached any more"
    cluster = one(generated, "clusters", "inbound|9999||")
    address = part(cluster, "load_assignment.endpoints.0.lb_endpoints.0.endpoint.address")
    socket = address.get("socket_address") or {"address": address["pipe"]["path"], "port_value": 0}
    assert (socket["address"], socket["port_value"]) == wanted
    assert part(cluster, "upstream_bind_config.source_address.address") == source
    called = router(generated)
    chain = called.connect(
        fastroute.Connection(
            destination=(SELF, 9999), source=("10.1.1.1", 4000), accepted=(SELF, 15006),
            first_bytes=b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        )
    )  # fmt: skip
    assert chain is not None
    assert called.route("x", "/", chain=chain).cluster == "inbound|9999||"


def test_without_an_endpoint_inbound_connections_keep_their_destination() -> None:
    generated = made(sidecar("ingress: [{port: {number: 9080, protocol: HTTP}}]"))
    cluster = one(generated, "clusters", "inbound|9080||")
    assert cluster["type"] == "ORIGINAL_DST"
    assert cluster["metadata"]["filter_metadata"]["istio"]["services"][0]["name"] == "productpage"
    local = made(
        sidecar("ingress: [{port: {number: 9080, protocol: HTTP}}]"), mesh("inboundTrafficPolicy: {mode: LOCALHOST}")
    )
    assert one(local, "clusters", "inbound|9080||")["type"] == "STATIC"


def test_an_inbound_port_that_binds_has_a_listener_of_its_own() -> None:
    spec = """
        ingress:
        - port: {number: 9080, protocol: HTTP, name: http}
          bind: 10.240.2.38
          captureMode: NONE
          defaultEndpoint: 127.0.0.1:9081
    """
    generated = made(sidecar(spec))
    listener = one(generated, "listeners", "10.240.2.38_9080")
    assert listener["address"]["socket_address"] == {"address": SELF, "port_value": 9080}
    assert [one_["name"].rpartition(".")[2] for one_ in listener["listener_filters"]] == [
        "tls_inspector",
        "http_inspector",
    ]
    captured = one(generated, "listeners", "virtualInbound")["filter_chains"]
    assert not any(chain["filter_chain_match"].get("destination_port") == 9080 for chain in captured)


def inbound_chains(generated: discovery.Generated, port: int) -> list[dict[str, Any]]:
    chains = one(generated, "listeners", "virtualInbound")["filter_chains"]
    return [chain for chain in chains if chain.get("filter_chain_match", {}).get("destination_port") == port]


TLS = """
    ingress:
    - port: {number: 9443, protocol: HTTPS, name: https}
      defaultEndpoint: 127.0.0.1:8080
      tls: {mode: MUTUAL, serverCertificate: /c.pem, privateKey: /k.pem, caCertificates: /ca.pem, subjectAltNames: [a]}
"""


def test_tls_of_ones_own_needs_a_port_without_mutual_tls() -> None:
    peer = "selector: {matchLabels: {app: productpage}}\nportLevelMtls: {9443: {mode: DISABLE}}"
    (chain,) = inbound_chains(made(sidecar(TLS), rule("PeerAuthentication", peer)), 9443)
    assert chain["filter_chain_match"]["transport_protocol"] == "tls"
    context = chain["transport_socket"]["typed_config"]
    assert context["require_client_certificate"] is True
    assert context["common_tls_context"]["tls_certificate_sds_secret_configs"][0]["name"] == "file-cert:/c.pem~/k.pem"
    assert part(chain, "filters.0.typed_config.route_config.name") == "inbound|9443||", "what is inside is HTTP"
    permissive = made(sidecar(TLS))
    assert [(finding.code, finding.path) for finding in permissive.findings] == [("FR006", "spec.ingress")]
    assert all(
        "ROOTCA" in str(one_["transport_socket"])
        for one_ in inbound_chains(permissive, 9443)
        if "transport_socket" in one_
    )


def test_pools_of_inbound_connections() -> None:
    def limit(*objects: str) -> int:
        thresholds = one(made(*objects), "clusters", "inbound|9080||")["circuit_breakers"]["thresholds"]
        return int(thresholds[0]["max_connections"])

    by_rule = rule("DestinationRule", "host: productpage\ntrafficPolicy: {connectionPool: {tcp: {maxConnections: 5}}}")
    pool = "inboundConnectionPool: {tcp: {maxConnections: 6}}"
    own = "ingress: [{port: {number: 9080, protocol: HTTP}, connectionPool: {tcp: {maxConnections: 7}}}]"
    assert limit() == 4294967295
    assert limit(by_rule) == 5
    assert limit(by_rule, sidecar(pool)) == 6
    assert limit(by_rule, sidecar(f"{pool}\n{own}")) == 7


ELSEWHERE = "{host: a.b, port: {number: 1}}"
FILES = "serverCertificate: a, privateKey: b"
REFUSED = {
    "a port twice": "ingress: [{port: {number: 1}}, {port: {number: 1}}]",
    "no port": "ingress: [{port: {number: 0}}]",
    "a name as an endpoint": "ingress: [{port: {number: 1}, defaultEndpoint: 'app:80'}]",
    "a name to bind to": "egress: [{port: {number: 1}, bind: localhost, hosts: ['*/*']}]",
    "a socket with a number": "egress: [{port: {number: 1}, bind: 'unix:///x', hosts: ['*/*']}]",
    "a socket that is captured": "egress: [{port: {}, bind: 'unix:///x', captureMode: IPTABLES, hosts: ['*']}]",
    "the rest before others": "egress: [{hosts: ['*/*']}, {port: {number: 1}, hosts: ['*/*']}]",
    "a proxy where nothing may go": f"outboundTrafficPolicy: {{mode: REGISTRY_ONLY, egressProxy: {ELSEWHERE}}}",
    "a secret": f"ingress: [{{port: {{number: 1}}, tls: {{mode: SIMPLE, credentialName: x, {FILES}}}}}]",
}


@pytest.mark.parametrize("spec", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(spec: str) -> None:
    with pytest.raises(ConfigError) as raised:
        made(sidecar(spec))
    assert raised.value.where is not None
    assert raised.value.path.startswith("spec")

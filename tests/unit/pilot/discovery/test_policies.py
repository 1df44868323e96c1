"""What each field of a DestinationRule's policy does to the cluster, the route or the listener of its service."""

from __future__ import annotations

from typing import Any

import pytest
from support import bookinfo
from support.meshes import made, mesh, node, one, part, pod, router, routes_to, rule, service

import fastroute

HTTP = "typed_extension_protocol_options.envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
TLS = "transport_socket.typed_config"
THRESHOLDS = "circuit_breakers.thresholds.0"
CLUSTER = {
    "a tcp idle timeout is the one of HTTP where none is said": (
        "connectionPool: {tcp: {idleTimeout: 7s}}", "common.idle_timeout", "7s",
    ),
    "HTTP's own idle timeout": (
        "connectionPool: {tcp: {idleTimeout: 7s}, http: {idleTimeout: 8s}}", "common.idle_timeout", "8s",
    ),
    "pings": (
        "connectionPool: {http: {h2UpgradePolicy: UPGRADE, http2KeepAlive: {interval: 10s, timeout: 2s}}}",
        "http2.connection_keepalive", {"interval": "10s", "timeout": "2s"},
    ),
    "a retry budget": (
        "retryBudget: {percent: 12.5, minRetryConcurrency: 4, budgetInterval: 5s}", f"{THRESHOLDS}.retry_budget",
        {"budget_percent": {"value": 12.5}, "min_retry_concurrency": 4, "budget_interval": "5s"},
    ),
    "a retry budget's defaults": (
        "retryBudget: {}", f"{THRESHOLDS}.retry_budget",
        {"budget_percent": {"value": 20.0}, "min_retry_concurrency": 3},
    ),
    "the ring's size is Envoy's own with ringHash": (
        "loadBalancer: {consistentHash: {useSourceIp: true, ringHash: {}}}", "ring_hash_lb_config", None,
    ),
    "local errors": (
        "outlierDetection: {splitExternalLocalOriginErrors: true}",
        "outlier_detection.enforcing_local_origin_success_rate", 0,
    ),
    "names and server name of the mesh's own TLS": (
        "tls: {mode: ISTIO_MUTUAL, sni: a.b, subjectAltNames: ['spiffe://x']}", f"{TLS}.sni", "a.b",
    ),
    "names that are accepted in the mesh's own TLS": (
        "tls: {mode: ISTIO_MUTUAL, subjectAltNames: ['spiffe://x']}",
        f"{TLS}.common_tls_context.combined_validation_context.default_validation_context"
        ".match_typed_subject_alt_names.0.matcher.exact", "spiffe://x",
    ),
    "a list of revoked certificates": (
        "tls: {mode: SIMPLE, caCertificates: /ca.pem, caCrl: /crl.pem}",
        f"{TLS}.common_tls_context.combined_validation_context.default_validation_context.crl",
        {"filename": "/crl.pem"},
    ),
    "PROXY protocol in front of TLS": (
        "tls: {mode: SIMPLE}\nproxyProtocol: {version: V2}", f"{TLS}.transport_socket.name",
        "envoy.transport_sockets.tls",
    ),
    "PROXY protocol in front of plain text": (
        "tls: {mode: DISABLE}\nproxyProtocol: {version: V2}", f"{TLS}.config", {"version": "V2"},
    ),
    "a subset's port settings leave nothing of the rule's": (
        "connectionPool: {tcp: {maxConnections: 5}}", f"{THRESHOLDS}.max_connections", 5,
    ),
}  # fmt: skip


def flattened(cluster: dict[str, Any]) -> dict[str, Any]:
    """A cluster with its HTTP options under short names."""
    options = next(iter(cluster.get("typed_extension_protocol_options", {"": {}}).values()))
    http2 = options.get("explicit_http_config", {}).get("http2_protocol_options")
    return {**cluster, "common": options.get("common_http_protocol_options"), "http2": http2}


@pytest.mark.parametrize(("policy", "path", "wanted"), CLUSTER.values(), ids=CLUSTER)
def test_clusters(policy: str, path: str, wanted: object) -> None:
    spec = "host: reviews\ntrafficPolicy:\n" + "".join(f"  {line}\n" for line in policy.splitlines())
    cluster = one(made(rule("DestinationRule", spec, "reviews")), "clusters", bookinfo.REVIEWS)
    assert part(flattened(cluster), path) == wanted


def test_port_settings_of_a_subset_inherit_nothing() -> None:
    spec = """
        host: reviews
        trafficPolicy: {connectionPool: {tcp: {maxConnections: 5}}, retryBudget: {}}
        subsets:
        - name: v1
          trafficPolicy: {portLevelSettings: [{port: {number: 9080}, outlierDetection: {}}]}
    """
    name = "outbound|9080|v1|reviews.default.svc.cluster.local"
    thresholds = one(made(rule("DestinationRule", spec, "reviews")), "clusters", name)["circuit_breakers"]["thresholds"]
    assert thresholds[0]["max_connections"] == 4294967295
    assert "retry_budget" in thresholds[0], "which no port settings have"


def test_a_rule_upgrades_any_port_and_the_mesh_only_those_declared_as_http() -> None:
    upgrade = rule("DestinationRule", "host: any\ntrafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}")
    name, one_service = "outbound|7000||any.default.svc.cluster.local", service("any", 7000, "")
    assert flattened(one(made(one_service, upgrade), "clusters", name))["http2"] == {}
    assert flattened(one(made(one_service, mesh("h2UpgradePolicy: UPGRADE")), "clusters", name))["http2"] is None
    assert flattened(one(made(mesh("h2UpgradePolicy: UPGRADE")), "clusters", bookinfo.REVIEWS))["http2"] == {}


def test_connections_have_the_limits_hash_and_tunnel_of_their_service() -> None:
    spec = """
        host: db
        trafficPolicy:
          connectionPool: {tcp: {idleTimeout: 30s, maxConnectionDuration: 1h}}
          loadBalancer: {consistentHash: {useSourceIp: true}}
          tunnel: {protocol: POST, targetHost: far.example, targetPort: 443}
    """
    listener = one(made(service("db", 5432, "tcp"), rule("DestinationRule", spec)), "listeners", "10.9.0.1_5432")
    proxy = listener["filter_chains"][0]["filters"][0]["typed_config"]
    assert (proxy["idle_timeout"], proxy["max_downstream_connection_duration"]) == ("30s", "3600s")
    assert proxy["hash_policy"] == [{"source_ip": {}}]
    assert proxy["tunneling_config"] == {"hostname": "far.example:443", "use_post": True}


def test_a_hash_by_port_reaches_the_route_to_that_port() -> None:
    spec = """
        host: reviews
        trafficPolicy:
          portLevelSettings:
          - port: {number: 9080}
            loadBalancer:
              consistentHash:
                httpCookie: {name: user, ttl: 0s, attributes: [{name: SameSite, value: Strict}]}
        subsets: [{name: v2}]
    """
    route = routes_to(made(rule("DestinationRule", spec, "reviews")), "reviews")[0]["route"]
    attributes = [{"name": "SameSite", "value": "Strict"}]
    assert route["hash_policy"] == [{"cookie": {"name": "user", "ttl": "0s", "attributes": attributes}}]


PLACES = (
    node("west-a", "west", "a"), node("west-b", "west", "b"), node("east", "east"),
    pod("productpage-v1-64794f5db4-6bsbj", "10.240.2.38", "{app: productpage, tier: gold}", "{nodeName: west-a}"),
    service("cache", 80, "http", "10.9.0.5", "{app: cache}"),
    *(pod(f"cache-{n}", f"10.8.0.{n}", f"{{app: cache, tier: {tier}}}", f"{{nodeName: {where}}}")
      for n, (where, tier) in enumerate((("west-a", "iron"), ("west-b", "gold"), ("east", "gold")))),
)  # fmt: skip
CACHE = "outbound|80||cache.default.svc.cluster.local"
LOCALITY = {
    "by place, as outliers are watched": ("outlierDetection: {}", [0, 1, 2]),
    "not without watching": ("loadBalancer: {localityLbSetting: {failover: [{from: west, to: east}]}}", [0, 0, 0]),
    "switched off": ("outlierDetection: {}\nloadBalancer: {localityLbSetting: {enabled: false}}", [0, 0, 0]),
    "by a label": ("outlierDetection: {}\nloadBalancer: {localityLbSetting: {failoverPriority: [tier]}}", [1, 0, 0]),
    "by a label with a value": (
        "outlierDetection: {}\nloadBalancer: {localityLbSetting: {failoverPriority: [tier=iron]}}", [0, 1, 1],
    ),
    "by a place as a label": (
        "outlierDetection: {}\nloadBalancer: {localityLbSetting: {failoverPriority: [topology.kubernetes.io/region]}}",
        [0, 0, 1],
    ),
    "by a label, then by place": (
        "outlierDetection: {}\nloadBalancer:\n  localityLbSetting:\n    failoverPriority: [tier]\n"
        "    failover: [{from: west, to: east}]", [2, 0, 1],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "wanted"), LOCALITY.values(), ids=LOCALITY)
def test_priorities_of_localities(policy: str, wanted: list[int]) -> None:
    spec = "host: cache\ntrafficPolicy:\n" + "".join(f"  {line}\n" for line in policy.splitlines())
    groups = one(made(*PLACES, rule("DestinationRule", spec)), "endpoints", CACHE)["endpoints"]
    found = {
        endpoint["endpoint"]["address"]["socket_address"]["address"]: group.get("priority", 0)
        for group in groups
        for endpoint in group["lb_endpoints"]
    }
    assert [found[f"10.8.0.{n}"] for n in range(3)] == wanted


def test_the_meshs_locality_setting_holds_where_a_rule_has_none() -> None:
    watching = rule("DestinationRule", "host: cache\ntrafficPolicy: {outlierDetection: {}}")
    off = mesh("localityLbSetting: {enabled: false}")
    groups = one(made(*PLACES, watching, off), "endpoints", CACHE)["endpoints"]
    assert not any("priority" in group for group in groups)


def test_shares_of_localities_need_no_outlier_detection() -> None:
    setting = "distribute: [{from: west/*, to: {west/a/*: 80, east/*: 20}}]"
    spec = f"host: cache\ntrafficPolicy: {{loadBalancer: {{localityLbSetting: {{{setting}}}}}}}"
    generated = made(*PLACES, rule("DestinationRule", spec))
    groups = one(generated, "endpoints", CACHE)["endpoints"]
    shares = [(group["locality"]["region"], group["load_balancing_weight"]) for group in groups]
    assert shares == [("east", 20), ("west", 80)]
    assert one(generated, "clusters", CACHE)["common_lb_config"] == {"locality_weighted_lb_config": {}}
    chosen = router(generated)
    decision = chosen.route("cache", "/", route_config="80")
    counts: dict[str, int] = {}
    for _ in range(100):
        endpoint = chosen.pick(decision)
        assert endpoint is not None
        counts[endpoint.address] = counts.get(endpoint.address, 0) + 1
    assert counts == {"10.8.0.0": 80, "10.8.0.2": 20}


def test_traffic_that_is_not_http_on_a_sniffed_port_goes_to_the_service() -> None:
    """Envoy finds no chain for it when the catch-all stands beside chains that ask for a transport."""
    caller = router(made(service("any", 7000, "")))
    wanted, source = ("10.9.0.1", 7000), ("10.240.2.38", 41000)
    for data, kind in ((b"\x00\x01\x02\x03\x04", "tcp"), (b"GET / HTTP/1.1\r\n\r\n", "http")):
        chain = caller.connect(
            fastroute.Connection(destination=wanted, source=source, accepted=("10.240.2.38", 15001), first_bytes=data)
        )
        assert chain is not None
        assert chain.kind == kind, data
        if kind == "tcp":
            assert chain.cluster == "outbound|7000||any.default.svc.cluster.local"


def test_headless_services_are_called_with_mutual_tls_only_if_all_workloads_take_it() -> None:
    def socket(*modes: str) -> Any:
        pods = [
            pod(f"h-{n}", f"10.8.1.{n}", f"{{app: h, security.istio.io/tlsMode: {mode}}}")
            for n, mode in enumerate(modes)
        ]
        generated = made(service("h", 5432, "tcp", "None", "{app: h}"), *pods)
        cluster = one(generated, "clusters", "outbound|5432||h.default.svc.cluster.local")
        assert "transport_socket_matches" not in cluster
        return cluster.get("transport_socket", {}).get("name")

    assert socket("istio", "istio") == "envoy.transport_sockets.tls"
    assert socket("istio", "disabled") is None
    assert socket() is None


def test_names_of_a_service_entry_are_those_that_its_certificate_may_have() -> None:
    entry = rule(
        "ServiceEntry",
        "hosts: [a.example]\nports: [{number: 443, name: https, protocol: HTTPS}]\nresolution: DNS\n"
        "subjectAltNames: [b.example]",
    )
    simple = rule("DestinationRule", "host: a.example\ntrafficPolicy: {tls: {mode: SIMPLE}}")
    context = one(made(entry, simple), "clusters", "outbound|443||a.example")["transport_socket"]["typed_config"]
    combined = context["common_tls_context"]["combined_validation_context"]
    assert combined["validation_context_sds_secret_config"]["name"] == "file-root:system"
    names = [one["matcher"]["exact"] for one in combined["default_validation_context"]["match_typed_subject_alt_names"]]
    assert names == ["b.example", "b.example"]
    old = one(made(entry, simple, profile="1.8"), "clusters", "outbound|443||a.example")["transport_socket"]
    assert "combined_validation_context" not in old["typed_config"]["common_tls_context"]

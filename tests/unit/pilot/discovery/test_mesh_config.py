"""What each setting of MeshConfig does, and that what it does not know is refused."""

from __future__ import annotations

from typing import Any

import pytest
from support import bookinfo
from support.meshes import made, mesh, one, part, routes_to, rule, service

from fastroute.errors import ConfigError

MANAGER = "filter_chains.0.filters.0.typed_config"
LISTENER = ("listeners", "0.0.0.0_9080")
SETTINGS: dict[str, tuple[str, tuple[str, str], str, object]] = {
    "connect timeout": ("connectTimeout: 3s", ("clusters", bookinfo.REVIEWS), "connect_timeout", "3s"),
    "keep-alive": (
        "tcpKeepalive: {time: 10s, interval: 5s, probes: 3}", ("clusters", bookinfo.REVIEWS),
        "upstream_connection_options.tcp_keepalive",
        {"keepalive_time": 10, "keepalive_interval": 5, "keepalive_probes": 3},
    ),
    "no normalisation": ("pathNormalization: {normalization: NONE}", LISTENER, f"{MANAGER}.normalize_path", False),
    "merged slashes": ("pathNormalization: {normalization: MERGE_SLASHES}", LISTENER, f"{MANAGER}.merge_slashes", True),
    "decoded slashes": (
        "pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}", LISTENER,
        f"{MANAGER}.path_with_escaped_slashes_action", "UNESCAPE_AND_FORWARD",
    ),
    "names of statistics": (
        "outboundClusterStatName: '%SERVICE%_%SERVICE_PORT_NAME%_%SUBSET_NAME%'", ("clusters", bookinfo.REVIEWS),
        "alt_stat_name", "reviews.default_http_;",
    ),
    "names of inbound statistics": (
        "inboundClusterStatName: '%SERVICE_FQDN%_%TARGET_PORT%'", ("clusters", "inbound|9080||"), "alt_stat_name",
        "productpage.default.svc.cluster.local_9080;",
    ),
    "connections to loopback": (
        "inboundTrafficPolicy: {mode: LOCALHOST}", ("clusters", "inbound|9080||"), "type", "STATIC",
    ),
    "trust domains of other names": (
        "trustDomainAliases: [old]", ("clusters", bookinfo.REVIEWS),
        "transport_socket_matches.0.transport_socket.typed_config.common_tls_context.combined_validation_context"
        ".default_validation_context.match_typed_subject_alt_names.1.matcher.exact",
        "spiffe://old/ns/default/sa/bookinfo-reviews",
    ),
    "a log by a provider": (
        "defaultProviders: {accessLogging: [envoy], metrics: [prometheus]}", LISTENER,
        f"{MANAGER}.access_log.0.typed_config.path", "/dev/stdout",
    ),
    "a log by a provider of one's own": (
        "defaultProviders: {accessLogging: [mine]}\nextensionProviders:\n"
        "- {name: mine, envoyFileAccessLog: {path: /tmp/x, logFormat: {labels: {a: '%PROTOCOL%'}}}}",
        LISTENER, f"{MANAGER}.access_log.0.typed_config.log_format.json_format", {"a": "%PROTOCOL%"},
    ),
    "what has no part in it": (
        "ingressService: x\ningressControllerMode: STRICT\nserviceSettings: [{settings: {clusterLocal: true}}]",
        ("clusters", bookinfo.REVIEWS), "type", "EDS",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("setting", "resource", "path", "wanted"), SETTINGS.values(), ids=SETTINGS)
def test_settings(setting: str, resource: tuple[str, str], path: str, wanted: object) -> None:
    assert part(one(made(mesh(setting)), *resource), path) == wanted


def test_retries_where_a_rule_has_none() -> None:
    def policies(setting: str) -> tuple[Any, Any]:
        generated = made(mesh(setting))
        (inbound,) = [
            chain for chain in one(generated, "listeners", "virtualInbound")["filter_chains"]
            if chain["filter_chain_match"].get("destination_port") == 9080
            and chain["filter_chain_match"]["transport_protocol"] == "raw_buffer"
        ]  # fmt: skip
        routes = part(inbound, "filters.0.typed_config.route_config.virtual_hosts.0.routes")
        return routes_to(generated, "zipkin", "9411")[0]["route"].get("retry_policy"), routes[0]["route"].get(
            "retry_policy"
        )

    outbound, inbound = policies("defaultHttpRetryPolicy: {attempts: 4, retryOn: 5xx, perTryTimeout: 1s}")
    assert (outbound["num_retries"], outbound["retry_on"], outbound["per_try_timeout"]) == (4, "5xx", "1s")
    assert inbound == {"retry_on": "5xx", "num_retries": 4}
    assert policies("defaultHttpRetryPolicy: {attempts: 0}") == (None, None)


def test_limits_of_tls_in_the_mesh() -> None:
    settings = "meshMTLS: {minProtocolVersion: TLSV1_3}\ntlsDefaults: {cipherSuites: [ECDHE-RSA-AES128-GCM-SHA256]}"
    outside = rule("DestinationRule", "host: reviews\ntrafficPolicy: {tls: {mode: SIMPLE}}", "reviews")
    generated = made(mesh(settings), outside)
    chains = one(generated, "listeners", "virtualInbound")["filter_chains"]
    contexts = [chain["transport_socket"]["typed_config"] for chain in chains if "transport_socket" in chain]
    assert {c["common_tls_context"]["tls_params"]["tls_minimum_protocol_version"] for c in contexts} == {"TLSv1_3"}
    client = one(generated, "clusters", bookinfo.REVIEWS)["transport_socket"]["typed_config"]["common_tls_context"]
    assert client["tls_params"]["cipher_suites"] == ["ECDHE-RSA-AES128-GCM-SHA256"]


def test_only_chosen_namespaces_are_looked_at() -> None:
    other = service("far", 80, "http").replace("namespace: default", "namespace: other")
    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: other, labels: {team: far}}\n"

    def seen(selectors: str) -> bool:
        generated = made(other, space, mesh(f"discoverySelectors: [{selectors}]"))
        return any("far.other" in cluster["name"] for cluster in generated.resources["clusters"])

    name = "{matchLabels: {kubernetes.io/metadata.name: default}}"
    assert seen("")
    assert not seen(name)
    assert seen(f"{name}, {{matchLabels: {{team: far}}}}")
    assert seen(f"{name}, {{matchExpressions: [{{key: team, operator: In, values: [near, far]}}]}}")
    assert not seen(
        f"{name}, {{matchExpressions: [{{key: team, operator: DoesNotExist}}, {{key: x, operator: Exists}}]}}"
    )


REFUSED = (
    "caCertificates: [{pem: x}]", "defaultProviders: {tracing: [zipkin]}",
    "defaultProviders: {accessLogging: [nobody]}",
    "defaultProviders: {accessLogging: [als]}\nextensionProviders: [{name: als, envoyHttpAls: {}}]",
    "proxyHttpPort: 3128", "defaultConfig: {proxyHeaders: {}}", "enableEnvoyAccessLogService: true", "nothing: 1",
)  # fmt: skip


@pytest.mark.parametrize("setting", REFUSED)
def test_what_is_refused(setting: str) -> None:
    with pytest.raises(ConfigError):
        made(mesh(setting))


def test_names_below_a_headless_service_are_its_own() -> None:
    """Pods of a StatefulSet are called by names below their service's."""
    generated = made(service("h", 80, "http", "None", "{app: reviews}"))
    domains = one(generated, "routes", "80")["virtual_hosts"][0]["domains"]
    assert domains[:4] == ["h.default.svc.cluster.local", "h", "h.default.svc", "h.default"]
    assert domains[4:] == [f"*.{name}" for name in domains[:4]]
    old = one(made(service("h", 80, "http", "None"), profile="1.8"), "routes", "80")["virtual_hosts"][0]["domains"]
    assert "*.h.default:80" in old

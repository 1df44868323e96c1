"""The clusters of the bootstrap, in order.

prometheus_stats (Envoy's admin), agent (readiness), sds-grpc and xds-grpc (the agent's Unix sockets), then one for
each service that the ProxyConfig names: zipkin or datadog, metrics service, access log service. Everything else
comes over ADS.

A DNS cluster is a primary cluster: Envoy waits for its first answer before it opens ADS. Profile `current` therefore
sets wait_for_warm_on_init to false for it; profile 1.8 keeps Istio's form.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace

from fastroute.errors import ParseError, UnsupportedError
from fastroute.pilot.agent.inputs import Json, port_number
from fastroute.pilot.agent.proxy_config import section, text
from fastroute.pilot.agent.switches import Switches

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
DNS_CLUSTER = "envoy.extensions.clusters.dns.v3.DnsCluster"
TRACERS = {"zipkin": "zipkin", "datadog": "datadog_agent"}


@dataclass(frozen=True, slots=True)
class Family:
    """How an address family is written: of the pod's first address."""

    localhost: str
    wildcard: str
    lookup: str


IPV4 = Family("127.0.0.1", "0.0.0.0", "V4_ONLY")
IPV6 = Family("::1", "::", "V6_ONLY")


def family(address: str) -> Family:
    """The family of the pod's `address`; a pod that has only loopback also listens there only."""
    own = IPV6 if ":" in address else IPV4
    return replace(own, wildcard=own.localhost) if ipaddress.ip_address(address).is_loopback else own


def static_clusters(proxy_config: Json, own: Family, row: Switches) -> list[Json]:
    """The clusters for the merged ProxyConfig."""
    config_path = str(proxy_config["configPath"]).rstrip("/")
    clusters = [
        _local("prometheus_stats", "prometheus_stats", own, proxy_config["proxyAdminPort"]),
        _local("agent", row.agent_assignment, own, proxy_config["statusPort"]),
        _http2(_pipe("sds-grpc", row.sds_path), row),
        _xds(f"{config_path}/XDS", row),
    ]
    kind, address = tracer(proxy_config)
    if kind:
        clusters.append(_dns(TRACERS[kind], address, f"tracing.{kind}.address", own, row))
    for field, name in (
        ("envoyMetricsService", "envoy_metrics_service"),
        ("envoyAccessLogService", "envoy_accesslog_service"),
    ):
        _refuse_tls(proxy_config, field)
        address = text(proxy_config, field, "address")
        if address:
            clusters.append(_http2(_dns(name, address, f"{field}.address", own, row), row))
    return clusters


def tracer(proxy_config: Json) -> tuple[str, str]:
    """The kind and address of the tracer that the ProxyConfig names; empty when it names none."""
    _refuse_tls(proxy_config, "tracing")
    for kind in ("lightstep", "stackdriver", "openCensusAgent"):
        if kind in section(proxy_config, "tracing"):
            raise UnsupportedError("Envoy 1.40 has no such tracer", path=f"tracing.{kind}")
    for kind in TRACERS:
        address = text(proxy_config, "tracing", kind, "address")
        if address:
            return kind, address
    address = text(proxy_config, "zipkinAddress")
    return ("zipkin", address) if address else ("", "")


def _refuse_tls(proxy_config: Json, field: str) -> None:
    if text(proxy_config, field, "tlsSettings", "mode") not in ("", "DISABLE"):
        raise UnsupportedError("TLS to this service is not supported", path=f"{field}.tlsSettings")


def _cluster(name: str, kind: Json, timeout: str, assignment: str, address: Json) -> Json:
    endpoint = {"endpoint": {"address": address}}
    return {
        "name": name,
        **kind,
        "connect_timeout": timeout,
        "lb_policy": "ROUND_ROBIN",
        "load_assignment": {"cluster_name": assignment, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _local(name: str, assignment: str, own: Family, port: int) -> Json:
    address = {"socket_address": {"protocol": "TCP", "address": own.localhost, "port_value": port}}
    return _cluster(name, {"type": "STATIC"}, "0.250s", assignment, address)


def _pipe(name: str, path: str) -> Json:
    return _cluster(name, {"type": "STATIC"}, "1s", name, {"pipe": {"path": path}})


def _dns(name: str, address: str, path: str, own: Family, row: Switches) -> Json:
    host, separator, port = address.rpartition(":")
    if not separator or not host:
        raise ParseError(f"HOST:PORT is expected, not {address!r}", path=path)
    options = {"respect_dns_ttl": True, "dns_lookup_family": own.lookup}
    if row.deprecated_fields:
        kind: Json = {"type": "STRICT_DNS", **options}
    else:
        typed = {"@type": f"type.googleapis.com/{DNS_CLUSTER}", **options}
        kind = {
            "cluster_type": {"name": "envoy.clusters.dns", "typed_config": typed},
            "wait_for_warm_on_init": False,
        }
    target = {"address": host.strip("[]"), "port_value": port_number(port, path)}
    return _cluster(name, kind, "1s", name, {"socket_address": target})


def _http2(cluster: Json, row: Switches, *, requests_per_connection: int | None = None) -> Json:
    if row.deprecated_fields:
        limit = {} if requests_per_connection is None else {"max_requests_per_connection": requests_per_connection}
        return {**cluster, **limit, "http2_protocol_options": {}}
    options: Json = {
        "@type": f"type.googleapis.com/{HTTP_OPTIONS}",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    if requests_per_connection is not None:
        options["common_http_protocol_options"] = {"max_requests_per_connection": requests_per_connection}
    return {**cluster, "typed_extension_protocol_options": {HTTP_OPTIONS: options}}


def _xds(path: str, row: Switches) -> Json:
    limits = {"max_connections": 100000, "max_pending_requests": 100000, "max_requests": 100000}
    cluster = {
        **_pipe("xds-grpc", path),
        "circuit_breakers": {"thresholds": [{"priority": priority, **limits} for priority in ("DEFAULT", "HIGH")]},
        "upstream_connection_options": {"tcp_keepalive": {"keepalive_time": 300}},
    }
    return _http2(cluster, row, requests_per_connection=1)

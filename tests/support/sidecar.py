"""The listeners of a sidecar in the shape of Istio 1.8, for a pod that serves and calls port 9080."""

from __future__ import annotations

from typing import Any

from support.connections import chain, listener_filter, manager, tcp, tcp_proxy

PLAIN_HTTP = ["http/1.0", "http/1.1", "h2c"]
MTLS_HTTP = ["istio-http/1.0", "istio-http/1.1", "istio-h2"]
ANY = {"prefix_ranges": [{"address_prefix": "0.0.0.0", "prefix_len": 0}]}


def virtual_outbound() -> dict[str, Any]:
    """Port 15001: hands connections on; keeps those that no other listener takes."""
    return {
        "name": "virtualOutbound",
        "address": tcp("0.0.0.0", 15001),
        "traffic_direction": "OUTBOUND",
        "use_original_dst": True,
        "filter_chains": [
            chain("virtualOutbound-blackhole", {"destination_port": 15001}, tcp_proxy("BlackHoleCluster")),
            chain("virtualOutbound-catchall-tcp", None, tcp_proxy("PassthroughCluster")),
        ],
    }


def outbound_http(port: int = 9080) -> dict[str, Any]:
    """An outbound HTTP listener that no socket is bound for."""
    return {
        "name": f"0.0.0.0_{port}",
        "address": tcp("0.0.0.0", port),
        "deprecated_v1": {"bind_to_port": False},
        "traffic_direction": "OUTBOUND",
        "listener_filters": [listener_filter("tls_inspector"), listener_filter("http_inspector")],
        "listener_filters_timeout": "0s",
        "continue_on_listener_filters_timeout": True,
        "filter_chains": [
            chain("", {"transport_protocol": "raw_buffer", "application_protocols": PLAIN_HTTP}, manager(str(port)))
        ],
        "default_filter_chain": chain("PassthroughFilterChain", None, tcp_proxy("PassthroughCluster")),
    }


def virtual_inbound(port: int = 9080) -> dict[str, Any]:
    """Port 15006: the chains of one inbound port, and what passes through."""
    passthrough = tcp_proxy("InboundPassthroughClusterIpv4")
    plain = {"transport_protocol": "raw_buffer"}
    return {
        "name": "virtualInbound",
        "address": tcp("0.0.0.0", 15006),
        "traffic_direction": "INBOUND",
        "listener_filters": [listener_filter(name) for name in ("original_dst", "tls_inspector", "http_inspector")],
        "listener_filters_timeout": "0s",
        "continue_on_listener_filters_timeout": True,
        "filter_chains": [
            chain("virtualInbound-blackhole", {"destination_port": 15006}, tcp_proxy("BlackHoleCluster")),
            chain("tcp-tls", {**ANY, **mtls("istio-peer-exchange", "istio")}, passthrough),
            chain("tcp-raw", {**ANY, **plain}, passthrough),
            chain("http-tls", {**ANY, **mtls(*PLAIN_HTTP, *MTLS_HTTP)}, manager("InboundPassthrough")),
            chain("http-raw", {**ANY, **plain, "application_protocols": PLAIN_HTTP}, manager("InboundPassthrough")),
            chain("port-tls", {"destination_port": port, **mtls("istio", *MTLS_HTTP)}, manager(f"inbound|{port}||")),
            chain("port-raw", {"destination_port": port, **plain}, manager(f"inbound|{port}||")),
        ],
    }


def mtls(*protocols: str) -> dict[str, Any]:
    """A TLS match of these application protocols."""
    return {"transport_protocol": "tls", "application_protocols": list(protocols)}


CLUSTERS = ("BlackHoleCluster", "PassthroughCluster", "InboundPassthroughClusterIpv4")


def sidecar() -> list[dict[str, Any]]:
    """All of them."""
    return [virtual_outbound(), outbound_http(), virtual_inbound()]

"""Network filters and HTTP filters that listeners are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fastroute.api import names as api
from fastroute.pilot.discovery.generate.access_log import access_log
from fastroute.pilot.discovery.generate.names import ADS, JSON, extension, istio_only
from fastroute.pilot.discovery.model.protocols import Protocol
from fastroute.pilot.discovery.model.view import View

TCP_PROXY: Final = "envoy.filters.network.tcp_proxy"
MANAGER: Final = "envoy.filters.network.http_connection_manager"
ALPN: Final = "istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig"

ORIGINAL_DST: Final = extension(
    "envoy.filters.listener.original_dst", "envoy.extensions.filters.listener.original_dst.v3.OriginalDst"
)
ORIGINAL_SRC: Final = extension(
    "envoy.filters.listener.original_src",
    "envoy.extensions.filters.listener.original_src.v3.OriginalSrc",
    mark=1337,
)
"""Transparent redirection: connections to the application leave from the client's own address, with the mark
by which the redirection rules know them."""
TLS_INSPECTOR: Final = extension(
    "envoy.filters.listener.tls_inspector", "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
)
HTTP_INSPECTOR: Final = extension(
    "envoy.filters.listener.http_inspector", "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector"
)


def transparent(view: View) -> JSON:
    """What a listener that iptables redirects to needs for connections which TPROXY brings."""
    return {"transparent": True} if view.proxy.transparent else {}


def tcp_proxy(view: View, targets: Iterable[tuple[str, int]], said: JSON | None = None) -> JSON:
    """A proxy for connections to one cluster, or to several by weight; `said` is what policies add."""
    clusters = list(targets)
    fields: JSON = {"stat_prefix": clusters[0][0], **access_log(view), **(said or {})}
    if len(clusters) == 1:
        fields["cluster"] = clusters[0][0]
    else:
        fields["weighted_clusters"] = {"clusters": [{"name": name, "weight": share} for name, share in clusters]}
    return extension(TCP_PROXY, api.TCP_PROXY, **fields)


def outbound_http(view: View, prefix: str, route_name: str, *, grpc_web: bool) -> JSON:
    """The connection manager of an outbound listener; its routes come over RDS. `grpc_web`: for gRPC-Web clients."""
    source = {**ADS, "initial_fetch_timeout": "0s"}
    return _manager(view, prefix, True, grpc_web, rds={"config_source": source, "route_config_name": route_name})


def inbound_http(view: View, prefix: str, routes: JSON, protocol: Protocol) -> JSON:
    """The connection manager of an inbound chain, with its routes inside."""
    fields: JSON = {
        "route_config": routes,
        "server_name": "istio-envoy",
        "forward_client_cert_details": "APPEND_FORWARD",
        "set_current_client_cert_details": {"subject": True, "dns": True, "uri": True},
    }
    if protocol.is_http2:
        fields["http2_protocol_options"] = {}
    return _manager(view, prefix, False, protocol is Protocol.GRPC_WEB, **fields)


def _manager(view: View, prefix: str, outbound: bool, grpc_web: bool, **fields: object) -> JSON:
    made: JSON = {
        "codec_type": "AUTO",
        "stat_prefix": prefix,
        "http_filters": http_filters(view, outbound=outbound, grpc_web=grpc_web),
        "use_remote_address": False,
        **_paths(view.mesh.path_normalization.normalization),
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        **access_log(view),
        **fields,
    }
    if outbound:
        made["generate_request_id"] = True
    if view.profile.hcm_tracing and view.mesh.enable_tracing:
        asked = view.mesh.default_config.tracing
        tracing: JSON = {
            "client_sampling": {"value": 100.0},
            "random_sampling": {"value": asked.sampling},
            "overall_sampling": {"value": 100.0},
        }
        if asked.max_path_tag_length is not None:
            tracing["max_path_tag_length"] = asked.max_path_tag_length
        made["tracing"] = tracing
    return extension(MANAGER, api.HTTP_CONNECTION_MANAGER, **made)


def _paths(normalization: str) -> JSON:
    """What is done to paths before they are routed, by the mesh's setting."""
    if normalization == "NONE":
        return {"normalize_path": False}
    made: JSON = {"normalize_path": True}
    if normalization in ("MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"):
        made["merge_slashes"] = True
    if normalization == "DECODE_AND_MERGE_SLASHES":
        made["path_with_escaped_slashes_action"] = "UNESCAPE_AND_FORWARD"
    return made


def http_filters(view: View, *, outbound: bool, grpc_web: bool) -> list[JSON]:
    """The HTTP filters in the profile's order, behind that of a gRPC-Web port; the router comes last."""
    made = {
        "fault": extension("envoy.filters.http.fault", api.FAULT),
        "cors": extension("envoy.filters.http.cors", api.CORS),
        "istio.alpn": _alpn() if outbound else None,
    }
    first = [extension("envoy.filters.http.grpc_web", api.GRPC_WEB)] if grpc_web else []
    chosen = [one for name in view.profile.http_filters if (one := made[name]) is not None]
    return [*first, *chosen, extension("envoy.filters.http.router", api.ROUTER)]


def _alpn() -> JSON:
    """Istio's filter that offers the protocols of mutual TLS by the client's version of HTTP."""
    pairs = (("HTTP10", "istio-http/1.0"), ("HTTP11", "istio-http/1.1"), ("HTTP2", "istio-h2"))
    overrides = [{"upstream_protocol": version, "alpn_override": [alpn, "istio"]} for version, alpn in pairs]
    return istio_only("istio.alpn", ALPN, alpn_override=overrides)

"""Checks that Envoy makes when it builds a resource, of fields that decide no request.

Rules that no constraint of the API expresses and that no compiler meets, because the fields do not
matter to a decision; each was seen in the real Envoy. What compilers read they check themselves.

* A duration is not negative ("Expected positive duration", CF-05).
* An address is not resolved by an unknown resolver. An additional address of an endpoint is one.
* A listener is `ipv4_compat` at `::` or a mapped address only, internal without an address, and
  binds its port when it is of UDP.
* An access logger names its configuration, for its type is found by that alone (NF-02).
* Several health checks of a cluster have names each.
* A status range is not empty and within 100 to 600. A gRPC health check needs HTTP/2, and
  `use_alpn_protocol` a transport socket. HTTP/3 needs a QUIC transport socket, and `auto_config` one
  with ALPN, in every match too.
* Sources of configuration: see `fastroute.api.config_sources`. RDS without one has an `xdstp:` name (XD-27).
* A source address has no named port; a load balancing policy, if set, names one.
* A string matcher with a regex does not ignore case. TLS compliance policies are known ones.
* TLS contexts: see `fastroute.api.tls_semantics`; format strings: see `fastroute.api.format_semantics`.
* A header field of HTTP/2 is no larger than all headers may be. Outlier detection ejects no shorter at most than
  at first.
* A PROXY protocol TLV has a value or a format. A TCP proxy that connects late limits early data, and
  one that tunnels has a POST path only with POST.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Set
from typing import Any

from google.protobuf.message import DecodeError

from fastroute.api import bootstrap_semantics, config_sources, format_semantics, names, pool, tls_semantics

Complaint = tuple[str, str, str]
"""Path below the message, what is wrong, what to do."""

Check = Callable[[Any], Iterator[Complaint]]

_RESOLVERS = frozenset(("", "envoy.ip"))
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_SOCKETS = "envoy.extensions.transport_sockets."
_ALPN = frozenset((_SOCKETS + "tls.v3.UpstreamTlsContext", _SOCKETS + "quic.v3.QuicUpstreamTransport"))
_WRAPPERS = frozenset(
    _SOCKETS + name
    for name in (
        "proxy_protocol.v3.ProxyProtocolUpstreamTransport",
        "http_11_proxy.v3.Http11ProxyUpstreamTransport",
        "tcp_stats.v3.Config",
        "tap.v3.Tap",
    )
)
_REQUEST_HEADERS_KB, _EJECTION_MS = 60, 30_000
_QUIC = "envoy.extensions.transport_sockets.quic.v3.QuicUpstreamTransport"


def negative(duration: Any) -> bool:
    """Whether a Duration is below zero."""
    return bool(duration.seconds < 0 or duration.nanos < 0)


def _socket_address(message: Any) -> Iterator[Complaint]:
    if message.resolver_name not in _RESOLVERS:
        yield "resolver_name", f"unknown address resolver: {message.resolver_name}", "Remove it."


def _takes_ipv4(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return True
    return address.version == 6 and (address.ipv4_mapped is not None or int(address) == 0)


def _additional_address(message: Any) -> Iterator[Complaint]:
    if not message.HasField("address"):
        yield "address", "an additional address without an address", "Set it, or remove the entry."


def _listener(message: Any) -> Iterator[Complaint]:
    own = message.address.socket_address
    if own.ipv4_compat and not _takes_ipv4(own.address):
        path = "address.socket_address.ipv4_compat"
        yield path, "only :: and IPv4-mapped IPv6 addresses can set ipv4_compat", "Remove it."
    if message.HasField("internal_listener") and message.HasField("address"):
        wrong = "address should not be used when an internal listener config is provided"
        yield "address", wrong, "Remove address, or internal_listener."
    if own.protocol == 1 and message.HasField("bind_to_port") and not message.bind_to_port.value:
        yield "bind_to_port", "bind_to_port: false is not supported for UDP listeners", "Remove it."


def _access_log(message: Any) -> Iterator[Complaint]:
    if not message.typed_config.type_url:
        yield "typed_config", f'no access logger is registered for "{message.name}" without a type', "Set typed_config."


def _health_check(message: Any) -> Iterator[Complaint]:
    for field in ("expected_statuses", "retriable_statuses"):
        for position, span in enumerate(getattr(message, field)):
            wrong = _status_range(span)
            if wrong:
                yield f"{field}[{position}]", wrong, "A range is from start up to, but without, end."


def _status_range(span: Any) -> str:
    if span.start >= span.end:
        return f"expecting start < end, but found start={span.start} and end={span.end}"
    if span.start < 100:
        return f"expecting start >= 100, but found start={span.start}"
    return f"expecting end <= 600, but found end={span.end}" if span.end > 600 else ""


def _cluster(message: Any) -> Iterator[Complaint]:
    yield from _http3(message)
    yield from tls_semantics.cluster(message)
    common = message.common_http_protocol_options
    if common.HasField("max_response_headers_kb"):
        limit = common.max_response_headers_kb.value
        yield from _field_size(message.http2_protocol_options, limit, "max_response_headers_kb")
    if message.HasField("load_balancing_policy") and not message.load_balancing_policy.policies:
        yield "load_balancing_policy.policies", "no load balancing policy is named", "Name one."
    http2 = message.HasField("http2_protocol_options") or _HTTP_OPTIONS in message.typed_extension_protocol_options
    for position, check in enumerate(message.health_checks):
        path = f"health_checks[{position}]"
        if len(message.health_checks) > 1 and not check.name:
            yield f"{path}.name", "with several health checks, each must have a name", "Set it."
        if check.HasField("grpc_health_check") and not http2:
            wrong = "the cluster must support HTTP/2 for gRPC health checking"
            yield f"{path}.grpc_health_check", wrong, "Set its HTTP/2 options."
        if check.http_health_check.use_alpn_protocol and not message.HasField("transport_socket"):
            wrong = "use_alpn_protocol needs a transport socket with ALPN"
            yield f"{path}.http_health_check.use_alpn_protocol", wrong, "Set transport_socket."


_subscribing = config_sources.subscribing("config_source")


def _rds(message: Any) -> Iterator[Complaint]:
    yield from _subscribing(message)
    if not message.HasField("config_source") and not message.route_config_name.startswith("xdstp:"):
        wrong = "an RDS config must have either a config_source or an xDS-TP based route_config_name"
        yield "config_source", wrong, "Set config_source."


_scopes = config_sources.subscribing("scoped_rds_config_source")


def _scoped_rds(message: Any) -> Iterator[Complaint]:
    yield from _scopes(message)
    for _, wrong, remedy in config_sources.located(message.srds_resources_locator, names.SCOPED_ROUTE_CONFIGURATION):
        yield "srds_resources_locator", wrong, remedy


def _bind_config(message: Any) -> Iterator[Complaint]:
    if message.source_address.WhichOneof("port_specifier") == "named_port":
        yield "source_address.named_port", "an IP address has no named port", "Use port_value."


def _string_matcher(message: Any) -> Iterator[Complaint]:
    if message.ignore_case and message.HasField("safe_regex"):
        yield "ignore_case", "ignore_case has no effect for safe_regex", "Write (?i) into the regex."


def _tls_parameters(message: Any) -> Iterator[Complaint]:
    known = message.DESCRIPTOR.fields_by_name["compliance_policies"].enum_type.values_by_number
    for position, policy in enumerate(message.compliance_policies):
        if policy not in known:
            yield f"compliance_policies[{position}]", f"unknown compliance policy: {policy}", "Name a known one."


def _http3(cluster: Any) -> Iterator[Complaint]:
    options = cluster.typed_extension_protocol_options.get(_HTTP_OPTIONS)
    inner = None if options is None else _inside(options, {_HTTP_OPTIONS})
    if inner is None:
        return
    if inner.HasField("auto_config"):
        yield from _alpn(cluster)
    explicit = inner.explicit_http_config
    socket = pool.type_name(cluster.transport_socket.typed_config.type_url)
    if explicit.HasField("http3_protocol_options") and socket != _QUIC:
        path = f'typed_extension_protocol_options["{_HTTP_OPTIONS}"].explicit_http_config.http3_protocol_options'
        yield path, "HTTP3 requires a QuicUpstreamTransport transport socket", "Set transport_socket."


def _alpn(cluster: Any) -> Iterator[Complaint]:
    wrong = "ALPN configured for a cluster which has a non-ALPN transport socket"
    if not _speaks_alpn(cluster.transport_socket):
        yield "transport_socket", wrong, "Set one of TLS, or an explicit_http_config in place of auto_config."
    for position, match in enumerate(cluster.transport_socket_matches):
        if not _speaks_alpn(match.transport_socket):
            yield f"transport_socket_matches[{position}].transport_socket", wrong, "Set one of TLS."


def _speaks_alpn(socket: Any) -> bool:
    """Whether a transport socket, or the one that it wraps, negotiates by ALPN."""
    if pool.type_name(socket.typed_config.type_url) in _ALPN:
        return True
    inner = _inside(socket.typed_config, _WRAPPERS)
    return inner is not None and _speaks_alpn(inner.transport_socket)


def _inside(any_message: Any, types: Set[str]) -> Any | None:
    """The message in an Any of one of `types`. None of bytes that are none: whoever checks the Any says so."""
    name = pool.type_name(any_message.type_url)
    if name not in types:
        return None
    try:
        return pool.message_class(name).FromString(any_message.value)
    except DecodeError:
        return None


def _field_size(http2: Any, limit: int, name: str) -> Iterator[Complaint]:
    """`limit` is that of all headers, in kB."""
    if http2.HasField("max_header_field_size_kb") and http2.max_header_field_size_kb.value > limit:
        wrong = f"max_header_field_size_kb must not exceed {name}"
        yield "http2_protocol_options.max_header_field_size_kb", wrong, f"Lower it, or raise {name}."


def _manager(message: Any) -> Iterator[Complaint]:
    limit = message.max_request_headers_kb.value if message.HasField("max_request_headers_kb") else _REQUEST_HEADERS_KB
    yield from _field_size(message.http2_protocol_options, limit, "max_request_headers_kb")


def _http_options(message: Any) -> Iterator[Complaint]:
    common = message.common_http_protocol_options
    kind = message.WhichOneof("upstream_protocol_options")
    if kind is None or not common.HasField("max_response_headers_kb"):
        return
    found = _field_size(
        getattr(message, kind).http2_protocol_options, common.max_response_headers_kb.value, "max_response_headers_kb"
    )
    yield from ((f"{kind}.{path}", wrong, remedy) for path, wrong, remedy in found)


def _outlier_detection(message: Any) -> Iterator[Complaint]:
    base = message.base_ejection_time.ToMilliseconds() if message.HasField("base_ejection_time") else _EJECTION_MS
    if message.HasField("max_ejection_time") and message.max_ejection_time.ToMilliseconds() < base:
        wrong = "outlier detector's max_ejection_time cannot be smaller than base_ejection_time"
        yield "max_ejection_time", wrong, "Raise it, or lower base_ejection_time, which is 30s unless set."


def _tlv(message: Any) -> Iterator[Complaint]:
    if not message.value and not message.HasField("format_string"):
        yield "", "one of value or format_string must be set", "Set one of them."


def _tcp_proxy(message: Any) -> Iterator[Complaint]:
    if message.upstream_connect_mode and not message.HasField("max_early_data_bytes"):
        wrong = "max_early_data_bytes must be set when upstream_connect_mode is not IMMEDIATE"
        yield "max_early_data_bytes", wrong, "Set it."


CHECKS: dict[str, Check] = {
    "envoy.config.bootstrap.v3.Bootstrap": bootstrap_semantics.bootstrap,
    "envoy.config.bootstrap.v3.LayeredRuntime": bootstrap_semantics.layered_runtime,
    "envoy.extensions.transport_sockets.tls.v3.Secret": bootstrap_semantics.secret,
    "envoy.config.metrics.v3.TagSpecifier": bootstrap_semantics.tag_specifier,
    "envoy.config.core.v3.SocketAddress": _socket_address,
    "envoy.config.endpoint.v3.Endpoint.AdditionalAddress": _additional_address,
    "envoy.config.listener.v3.Listener": _listener,
    "envoy.config.accesslog.v3.AccessLog": _access_log,
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck": _health_check,
    "envoy.config.cluster.v3.Cluster": _cluster,
    "envoy.config.core.v3.BindConfig": _bind_config,
    "envoy.config.core.v3.ConfigSource": config_sources.config_source,
    "envoy.config.core.v3.ExtensionConfigSource": config_sources.subscribing("config_source"),
    "envoy.config.cluster.v3.Cluster.EdsClusterConfig": config_sources.subscribing("eds_config"),
    "envoy.config.bootstrap.v3.Bootstrap.DynamicResources": config_sources.subscribing("lds_config", "cds_config"),
    "envoy.config.bootstrap.v3.RuntimeLayer.RtdsLayer": config_sources.subscribing("rtds_config"),
    "envoy.extensions.filters.network.http_connection_manager.v3.ScopedRds": _scoped_rds,
    "envoy.config.core.v3.TlvEntry": _tlv,
    "envoy.extensions.filters.network.http_connection_manager.v3.Rds": _rds,
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TunnelingConfig": format_semantics.tunneling,
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy": _tcp_proxy,
    "envoy.extensions.transport_sockets.tls.v3.TlsParameters": _tls_parameters,
    "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext": tls_semantics.upstream,
    "envoy.type.matcher.v3.StringMatcher": _string_matcher,
    "envoy.config.cluster.v3.OutlierDetection": _outlier_detection,
    _HTTP_OPTIONS: _http_options,
    names.HTTP_CONNECTION_MANAGER: _manager,
    "envoy.config.listener.v3.FilterChain": tls_semantics.filter_chain,
    "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext": tls_semantics.downstream,
    "envoy.config.core.v3.SubstitutionFormatString": format_semantics.substitution,
    "envoy.extensions.access_loggers.file.v3.FileAccessLog": format_semantics.file_access_log,
    names.HTTP_CONNECTION_MANAGER + ".Tracing": format_semantics.tracing,
    "envoy.config.route.v3.Tracing": format_semantics.tracing,
    "envoy.type.tracing.v3.CustomTag": format_semantics.custom_tag,
}
"""The check of each message type that has one."""

WATCHED: dict[str, tuple[str, ...]] = {
    "envoy.config.core.v3.SocketAddress": ("resolver_name",),
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck": ("expected_statuses", "retriable_statuses"),
    "envoy.config.cluster.v3.Cluster": (
        "typed_extension_protocol_options",
        "load_balancing_policy",
        "health_checks",
        "common_http_protocol_options",
        "transport_socket",
        "transport_socket_matches",
    ),
    "envoy.config.core.v3.BindConfig": ("source_address",),
    "envoy.config.core.v3.ConfigSource": ("self", "path", "api_config_source"),
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy": ("upstream_connect_mode",),
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TunnelingConfig": (
        "post_path",
        "hostname",
        "headers_to_add",
    ),
    "envoy.extensions.transport_sockets.tls.v3.TlsParameters": ("compliance_policies",),
    "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext": (
        "auto_sni_san_validation",
        "sni",
        "common_tls_context",
    ),
    "envoy.type.matcher.v3.StringMatcher": ("ignore_case",),
    "envoy.config.cluster.v3.OutlierDetection": ("max_ejection_time",),
    _HTTP_OPTIONS: ("common_http_protocol_options",),
    names.HTTP_CONNECTION_MANAGER: ("http2_protocol_options",),
    "envoy.config.listener.v3.FilterChain": ("transport_socket",),
    "envoy.extensions.access_loggers.file.v3.FileAccessLog": ("format", "json_format", "typed_json_format"),
    names.HTTP_CONNECTION_MANAGER + ".Tracing": ("operation", "upstream_operation"),
    "envoy.config.route.v3.Tracing": ("operation", "upstream_operation"),
    "envoy.type.tracing.v3.CustomTag": ("value",),
}
"""The fields without any of which a check has nothing to complain about."""

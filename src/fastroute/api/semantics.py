"""Checks that Envoy makes when it builds a resource, of fields that decide no request.

Rules that no constraint of the API expresses and that no compiler meets, because the fields do not
matter to a decision; each was seen in the real Envoy. What compilers read they check themselves.

* A duration is not negative, and not too long: see `fastroute.api.durations`.
* An address is not resolved by an unknown resolver. An additional address of an endpoint is one.
* A listener is `ipv4_compat` at `::` or a mapped address only, internal without an address, and
  binds its port when it is of UDP.
* An extension is one of the category that its field takes: see `fastroute.api.extension_points`.
* Sources of configuration: see `fastroute.api.config_sources`. RDS without one has an `xdstp:` name (XD-27).
* A string matcher with a regex does not ignore case. TLS compliance policies are known ones.
* Clusters, health checks, protocol options, TLS contexts, access loggers, format strings: see the modules
  `fastroute.api.*_semantics`.
* A PROXY protocol TLV has a value or a format. A TCP proxy that connects late limits early data, and
  one that tunnels has a POST path only with POST.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastroute import late
from fastroute.api import bootstrap_semantics, config_sources, durations, extension_points, names, pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Complaint = tuple[str, str, str]
    """Path below the message, what is wrong, what to do."""
    Check = Callable[[Any], Iterator[Complaint]]


_RESOLVERS = frozenset(("", "envoy.ip"))
_OF_ROUTES = ("PerRoute", ".PerRouteConfig", "Override", ".CorsPolicy")
"""How the types of filters' settings in routes end, which Envoy tells among those of the filters."""
_LOGGERS = "envoy.extensions.access_loggers."
_HTTP_FILTER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter"
_REQUEST_ID = "envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension"
_SOCKMAP = "envoy.extensions.network.socket_interface.sockmap.v3.Sockmap"
_REVERSE = (
    "envoy.extensions.bootstrap.reverse_tunnel.upstream_socket_interface.v3.UpstreamReverseConnectionSocketInterface"
)
_OTLP_SINK = "envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig"
_INTERNAL_UPSTREAM = "envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport"


def _later(module: str, name: str) -> Check:
    """The check `name` of a module of this package that most configurations do without."""
    found: Check = late.function(f"fastroute.api.{module}", name)
    return found


def _socket_address(message: Any) -> Iterator[Complaint]:
    if message.resolver_name not in _RESOLVERS:
        yield "resolver_name", f"unknown address resolver: {message.resolver_name}", "Remove it."


def _takes_ipv4(text: str) -> bool:
    import ipaddress

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
    if message.HasField("fcds_config") and not message.HasField("filter_chain_matcher"):
        yield "fcds_config", "FCDS requires a filter chain matcher", "Set filter_chain_matcher."
    if own.protocol == 1 and message.HasField("bind_to_port") and not message.bind_to_port.value:
        yield "bind_to_port", "bind_to_port: false is not supported for UDP listeners", "Remove it."


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


def _vhds(message: Any) -> Iterator[Complaint]:
    source = message.config_source
    delta = source.api_config_source.api_type == 3  # DELTA_GRPC
    if message.HasField("config_source") and not source.HasField("ads") and not delta:
        wrong = "vhds: only 'DELTA_GRPC' or 'ADS' (which uses Delta xDS) is supported as a config source"
        yield "config_source", wrong, "Use ads, or an api_config_source of DELTA_GRPC."


def _leds(message: Any) -> Iterator[Complaint]:
    if not message.leds_collection_name.startswith(("xdstp:", "http:", "file:")):
        wrong = f"{message.leds_collection_name} does not have a xdstp:, http: or file: scheme"
        yield "leds_collection_name", wrong, "Write the xdstp: URL of a collection."


def _tap(message: Any) -> Iterator[Complaint]:
    for position, sink in enumerate(message.static_config.output_config.sinks):
        kind = sink.WhichOneof("output_sink_type")
        if kind in ("streaming_admin", "buffered_admin"):
            path = f"static_config.output_config.sinks[{position}].{kind}"
            yield path, "specifying admin output without configuring admin", "Set admin_config, or use another sink."


def _request_id(message: Any) -> Iterator[Complaint]:
    if message.HasField("typed_config"):
        yield from extension_points.extension(message.typed_config, "typed_config", "", "envoy.request_id")


def _http_filter(message: Any) -> Iterator[Complaint]:
    name = pool.type_name(message.typed_config.type_url)
    if name.endswith(_OF_ROUTES) and message.typed_config.value:
        wrong = f"Unable to unpack: {name} is the configuration of a filter in a route"
        yield "typed_config", wrong, "Use the configuration of the filter itself."


def _string_matcher(message: Any) -> Iterator[Complaint]:
    if message.ignore_case and message.HasField("safe_regex"):
        yield "ignore_case", "ignore_case has no effect for safe_regex", "Write (?i) into the regex."


_tls_names = _later("tls_names", "parameters")


def _tls_parameters(message: Any) -> Iterator[Complaint]:
    known = message.DESCRIPTOR.fields_by_name["compliance_policies"].enum_type.values_by_number
    for position, policy in enumerate(message.compliance_policies):
        if policy not in known:
            yield f"compliance_policies[{position}]", f"unknown compliance policy: {policy}", "Name a known one."
    yield from _tls_names(message)


def _api_version(message: Any) -> Iterator[Complaint]:
    if message.transport_api_version == 1:
        wrong = "V2 xDS transport protocol version is deprecated, and no longer supported"
        yield "transport_api_version", wrong, "Use V3."


def _tlv(message: Any) -> Iterator[Complaint]:
    if not message.value and not message.HasField("format_string"):
        yield "", "one of value or format_string must be set", "Set one of them."


def _tcp_proxy(message: Any) -> Iterator[Complaint]:
    if message.upstream_connect_mode and not message.HasField("max_early_data_bytes"):
        wrong = "max_early_data_bytes must be set when upstream_connect_mode is not IMMEDIATE"
        yield "max_early_data_bytes", wrong, "Set it."
    back_off = message.backoff_options
    least = durations.nanoseconds(back_off.base_interval)
    if back_off.HasField("max_interval") and durations.nanoseconds(back_off.max_interval) < least:
        wrong = "max_backoff_interval must be greater or equal to base_backoff_interval"
        yield "backoff_options.max_interval", wrong, "Raise it, or lower base_interval."


def _connection_limit(message: Any) -> Iterator[Complaint]:
    if not message.HasField("max_connections"):
        yield "max_connections", "Field 'max_connections' is missing", "Set it."


CHECKS: dict[str, Check] = {
    "envoy.config.bootstrap.v3.Bootstrap": bootstrap_semantics.bootstrap,
    "envoy.config.overload.v3.OverloadManager": _later("overload_semantics", "manager"),
    "envoy.config.bootstrap.v3.LayeredRuntime": bootstrap_semantics.layered_runtime,
    "envoy.extensions.transport_sockets.tls.v3.Secret": bootstrap_semantics.secret,
    "envoy.config.metrics.v3.TagSpecifier": bootstrap_semantics.tag_specifier,
    "envoy.config.core.v3.SocketAddress": _socket_address,
    "envoy.config.endpoint.v3.Endpoint.AdditionalAddress": _additional_address,
    "envoy.config.listener.v3.Listener": _listener,
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck": _later("health_semantics", "http"),
    "envoy.config.core.v3.HealthCheck.Payload": _later("health_semantics", "payload"),
    "envoy.extensions.health_checkers.thrift.v3.Thrift": _later("health_semantics", "thrift"),
    "envoy.config.cluster.v3.Cluster": _later("cluster_semantics", "cluster"),
    "envoy.config.cluster.v3.LoadBalancingPolicy": _later("policy_semantics", "policies"),
    "envoy.config.core.v3.BindConfig": _later("cluster_semantics", "bind_config"),
    "envoy.config.core.v3.ConfigSource": config_sources.config_source,
    "envoy.config.core.v3.ExtensionConfigSource": config_sources.subscribing("config_source"),
    "envoy.config.cluster.v3.Cluster.EdsClusterConfig": config_sources.subscribing("eds_config"),
    "envoy.config.bootstrap.v3.Bootstrap.DynamicResources": config_sources.subscribing("lds_config", "cds_config"),
    "envoy.config.bootstrap.v3.RuntimeLayer.RtdsLayer": config_sources.subscribing("rtds_config"),
    "envoy.extensions.filters.network.http_connection_manager.v3.ScopedRds": _scoped_rds,
    "envoy.config.core.v3.TlvEntry": _tlv,
    "envoy.extensions.filters.network.http_connection_manager.v3.Rds": _rds,
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TunnelingConfig": _later("format_semantics", "tunneling"),
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy": _tcp_proxy,
    "envoy.extensions.transport_sockets.tls.v3.TlsParameters": _tls_parameters,
    "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext": _later("tls_semantics", "upstream"),
    "envoy.extensions.formatter.generic_secret.v3.GenericSecret": _later("tls_semantics", "generic_secrets"),
    "envoy.type.matcher.v3.StringMatcher": _string_matcher,
    "envoy.config.cluster.v3.OutlierDetection": _later("cluster_semantics", "outlier_detection"),
    _INTERNAL_UPSTREAM: _later("cluster_semantics", "internal_upstream"),
    names.HTTP_PROTOCOL_OPTIONS: _later("protocol_semantics", "http_options"),
    names.HTTP_CONNECTION_MANAGER: _later("protocol_semantics", "manager"),
    "envoy.config.listener.v3.FilterChain": _later("tls_semantics", "filter_chain"),
    "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext": _later("tls_semantics", "downstream"),
    "envoy.config.core.v3.SubstitutionFormatString": _later("format_semantics", "substitution"),
    _LOGGERS + "file.v3.FileAccessLog": _later("format_semantics", "file_access_log"),
    _LOGGERS + "open_telemetry.v3.OpenTelemetryAccessLogConfig": _later("access_log_semantics", "open_telemetry"),
    _LOGGERS + "fluentd.v3.FluentdAccessLogConfig": _later("format_semantics", "fluentd"),
    _LOGGERS + "grpc.v3.CommonGrpcAccessLogConfig": _api_version,
    "envoy.extensions.filters.network.ext_authz.v3.ExtAuthz": _api_version,
    "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz": _api_version,
    "envoy.config.metrics.v3.MetricsServiceConfig": _api_version,
    _HTTP_FILTER: _http_filter,
    _REQUEST_ID: _request_id,
    "envoy.config.route.v3.Vhds": _vhds,
    "envoy.config.endpoint.v3.LedsClusterLocalityConfig": _leds,
    "envoy.extensions.common.tap.v3.CommonExtensionConfig": _tap,
    _SOCKMAP: _later("extension_semantics", "sockmap"),
    _REVERSE: _later("extension_semantics", "reverse_connections"),
    _OTLP_SINK: _later("extension_semantics", "open_telemetry_sink"),
    "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig": _later("overload_semantics", "fixed_heap"),
    "envoy.config.ratelimit.v3.RateLimitServiceConfig": _api_version,
    "envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit": _connection_limit,
    "envoy.extensions.filters.network.ratelimit.v3.RateLimit": _later("format_semantics", "rate_limit"),
    _LOGGERS + "filters.process_ratelimit.v3.ProcessRateLimitFilter": _later(
        "access_log_semantics", "process_rate_limit"
    ),
    _LOGGERS + "stats.v3.Config": _later("access_log_semantics", "statistics"),
    names.HTTP_CONNECTION_MANAGER + ".Tracing": _later("format_semantics", "tracing"),
    "envoy.config.route.v3.Tracing": _later("format_semantics", "tracing"),
    "envoy.type.tracing.v3.CustomTag": _later("format_semantics", "custom_tag"),
}
"""The check of each message type that has one."""

WATCHED: dict[str, tuple[str, ...]] = {
    _HTTP_FILTER: ("typed_config",),
    "envoy.config.core.v3.SocketAddress": ("resolver_name",),
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck": ("expected_statuses", "retriable_statuses", "send"),
    "envoy.config.core.v3.HealthCheck.Payload": ("text",),
    "envoy.config.cluster.v3.Cluster": (
        "typed_extension_protocol_options",
        "cluster_type",
        "load_balancing_policy",
        "health_checks",
        "common_http_protocol_options",
        "transport_socket",
        "transport_socket_matches",
        "transport_socket_matcher",
        "lb_subset_config",
    ),
    "envoy.config.cluster.v3.LoadBalancingPolicy": ("policies",),
    "envoy.config.core.v3.BindConfig": ("source_address", "extra_source_addresses", "additional_source_addresses"),
    "envoy.config.core.v3.ConfigSource": ("self", "path", "api_config_source"),
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy": ("upstream_connect_mode", "backoff_options"),
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TunnelingConfig": (
        "post_path",
        "hostname",
        "headers_to_add",
    ),
    "envoy.extensions.transport_sockets.tls.v3.TlsParameters": (
        "compliance_policies",
        "cipher_suites",
        "ecdh_curves",
        "signature_algorithms",
    ),
    "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext": (
        "auto_sni_san_validation",
        "sni",
        "common_tls_context",
    ),
    "envoy.type.matcher.v3.StringMatcher": ("ignore_case",),
    "envoy.config.cluster.v3.OutlierDetection": ("max_ejection_time",),
    names.HTTP_PROTOCOL_OPTIONS: ("common_http_protocol_options", "header_validation_config"),
    _INTERNAL_UPSTREAM: ("passthrough_metadata",),
    names.HTTP_CONNECTION_MANAGER: ("http2_protocol_options", "typed_header_validation_config"),
    "envoy.config.listener.v3.FilterChain": ("transport_socket",),
    _LOGGERS + "grpc.v3.CommonGrpcAccessLogConfig": ("transport_api_version",),
    "envoy.extensions.filters.network.ext_authz.v3.ExtAuthz": ("transport_api_version",),
    "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz": ("transport_api_version",),
    "envoy.config.metrics.v3.MetricsServiceConfig": ("transport_api_version",),
    "envoy.config.ratelimit.v3.RateLimitServiceConfig": ("transport_api_version",),
    "envoy.extensions.filters.network.ratelimit.v3.RateLimit": ("descriptors",),
    _LOGGERS + "file.v3.FileAccessLog": ("format", "json_format", "typed_json_format"),
    names.HTTP_CONNECTION_MANAGER + ".Tracing": ("operation", "upstream_operation"),
    "envoy.config.route.v3.Tracing": ("operation", "upstream_operation"),
    "envoy.type.tracing.v3.CustomTag": ("value",),
}
"""The fields without any of which a check has nothing to complain about."""


def _add_points() -> None:
    """Join the checks of the extensions that a message holds with its other ones."""
    for name, points in extension_points.POINTS.items():
        own = CHECKS.get(name)
        both = extension_points.check_of(name)
        CHECKS[name] = both if own is None else _joined(own, both)
        if own is None or name in WATCHED:
            watched = () if "typed_config" in points else (*WATCHED.get(name, ()), *points)
            WATCHED.pop(name, None)
            if watched:
                WATCHED[name] = watched


def _joined(one: Check, other: Check) -> Check:
    def check(message: Any) -> Iterator[Complaint]:
        yield from one(message)
        yield from other(message)

    return check


_add_points()

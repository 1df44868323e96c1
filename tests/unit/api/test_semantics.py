"""What Envoy refuses when it builds: one broken and one good message for each check."""

from __future__ import annotations

from typing import Any

import pytest

from fastroute.api import constraints, extension_types, names, pool, semantics, transcode
from fastroute.api.config_sources import PRIMARY
from fastroute.api.extension_points import POINTS

CORE = "envoy.config.core.v3."
CLUSTER = names.CLUSTER
MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3."
HEALTH = {"timeout": "1s", "interval": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1}
HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
TLS = "envoy.extensions.transport_sockets.tls.v3."
PIPE = {"pipe": {"path": "x"}}
GOOGLE = {"google_grpc": {"target_uri": "a:1", "stat_prefix": "g"}}
DELTA = {"api_config_source": {"api_type": "DELTA_GRPC", "transport_api_version": "V3", "grpc_services": [GOOGLE]}}
HTTP3 = {HTTP: {"@type": names.url(HTTP), "explicit_http_config": {"http3_protocol_options": {}}}}
QUIC = {
    "name": "envoy.transport_sockets.quic",
    "typed_config": {
        "@type": names.url("envoy.extensions.transport_sockets.quic.v3.QuicUpstreamTransport"),
        "upstream_tls_context": {},
    },
}


def checked(status: dict[str, Any]) -> dict[str, Any]:
    return {"name": "c", "health_checks": [{**HEALTH, "http_health_check": {"path": "/", **status}}]}


RAW = {"name": "r", "typed_config": {"@type": names.url("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer")}}
V4, V6 = {"address": "127.0.0.1", "port_value": 0}, {"address": "::1", "port_value": 0}
FORMATTER = {"name": "f", "typed_config": {"@type": names.url("envoy.extensions.formatter.cel.v3.Cel")}}
WEIGHTED = {"locality_weight_aware": True}
INTERNAL = "envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport"
LIMIT = {"stat_prefix": "s", "domain": "d", "rate_limit_service": {"grpc_service": GOOGLE}}
OVERLOAD, ACTION = "envoy.config.overload.v3.OverloadManager", "envoy.overload_actions."
HEAP = {
    "name": "h",
    "typed_config": {
        "@type": names.url("envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig"),
        "max_heap_size_bytes": 1,
    },
}
STOP: dict[str, Any] = {
    "name": ACTION + "stop_accepting_requests",
    "triggers": [{"name": "h", "threshold": {"value": 0.5}}],
}
EXT = "envoy.extensions."
SINK = EXT + "stat_sinks.open_telemetry.v3.SinkConfig"
TRANSFORM = EXT + "matching.actions.transform_stat.v3.TransformStat"
HEAP_CONFIG = EXT + "resource_monitors.fixed_heap.v3.FixedHeapConfig"
REVERSE = EXT + "bootstrap.reverse_tunnel.upstream_socket_interface.v3.UpstreamReverseConnectionSocketInterface"
SHRINK: dict[str, Any] = {"name": ACTION + "shrink_heap", "triggers": [{"name": "h", "threshold": {"value": 0.5}}]}
POLICY = "envoy.config.cluster.v3.LoadBalancingPolicy"
FILTERS = "envoy.extensions.filters.network."
LOGGERS = "envoy.extensions.access_loggers."
STATISTICS = LOGGERS + "stats.v3.Config"
STAT = {"name": "s"}
ROUTES_INSIDE = {"stat_prefix": "s", "route_config": {}}


def filtered(config: dict[str, Any]) -> dict[str, Any]:
    return {"name": "f", "typed_config": config}


def secret(name: str) -> dict[str, Any]:
    """A bootstrap whose log shows a secret."""
    kind = EXT + "formatter.generic_secret.v3.GenericSecret"
    shown = {"name": "g", "typed_config": {"@type": names.url(kind), "secret_configs": {"k": {"name": name}}}}
    log = {
        "@type": names.url(LOGGERS + "stream.v3.StdoutAccessLog"),
        "log_format": {"text_format_source": {"inline_string": "x"}, "formatters": [shown]},
    }
    return {"admin": {"access_log": [{"name": "a", "typed_config": log}]}}


def converted(action: str) -> dict[str, Any]:
    """A sink that does something with every metric."""
    doing = {"name": "a", "typed_config": {"@type": names.url(action)}}
    return {"grpc_service": GOOGLE, "custom_metric_conversions": {"on_no_match": {"action": doing}}}


def tagged(text: str, action: str) -> dict[str, Any]:
    """A statistic with a tag that something is done with."""
    doing = {"name": "a", "typed_config": {"@type": names.url(action)}}
    return {"name": "s", "tags": [{"name": "t", "value_format": text, "rules": {"on_no_match": {"action": doing}}}]}


def weighted(period: str) -> dict[str, Any]:
    """A balancing policy that weighs after a period."""
    kind = "envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin"
    config = {"@type": names.url(kind), "blackout_period": period}
    return {"policies": [{"typed_extension_config": {"name": "p", "typed_config": config}}]}


CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (POLICY, weighted("1s"), weighted("-1s")),
    (EXT + "network.socket_interface.sockmap.v3.Sockmap", {"accelerated_ports": [{"start": 1, "end": 65536}]}, {
        "accelerated_ports": [{"start": 0, "end": 2}]}),
    (EXT + "network.socket_interface.sockmap.v3.Sockmap", {}, {"accelerated_ports": [{"start": 2, "end": 2}]}),
    (FILTERS + "http_connection_manager.v3.RequestIDExtension", {}, {"typed_config": RAW["typed_config"]}),
    ("envoy.config.route.v3.Vhds", {"config_source": {"ads": {}}}, {"config_source": {"path": "/dev/null"}}),
    ("envoy.config.endpoint.v3.LedsClusterLocalityConfig", {"leds_collection_name": "xdstp://a/b/c"}, {}),
    (EXT + "common.tap.v3.CommonExtensionConfig", {"admin_config": {"config_id": "x"}}, {"static_config": {
        "match": {"any_match": True}, "output_config": {"sinks": [{"streaming_admin": {}}]}}}),
    (FILTERS + "http_connection_manager.v3.HttpFilter", filtered({"@type": names.url(names.ROUTER)}), filtered({
        "@type": names.url(EXT + "filters.http.buffer.v3.BufferPerRoute"), "disabled": True})),
    (CLUSTER, {"name": "c", "cluster_type": {"name": "envoy.clusters.redis"}}, {
        "name": "c", "cluster_type": {"name": "a"}}),
    (names.LISTENER, {"name": "l"}, {"name": "l", "fcds_config": {}}),
    (names.BOOTSTRAP, {}, {"static_resources": {"listeners": [{"name": "l", "internal_listener": {}}]}}),
    (REVERSE, {}, {"reporter_config": {"name": "x", "typed_config": RAW["typed_config"]}}),
    (SINK, converted(SINK + ".DropAction"), converted("envoy.type.v3.Percent")),
    (HEAP_CONFIG, {"max_heap_size_bytes": 1}, {}),
    (HEAP_CONFIG, {"max_heap_size_bytes_runtime": {"runtime_key": "k", "default_value": 1}}, {
        "max_heap_size_bytes": 1, "max_heap_size_bytes_runtime": {"runtime_key": "k", "default_value": 1}}),
    (OVERLOAD, {"resource_monitors": [HEAP], "actions": [{**SHRINK}]}, {
        "resource_monitors": [HEAP], "actions": [{**SHRINK, "typed_config": {}}]}),
    ("envoy.config.metrics.v3.MetricsServiceConfig", {"grpc_service": GOOGLE}, {
        "grpc_service": GOOGLE, "transport_api_version": "V2"}),
    (EXT + "filters.http.ext_authz.v3.ExtAuthz", {"grpc_service": GOOGLE}, {
        "grpc_service": GOOGLE, "transport_api_version": "V2"}),
    (STATISTICS, {"stat_prefix": "s", "counters": [{"stat": tagged("x", TRANSFORM), "value_fixed": 1}]}, {
        "stat_prefix": "s", "counters": [{"stat": tagged("x", "envoy.type.v3.Percent"), "value_fixed": 1}]}),
    (STATISTICS, {"stat_prefix": "s"}, {
        "stat_prefix": "s", "counters": [{"stat": tagged("%FOO%", TRANSFORM), "value_fixed": 1}]}),
    (STATISTICS, {"stat_prefix": "s"}, {"stat_prefix": "s", "gauges": [{
        "stat": STAT, "value_fixed": 1, "set": {"log_type": "TcpPeriodic"},
        "add_subtract": {"add_log_type": "TcpPeriodic", "sub_log_type": "TcpConnectionEnd"}}]}),
    (STATISTICS, {"stat_prefix": "s", "gauges": [{
        "stat": STAT, "value_fixed": 1,
        "add_subtract": {"add_log_type": "TcpPeriodic", "sub_log_type": "TcpConnectionEnd"}}]}, {
        "stat_prefix": "s", "gauges": [{
        "stat": STAT, "value_fixed": 1,
        "add_subtract": {"add_log_type": "TcpPeriodic", "sub_log_type": "TcpPeriodic"}}]}),
    ("envoy.config.metrics.v3.TagSpecifier", {"fixed_value": "v"}, {"regex": "a"}),
    (names.BOOTSTRAP, {}, {"stats_sinks": [{"name": "s", "typed_config": {
        "@type": names.url("envoy.config.metrics.v3.StatsdSink"), "tcp_cluster_name": ""}}]}),
    (names.BOOTSTRAP, {}, {"admin": {"access_log": [{"name": "a", "filter": {"or_filter": {"filters": [
        {"traceable_filter": {}}, {"extension_filter": {"name": "r", "typed_config": {
            "@type": names.url(LOGGERS + "filters.process_ratelimit.v3.ProcessRateLimitFilter"),
            "dynamic_config": {"resource_name": "r", "config_source": {"path": "/dev/null"}}}}}]}},
        "typed_config": {"@type": names.url(LOGGERS + "stream.v3.StdoutAccessLog")}}]}}),
    (names.BOOTSTRAP, {}, secret("a")),
    (names.BOOTSTRAP, {"watchdog": {}}, {"watchdog": {}, "watchdogs": {}}),
    (names.BOOTSTRAP, {"admin": {"access_log": [{"name": "a", "typed_config": {"@type": names.url(
        LOGGERS + "stream.v3.StdoutAccessLog")}}]}}, {"admin": {"access_log": [{"name": "a", "typed_config": {
        "@type": names.url(LOGGERS + "fluentd.v3.FluentdAccessLogConfig"), "cluster": "c", "tag": "t",
        "stat_prefix": "s", "record": {}}}]}}),
    (POLICY, weighted("9223372035.999999999s"), weighted("9223372036s")),
    (
        CLUSTER,
        checked({"expected_statuses": [{"start": 200, "end": 201}]}),
        checked({"expected_statuses": [{"start": 2, "end": 3}]}),
    ),
    (CLUSTER, checked({}), checked({"retriable_statuses": [{}]})),
    (CLUSTER, checked({}), checked({"use_alpn_protocol": True})),
    (
        CLUSTER,
        {"name": "c", "http2_protocol_options": {}, "health_checks": [{**HEALTH, "grpc_health_check": {}}]},
        {"name": "c", "health_checks": [{**HEALTH, "grpc_health_check": {}}]},
    ),
    (CLUSTER, {"name": "c"}, {"name": "c", "load_balancing_policy": {}}),
    (
        CLUSTER,
        {"name": "c", "typed_extension_protocol_options": HTTP3, "transport_socket": QUIC},
        {"name": "c", "typed_extension_protocol_options": HTTP3},
    ),
    (
        CORE + "SocketAddress",
        {"address": "a", "port_value": 1, "resolver_name": "envoy.ip"},
        {"address": "a", "port_value": 1, "resolver_name": "dns"},
    ),
    (
        CORE + "BindConfig",
        {"source_address": {"address": "::", "port_value": 0}},
        {"source_address": {"address": "::", "named_port": "p"}},
    ),
    (CORE + "ConfigSource", {"ads": {}}, {"self": {}}),
    (CORE + "ConfigSource", {"path": "x"}, {"path": ""}),
    (CORE + "TlvEntry", {"type": 1, "value": "YQ=="}, {"type": 1}),
    (
        "envoy.config.accesslog.v3.AccessLog",
        {"name": "a", "typed_config": {"@type": names.url(LOGGERS + "stream.v3.StdoutAccessLog")}},
        {"name": "a"},
    ),
    ("envoy.config.endpoint.v3.Endpoint.AdditionalAddress", {"address": PIPE}, {}),
    (names.LISTENER, {"address": PIPE}, {"address": PIPE, "internal_listener": {}}),
    (
        names.LISTENER,
        {"address": {"socket_address": {"address": "::", "port_value": 1, "ipv4_compat": True}}},
        {"address": {"socket_address": {"address": "::1", "port_value": 1, "ipv4_compat": True}}},
    ),
    (
        names.LISTENER,
        {"address": {"socket_address": {"protocol": "UDP", "address": "::", "port_value": 1}}},
        {"address": {"socket_address": {"protocol": "UDP", "address": "::", "port_value": 1}}, "bind_to_port": False},
    ),
    (
        names.TCP_PROXY,
        {"stat_prefix": "s", "cluster": "c"},
        {"stat_prefix": "s", "cluster": "c", "upstream_connect_mode": "ON_DOWNSTREAM_DATA"},
    ),
    (
        names.TCP_PROXY + ".TunnelingConfig",
        {"hostname": "h", "use_post": True, "post_path": "/"},
        {"hostname": "h", "post_path": "/"},
    ),
    (
        "envoy.extensions.filters.network.http_connection_manager.v3.Rds",
        {"route_config_name": "xdstp://a/b"},
        {"route_config_name": "r"},
    ),
    (TLS + "TlsParameters", {"compliance_policies": [0]}, {"compliance_policies": [99]}),
    (
        TLS + "UpstreamTlsContext",
        {"auto_sni_san_validation": True, "common_tls_context": {"validation_context": {}}},
        {"auto_sni_san_validation": True},
    ),
    (TLS + "UpstreamTlsContext", {"sni": "a"}, {"sni": "a\0"}),
    (
        TLS + "DownstreamTlsContext",
        {"common_tls_context": {"tls_certificate_sds_secret_configs": [{"name": "s", "sds_config": {"ads": {}}}]}},
        {},
    ),
    (
        "envoy.config.listener.v3.FilterChain",
        {"transport_socket": RAW},
        {"transport_socket": {"name": "envoy.transport_sockets.raw_buffer"}},
    ),
    (
        "envoy.config.core.v3.SubstitutionFormatString",
        {"text_format": "%OF_AN_EXTENSION(x)%", "formatters": [FORMATTER]},
        {"text_format": "%OF_AN_EXTENSION(x)%"},
    ),
    (
        "envoy.extensions.access_loggers.file.v3.FileAccessLog",
        {"path": "p", "json_format": {"a": {"b": "%RESPONSE_CODE%"}}},
        {"path": "p", "json_format": {"a": {"b": ["%FOO%"]}}},
    ),
    (names.HTTP_CONNECTION_MANAGER + ".Tracing", {"operation": "%REQ(x)%"}, {"operation": "%REQ%"}),
    ("envoy.config.route.v3.Tracing", {"operation": "100%%"}, {"operation": "100%"}),
    ("envoy.type.tracing.v3.CustomTag", {"tag": "t", "value": "a"}, {"tag": "t", "value": "%"}),
    (
        "envoy.config.cluster.v3.OutlierDetection",
        {"base_ejection_time": "1.0009s", "max_ejection_time": "1.0001s"},
        {"max_ejection_time": "29.999s"},
    ),
    (
        names.HTTP_CONNECTION_MANAGER,
        {**ROUTES_INSIDE, "max_request_headers_kb": 64, "http2_protocol_options": {"max_header_field_size_kb": 64}},
        {**ROUTES_INSIDE, "http2_protocol_options": {"max_header_field_size_kb": 64}},
    ),
    (
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        {"explicit_http_config": {"http2_protocol_options": {"max_header_field_size_kb": 64}}},
        {
            "explicit_http_config": {"http2_protocol_options": {"max_header_field_size_kb": 64}},
            "common_http_protocol_options": {"max_response_headers_kb": 30},
        },
    ),
    (
        names.CLUSTER,
        {"name": "c", "http2_protocol_options": {"max_header_field_size_kb": 64}},
        {
            "name": "c",
            "http2_protocol_options": {"max_header_field_size_kb": 64},
            "common_http_protocol_options": {"max_response_headers_kb": 30},
        },
    ),
    (TLS + "Secret", {"generic_secret": {}}, {"name": "s"}),
    (
        "envoy.type.matcher.v3.StringMatcher",
        {"exact": "a", "ignore_case": True},
        {"safe_regex": {"regex": "a"}, "ignore_case": True},
    ),
    ("envoy.config.metrics.v3.TagSpecifier", {"tag_name": "envoy.cluster_name"}, {"tag_name": "mine"}),
    ("envoy.config.metrics.v3.TagSpecifier", {"tag_name": "mine", "fixed_value": "x"}, {"regex": "x"}),
    (
        "envoy.config.bootstrap.v3.LayeredRuntime",
        {"layers": [{"name": "a", "admin_layer": {}}, {"name": "b", "static_layer": {}}]},
        {"layers": [{"name": "a", "admin_layer": {}}, {"name": "b", "admin_layer": {}}]},
    ),
    (
        "envoy.config.bootstrap.v3.LayeredRuntime",
        {"layers": [{"name": "a", "static_layer": {}}]},
        {"layers": [{"name": "a", "static_layer": {}}, {"name": "a", "static_layer": {}}]},
    ),
    ("envoy.config.bootstrap.v3.LayeredRuntime", {}, {"layers": [{"name": "a", "rtds_layer": {"name": "r"}}]}),
    (
        names.BOOTSTRAP,
        {"dynamic_resources": {"lds_config": {"path_config_source": {"path": "x"}}}},
        {"dynamic_resources": {"lds_config": {"ads": {}}}},
    ),
    (
        names.BOOTSTRAP,
        {"dynamic_resources": {"cds_resources_locator": f"xdstp:///{names.CLUSTER}/*", "cds_config": DELTA}},
        {"dynamic_resources": {"cds_resources_locator": "b", "cds_config": DELTA}},
    ),
    (CORE + "HealthCheck.Payload", {"text": "00"}, {"text": "0"}),
    (
        CLUSTER,
        checked({"method": "POST", "send": {"text": "00"}}),
        checked({"send": {"text": "00"}}),
    ),
    (
        "envoy.extensions.health_checkers.thrift.v3.Thrift",
        {"method_name": "m", "transport": "HEADER", "protocol": "BINARY"},
        {"method_name": "m", "transport": "HEADER"},
    ),
    (CORE + "BindConfig", {"source_address": V4, "extra_source_addresses": [{"address": V6}]}, {
        "source_address": V4, "extra_source_addresses": [{"address": V4}]}),
    (CORE + "BindConfig", {"source_address": V4, "additional_source_addresses": [V6]}, {
        "additional_source_addresses": [V6]}),
    (CORE + "BindConfig", {}, {
        "source_address": V4, "additional_source_addresses": [V6], "extra_source_addresses": [{"address": V6}]}),
    (CORE + "BindConfig", {}, {"source_address": V4, "additional_source_addresses": [V6, V6]}),
    (CORE + "BindConfig", {}, {"source_address": {"address": "localhost", "port_value": 0}}),
    (CLUSTER, {"name": "c", "common_lb_config": {"locality_weighted_lb_config": {}}, "lb_subset_config": WEIGHTED}, {
        "name": "c", "lb_subset_config": WEIGHTED}),
    (CLUSTER, {"name": "c"}, {"name": "c", "typed_extension_protocol_options": {"x": HTTP3[HTTP]}}),
    (INTERNAL, {"transport_socket": RAW, "passthrough_metadata": [{"name": "a", "kind": {"host": {}}}]}, {
        "transport_socket": RAW, "passthrough_metadata": [{"name": "a", "kind": {"route": {}}}]}),
    (HTTP, {"explicit_http_config": {"http_protocol_options": {}}}, {
        "explicit_http_config": {"http_protocol_options": {}}, "header_validation_config": RAW}),
    (LOGGERS + "open_telemetry.v3.OpenTelemetryAccessLogConfig", {"grpc_service": GOOGLE}, {}),
    (LOGGERS + "open_telemetry.v3.OpenTelemetryAccessLogConfig", {"grpc_service": GOOGLE}, {
        "grpc_service": GOOGLE, "body": {"kvlist_value": {"values": [{"key": "a", "value": {"int_value": 1}}]}}}),
    (LOGGERS + "open_telemetry.v3.OpenTelemetryAccessLogConfig", {"grpc_service": GOOGLE}, {
        "grpc_service": GOOGLE, "body": {"array_value": {"values": [{"string_value": "%FOO%"}]}}}),
    (LOGGERS + "fluentd.v3.FluentdAccessLogConfig",
        {"cluster": "c", "tag": "t", "stat_prefix": "s", "record": {"a": "b"}},
        {"cluster": "c", "tag": "t", "stat_prefix": "s", "record": {"a": "%FOO%"}}),
    (LOGGERS + "grpc.v3.CommonGrpcAccessLogConfig",
        {"log_name": "a", "grpc_service": GOOGLE, "transport_api_version": "V3"},
        {"log_name": "a", "grpc_service": GOOGLE, "transport_api_version": "V2"}),
    ("envoy.extensions.filters.network.ext_authz.v3.ExtAuthz",
        {"stat_prefix": "s", "transport_api_version": "V3"}, {"stat_prefix": "s", "transport_api_version": "V2"}),
    ("envoy.config.ratelimit.v3.RateLimitServiceConfig",
        {"grpc_service": GOOGLE, "transport_api_version": "V3"},
        {"grpc_service": GOOGLE, "transport_api_version": "V2"}),
    (FILTERS + "connection_limit.v3.ConnectionLimit", {"stat_prefix": "s", "max_connections": 1}, {"stat_prefix": "s"}),
    (FILTERS + "ratelimit.v3.RateLimit", LIMIT | {"descriptors": [{"entries": [{"key": "a", "value": "%%"}]}]},
        LIMIT | {"descriptors": [{"entries": [{"key": "a", "value": "%"}]}]}),
    (FILTERS + "tcp_proxy.v3.TcpProxy", {"backoff_options": {"base_interval": "2s", "max_interval": "2s"}}, {
        "backoff_options": {"base_interval": "2s", "max_interval": "1s"}}),
    (TLS + "UpstreamTlsContext", {}, {"common_tls_context": {"tls_certificates": [{
        "private_key_provider": {"provider_name": "a"}, "certificate_chain": {"inline_string": "x"}}]}}),
    (TLS + "UpstreamTlsContext", {}, {"common_tls_context": {"custom_tls_certificate_selector": RAW}}),
    (TLS + "UpstreamTlsContext", {}, {"common_tls_context": {"validation_context": {"custom_validator_config": RAW}}}),
    (LOGGERS + "open_telemetry.v3.OpenTelemetryAccessLogConfig", {"grpc_service": GOOGLE, "body": {}}, {
        "grpc_service": GOOGLE, "body": {"array_value": {"values": [{}]}}}),
    (OVERLOAD, {"resource_monitors": [HEAP], "actions": [STOP]}, {"resource_monitors": [HEAP, HEAP]}),
    (OVERLOAD, {}, {"resource_monitors": [HEAP], "actions": [STOP, STOP]}),
    (OVERLOAD, {}, {"resource_monitors": [HEAP], "actions": [{**STOP, "name": "x"}]}),
    (OVERLOAD, {}, {"resource_monitors": [HEAP], "actions": [{**STOP, "triggers": 2 * STOP["triggers"]}]}),
    (OVERLOAD, {}, {"resource_monitors": [HEAP], "actions": [{**STOP, "typed_config": HEAP["typed_config"]}]}),
    (OVERLOAD, {}, {"resource_monitors": [HEAP], "actions": [{**STOP, "name": ACTION + "reduce_timeouts"}]}),
    (OVERLOAD, {}, {"resource_monitors": [HEAP], "actions": [{**STOP, "name": ACTION + "reset_high_memory_stream"}]}),
    (OVERLOAD, {}, {"resource_monitors": [HEAP], "actions": [{**STOP, "triggers": [
        {"name": "h", "scaled": {"scaling_threshold": 0.5, "saturation_threshold": 0.5}}]}]}),
    (OVERLOAD, {}, {"actions": [STOP]}),
    (OVERLOAD, {}, {"loadshed_points": [STOP]}),
    (TLS + "TlsParameters", {"cipher_suites": ["ALL:!AES128-SHA", "[ECDHE-RSA-AES128-SHA|AES128-SHA]"]}, {
        "cipher_suites": ["ALL", "ZZ"]}),
    (TLS + "TlsParameters", {"ecdh_curves": ["X25519", "P-256"]}, {"ecdh_curves": ["x25519:X25519"]}),
    (TLS + "TlsParameters", {"ecdh_curves": ["X25519:P-256"]}, {"ecdh_curves": ["P-224"]}),
    (TLS + "TlsParameters", {"signature_algorithms": ["ed25519", "RSA+SHA256"]}, {"signature_algorithms": ["ed448"]}),
    ("envoy.config.metrics.v3.TagSpecifier", {"tag_name": "t", "regex": "(?:a{2,3}?|[[:alpha:]^])b"}, {
        "tag_name": "t", "regex": "a)"}),
    (names.BOOTSTRAP, {"stats_flush_interval": "2s", "stats_eviction_interval": "4s"}, {
        "stats_flush_interval": "2s", "stats_eviction_interval": "3s"}),
    (names.BOOTSTRAP, {"stats_flush_on_admin": True}, {"stats_flush_on_admin": True, "stats_flush_interval": "1s"}),
    (names.BOOTSTRAP, {}, {"default_config_source": {"path_config_source": {"path": "/dev/null"}}}),
    (names.BOOTSTRAP, {}, {"xds_delegate_extension": RAW}),
    (names.BOOTSTRAP, {}, {"stats_sinks": [{"name": "s", "typed_config": {
        "@type": names.url("envoy.config.metrics.v3.StatsdSink"), "tcp_cluster_name": "zz"}}]}),
    ("envoy.config.bootstrap.v3.LayeredRuntime", {"layers": [{"name": "a", "static_layer": {"x": {
        "numerator": 1, "y": []}}}]}, {"layers": [{"name": "a", "static_layer": {"x": {"y": [1]}}}]}),
    (LOGGERS + "filters.process_ratelimit.v3.ProcessRateLimitFilter", {"dynamic_config": {"resource_name": "x"}}, {}),
    (STATISTICS, {"stat_prefix": "s"}, {"stat_prefix": "s", "stats_scope": {}}),
    (STATISTICS, {"stat_prefix": "s", "counters": [{"stat": STAT, "value_fixed": 1}]}, {
        "stat_prefix": "s", "counters": [{"stat": STAT}]}),
    (STATISTICS, {"stat_prefix": "s", "gauges": [{"stat": STAT, "value_fixed": 1, "set": {"log_type": "TcpPeriodic"}}]},
        {"stat_prefix": "s", "gauges": [{"stat": STAT, "value_fixed": 1}]}),
    (STATISTICS, {"stat_prefix": "s"}, {"stat_prefix": "s", "histograms": [{"stat": STAT, "value_format": "%FOO%"}]}),
    (
        names.BOOTSTRAP,
        {"dynamic_resources": {"ads_config": DELTA["api_config_source"]}},
        {
            "dynamic_resources": {
                "ads_config": {"api_type": "GRPC", "grpc_services": [{"envoy_grpc": {"cluster_name": "x"}}]}
            }
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "good", "bad"), CASES)
def test_each_check(kind: str, good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert [
        found for found in constraints.check(transcode.message(kind, good)) if found.code in ("refused", "start")
    ] == []
    assert [
        found.code for found in constraints.check(transcode.message(kind, bad)) if found.code in ("refused", "start")
    ]


def test_every_check_has_a_case() -> None:
    reached = (
        {kind for kind, _, _ in CASES}
        | {EXT + "formatter.generic_secret.v3.GenericSecret"}
        | {CORE + "HealthCheck.HttpHealthCheck"}
        | set(SUBSCRIBING)
        | set(POINTS)
    )
    assert set(semantics.CHECKS) <= reached


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, fields in POINTS.items() for field in fields])
def test_an_extension_is_one_of_its_category(kind: str, field: str) -> None:
    category = POINTS[kind][field]
    for name, found in (*((each, 0) for each in extension_types.types_of(category)), ("envoy.type.v3.Percent", 1)):
        message: Any = pool.new(kind)
        descriptor = message.DESCRIPTOR.fields_by_name[field]
        value = getattr(message, field).add() if descriptor.is_repeated else getattr(message, field)
        packed = value if value.DESCRIPTOR.name == "Any" else value.typed_config
        packed.type_url = names.url(name)
        wrong = [path for path, text, _ in semantics.CHECKS[kind](message) if "registered implementation" in text]
        assert wrong == found * [f"{field}[0]" if descriptor.is_repeated else field]


SUBSCRIBING = {
    "envoy.config.bootstrap.v3.Bootstrap.DynamicResources": "lds_config",
    "envoy.config.bootstrap.v3.RuntimeLayer.RtdsLayer": "rtds_config",
    CORE + "ExtensionConfigSource": "config_source",
    "envoy.config.cluster.v3.Cluster.EdsClusterConfig": "eds_config",
    MANAGER + "ScopedRds": "scoped_rds_config_source",
    MANAGER + "Rds": "config_source",
}


@pytest.mark.parametrize("kind", SUBSCRIBING)
def test_a_source_names_a_cluster_of_the_bootstrap(kind: str) -> None:
    service = {"envoy_grpc": {"cluster_name": "xds"}}
    source = {"api_config_source": {"api_type": "GRPC", "grpc_services": [service], "transport_api_version": "V3"}}
    message = transcode.message(kind, {SUBSCRIBING[kind]: source})
    for known, found in ((None, 0), (frozenset(("xds",)), 0), (frozenset(("a",)), 1)):
        token = PRIMARY.set(known)
        complaints = [path for path, _, _ in semantics.CHECKS[kind](message)]
        PRIMARY.reset(token)
        assert complaints == found * [f"{SUBSCRIBING[kind]}.api_config_source.grpc_services[0].envoy_grpc.cluster_name"]


def test_a_removed_field_needs_a_runtime_key() -> None:
    from fastroute import config
    from fastroute.errors import RejectedError

    action = {"dynamic_metadata": {"descriptor_key": "k", "metadata_key": {"key": "a", "path": [{"key": "b"}]}}}
    routes = {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "rate_limits": [{"actions": [action]}]}]}
    with pytest.raises(RejectedError, match="no longer takes"):
        config.read(routes)
    key = constraints.ALLOWING + "envoy.config.route.v3.RateLimit.Action.dynamic_metadata"
    allowing = {"layered_runtime": {"layers": [{"name": "a", "static_layer": {key: True}}]}}
    assert config.read([allowing, routes]).routes


def test_the_zero_value_of_an_enum_can_be_refused() -> None:
    source = {"api_config_source": {"transport_api_version": "V3", "grpc_services": [GOOGLE]}}
    codes = [found.code for found in constraints.check(transcode.message(CORE + "ConfigSource", source))]
    assert codes == ["disallowed"]


@pytest.mark.parametrize("wrapped", [False, True])
def test_bytes_inside_that_are_no_message_are_told_once(wrapped: bool) -> None:
    """The fuzz found that the look for HTTP/3 and ALPN raised DecodeError on them."""
    options = {HTTP: {"@type": names.url(HTTP), "auto_config": {}}}
    cluster: Any = transcode.message(CLUSTER, {"name": "c", "typed_extension_protocol_options": options})
    broken = cluster.typed_extension_protocol_options[HTTP]
    if wrapped:
        broken = cluster.transport_socket.typed_config
        broken.type_url = names.url("envoy.extensions.transport_sockets.tcp_stats.v3.Config")
        cluster.transport_socket.name = "s"
    broken.value = b"\x0e\x04"
    assert [violation.code for violation in constraints.check(cluster)].count("bytes") == 1

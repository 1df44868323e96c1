"""What to write instead of a deprecated field or value, by its full name.

Where the API's own documentation names a successor, it is given here in the words of a
configuration: the field to set, or the extension to use.
"""

from __future__ import annotations

_CLUSTER = "envoy.config.cluster.v3.Cluster."
_ROUTE = "envoy.config.route.v3."
_CORE = "envoy.config.core.v3."
_BOOTSTRAP = "envoy.config.bootstrap.v3."
_LISTENER = "envoy.config.listener.v3."
_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager."
_TCP = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy."
_TLS = "envoy.extensions.transport_sockets.tls.v3."
_HTTP = 'typed_extension_protocol_options["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]'
_DNS = "cluster_type {name: envoy.clusters.dns} with envoy.extensions.clusters.dns.v3.DnsCluster"

REPLACEMENTS = {
    _BOOTSTRAP + "Admin.access_log_path": "access_log with an envoy.access_loggers.file",
    _BOOTSTRAP + "Bootstrap.dns_resolution_config": "typed_dns_resolver_config",
    _BOOTSTRAP + "Bootstrap.tracing": "tracing.provider of each HttpConnectionManager",
    _BOOTSTRAP + "Bootstrap.use_tcp_for_dns_lookups": "typed_dns_resolver_config",
    _BOOTSTRAP + "Bootstrap.watchdog": "watchdogs",
    _CLUSTER + "common_http_protocol_options": _HTTP + ".common_http_protocol_options",
    _CLUSTER + "dns_failure_refresh_rate": _DNS + ".dns_failure_refresh_rate",
    _CLUSTER + "dns_jitter": _DNS + ".dns_jitter",
    _CLUSTER + "dns_refresh_rate": _DNS + ".dns_refresh_rate",
    _CLUSTER + "dns_resolution_config": _DNS + ".typed_dns_resolver_config",
    _CLUSTER + "dns_resolvers": _DNS + ".typed_dns_resolver_config",
    _CLUSTER + "http2_protocol_options": _HTTP + ".explicit_http_config.http2_protocol_options",
    _CLUSTER + "http_protocol_options": _HTTP + ".explicit_http_config.http_protocol_options",
    _CLUSTER + "max_requests_per_connection": _HTTP + ".common_http_protocol_options.max_requests_per_connection",
    _CLUSTER + "protocol_selection": _HTTP + ".use_downstream_protocol_config",
    _CLUSTER + "respect_dns_ttl": _DNS + ".respect_dns_ttl",
    _CLUSTER + "track_timeout_budgets": "track_cluster_stats.timeout_budgets",
    _CLUSTER + "upstream_http_protocol_options": _HTTP + ".upstream_http_protocol_options",
    _CLUSTER + "use_tcp_for_dns_lookups": _DNS + ".typed_dns_resolver_config",
    _CORE + "ApiVersion.V2": "V3",
    _CORE + "BindConfig.additional_source_addresses": "extra_source_addresses",
    _CORE + "ConfigSource.path": "path_config_source.path",
    _CORE + "Extension.type_descriptor": "type_urls",
    _CORE + "HeaderValueOption.append": "append_action",
    _CORE + "HealthCheck.event_log_path": "event_logger",
    _CORE
    + "Http2ProtocolOptions.stream_error_on_invalid_http_messaging": "override_stream_error_on_invalid_http_message",
    _CORE + "KeyValue.key": "KeyValuePair",
    _CORE + "KeyValue.value": "KeyValuePair",
    _CORE + "KeyValueAppend.entry": "record",
    _CORE + "SubstitutionFormatString.text_format": "text_format_source.inline_string",
    "envoy.config.endpoint.v3.LocalityLbEndpoints.load_balancer_endpoints": "lb_endpoints",
    _LISTENER + "FilterChain.use_proxy_proto": "an envoy.filters.listener.proxy_protocol in listener_filters",
    _LISTENER + "Listener.deprecated_v1": "bind_to_port",
    _LISTENER + "Listener.reuse_port": "enable_reuse_port",
    _ROUTE + "HeaderMatcher.contains_match": "string_match.contains",
    _ROUTE + "HeaderMatcher.exact_match": "string_match.exact",
    _ROUTE + "HeaderMatcher.prefix_match": "string_match.prefix",
    _ROUTE + "HeaderMatcher.safe_regex_match": "string_match.safe_regex",
    _ROUTE + "HeaderMatcher.suffix_match": "string_match.suffix",
    _ROUTE + "RateLimit.Action.dynamic_metadata": "metadata",
    _ROUTE + "Route.per_request_buffer_limit_bytes": "request_body_buffer_limit",
    _ROUTE + "RouteAction.cors": "typed_per_filter_config with an envoy.extensions.filters.http.cors.v3.CorsPolicy",
    _ROUTE + "RouteAction.grpc_timeout_offset": "max_stream_duration.grpc_timeout_header_offset",
    _ROUTE + "RouteAction.include_vh_rate_limits": "typed_per_filter_config with a RateLimitPerRoute.vh_rate_limits",
    _ROUTE + "RouteAction.internal_redirect_action": "internal_redirect_policy",
    _ROUTE + "RouteAction.max_grpc_timeout": "max_stream_duration.grpc_timeout_header_max",
    _ROUTE + "RouteAction.max_internal_redirects": "internal_redirect_policy.max_internal_redirects",
    _ROUTE + "VirtualHost.cors": "typed_per_filter_config with an envoy.extensions.filters.http.cors.v3.CorsPolicy",
    _ROUTE + "VirtualHost.per_request_buffer_limit_bytes": "request_body_buffer_limit",
    _ROUTE + "WeightedCluster.total_weight": "the sum of the weights, which needs no field",
    "envoy.extensions.filters.http.router.v3.Router.start_child_span": "tracing.spawn_upstream_span of the manager",
    _MANAGER + "access_log_flush_interval": "access_log_options.access_log_flush_interval",
    _MANAGER + "flush_access_log_on_new_request": "access_log_options.flush_access_log_on_new_request",
    _TCP + "access_log_flush_interval": "access_log_options.access_log_flush_interval",
    _TCP + "flush_access_log_on_connected": "access_log_options.flush_access_log_on_connected",
    _TLS + "CertificateValidationContext.match_subject_alt_names": "match_typed_subject_alt_names",
    "envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash.hash_balance_factor": (
        "consistent_hashing_lb_config.hash_balance_factor"
    ),
    "envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash.use_hostname_for_hashing": (
        "consistent_hashing_lb_config.use_hostname_for_hashing"
    ),
    "envoy.type.matcher.v3.RegexMatcher.GoogleRE2.max_program_size": "the runtime key re2.max_program_size.error_level",
    "envoy.type.matcher.v3.RegexMatcher.google_re2": "nothing: RE2 is the only engine",
}

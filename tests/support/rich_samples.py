"""Further valid resources, with extensions inside: each a tree with the fields of one theme."""

from __future__ import annotations

from typing import Any

from fastroute.api import names

HTTP = "envoy.extensions.filters.http."


def typed(kind: str, **fields: Any) -> dict[str, Any]:
    """An Any of the type `kind`."""
    return {"@type": names.url(kind), **fields}


def extension(name: str, kind: str, **fields: Any) -> dict[str, Any]:
    """A named extension."""
    return {"name": name, "typed_config": typed(kind, **fields)}


def host(*routes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A route configuration with one virtual host."""
    return {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": list(routes), **fields}]}


FAULT = typed(
    names.FAULT,
    delay={"fixed_delay": "1s", "percentage": {"numerator": 10, "denominator": "HUNDRED"}},
    abort={"http_status": 503, "percentage": {"numerator": 5, "denominator": "TEN_THOUSAND"}},
    headers=[{"name": "x", "string_match": {"exact": "y"}}],
)
CORS = typed(
    HTTP + "cors.v3.CorsPolicy",
    allow_origin_string_match=[{"exact": "http://a.com"}, {"safe_regex": {"regex": "http://b.*"}}],
    allow_methods="GET",
    max_age="10",
    filter_enabled={"default_value": {"numerator": 100}},
)

ROUTES = [
    host(
        {"match": {"prefix": "/"}, "route": {"cluster": "blue"}},
        typed_per_filter_config={"envoy.filters.http.fault": FAULT, "envoy.filters.http.cors": CORS},
    ),
    host(
        {
            "match": {
                "safe_regex": {"regex": "/a(b)*"},
                "case_sensitive": False,
                "headers": [
                    {"name": "a", "string_match": {"safe_regex": {"regex": "x+"}}, "invert_match": True},
                    {"name": "b", "range_match": {"start": 1, "end": 10}},
                    {
                        "name": "c",
                        "string_match": {"contains": "x", "ignore_case": True},
                        "treat_missing_header_as_empty": True,
                    },
                ],
                "query_parameters": [{"name": "p", "present_match": True}],
                "grpc": {},
                "dynamic_metadata": [
                    {"filter": "f", "path": [{"key": "k"}], "value": {"string_match": {"exact": "v"}}}
                ],
                "tls_context": {"presented": True},
            },
            "route": {
                "cluster_header": "x-cluster",
                "regex_rewrite": {"pattern": {"regex": "a"}, "substitution": "b"},
                "host_rewrite_literal": "h",
                "append_x_forwarded_host": True,
                "max_stream_duration": {"max_stream_duration": "1s", "grpc_timeout_header_max": "2s"},
                "idle_timeout": "5s",
                "upgrade_configs": [{"upgrade_type": "websocket"}],
                "cluster_not_found_response_code": "NOT_FOUND",
                "priority": "HIGH",
            },
            "metadata": {"filter_metadata": {"x": {"a": [1, {"b": "c"}]}}},
        },
        {
            "match": {"prefix": "/r"},
            "redirect": {"https_redirect": True, "port_redirect": 8443, "path_redirect": "/x?y", "strip_query": True},
        },
        {
            "match": {"prefix": "/s"},
            "redirect": {
                "regex_rewrite": {"pattern": {"regex": "^/s"}, "substitution": "/t"},
                "response_code": "SEE_OTHER",
            },
        },
    ),
    host(
        {
            "match": {"path": "/w"},
            "route": {
                "weighted_clusters": {
                    "clusters": [
                        {
                            "name": "blue",
                            "weight": 0,
                            "request_headers_to_add": [{"header": {"key": "a", "value": "b"}}],
                        },
                        {"name": "e", "weight": 10, "host_rewrite_literal": "x"},
                    ],
                },
                "retry_policy": {
                    "retry_on": "5xx,gateway-error",
                    "per_try_timeout": "1s",
                    "per_try_idle_timeout": "1s",
                    "retriable_status_codes": [500],
                    "retriable_headers": [{"name": "x", "present_match": True}],
                    "retry_host_predicate": [
                        extension("p", "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate")
                    ],
                    "host_selection_retry_max_attempts": 3,
                    "rate_limited_retry_back_off": {"reset_headers": [{"name": "x", "format": "SECONDS"}]},
                },
                "rate_limits": [
                    {
                        "stage": 1,
                        "actions": [
                            {"remote_address": {}},
                            {"generic_key": {"descriptor_value": "v"}},
                            {"header_value_match": {"descriptor_value": "v", "headers": [{"name": "x"}]}},
                            {"metadata": {"descriptor_key": "k", "metadata_key": {"key": "a", "path": [{"key": "b"}]}}},
                        ],
                    }
                ],
            },
            "response_headers_to_add": [
                {"header": {"key": "x", "value": "%REQ(y)%"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            ],
        },
        require_tls="EXTERNAL_ONLY",
        rate_limits=[{"actions": [{"destination_cluster": {}}]}],
        request_headers_to_remove=["a"],
        include_request_attempt_count=True,
    ),
]

MANAGERS = [
    {
        "stat_prefix": "s",
        "route_config": {"virtual_hosts": [{"name": "v", "domains": ["*"]}]},
        "http_filters": [
            extension("fault", names.FAULT),
            extension("cors", names.CORS),
            extension("router", names.ROUTER, start_child_span=True),
        ],
        "use_remote_address": True,
        "xff_num_trusted_hops": 1,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "strip_matching_host_port": True,
        "server_header_transformation": "PASS_THROUGH",
        "stream_idle_timeout": "5s",
        "via": "v",
        "scheme_header_transformation": {"scheme_to_overwrite": "https"},
    },
    {
        "stat_prefix": "s",
        "rds": {
            "route_config_name": "q",
            "config_source": {"path_config_source": {"path": "/dev/null"}, "resource_api_version": "V3"},
        },
        "http_filters": [extension("router", names.ROUTER)],
        "access_log": [
            extension("file", "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"),
        ],
        "upgrade_configs": [{"upgrade_type": "websocket", "enabled": False}],
        "delayed_close_timeout": "1s",
        "drain_timeout": "5s",
        "max_request_headers_kb": 60,
    },
    {
        "stat_prefix": "s",
        "scoped_routes": {
            "name": "s",
            "scope_key_builder": {"fragments": [{"header_value_extractor": {
                "name": "x-scope", "element_separator": ";", "element": {"separator": "=", "key": "a"}}}]},
            "scoped_rds": {"scoped_rds_config_source": {
                "path_config_source": {"path": "/dev/null"}, "resource_api_version": "V3"}},
            "rds_config_source": {"path_config_source": {"path": "/dev/null"}, "resource_api_version": "V3"},
        },
        "http_filters": [
            extension("rbac", names.HTTP_RBAC, rules={"action": "ALLOW", "policies": {"p": {
                "permissions": [{"url_path": {"path": {"prefix": "/"}}}], "principals": [{"any": True}]}}}),
            extension("router", names.ROUTER),
        ],
        "common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST"},
        "http_protocol_options": {"accept_http_10": True, "allow_absolute_url": True},
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {"subject": True, "dns": True},
        "request_headers_timeout": "1s",
        "strip_trailing_host_dot": True,
        "preserve_external_request_id": True,
    },
]  # fmt: skip

LISTENERS = [
    {
        "name": "l",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "bind_to_port": False,
        "use_original_dst": True,
        "listener_filters": [
            extension("a", "envoy.extensions.filters.listener.original_dst.v3.OriginalDst"),
            extension("b", "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"),
            extension("c", "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector")
            | {"filter_disabled": {"destination_port_range": {"start": 10, "end": 20}}},
        ],
        "filter_chains": [
            {
                "filter_chain_match": {"server_names": ["*.a.com"], "source_type": "EXTERNAL"},
                "filters": [extension("t", names.TCP_PROXY, stat_prefix="s", cluster="blue")],
                "transport_socket_connect_timeout": "1s",
            },
            {
                "filter_chain_match": {
                    "source_prefix_ranges": [{"address_prefix": "::", "prefix_len": 8}],
                    "direct_source_prefix_ranges": [{"address_prefix": "10.1.0.0", "prefix_len": 16}],
                },
                "filters": [
                    extension("t", names.TCP_PROXY, stat_prefix="s", cluster="e", tunneling_config={"hostname": "h:1"})
                ],
            },
        ],
        "default_filter_chain": {"filters": [extension("t", names.TCP_PROXY, stat_prefix="s", cluster="blue")]},
        "connection_balance_config": {"exact_balance": {}},
        "tcp_backlog_size": 10,
        "socket_options": [{"level": 1, "name": 9, "int_value": 1, "state": "STATE_PREBIND"}],
    },
]


def endpoints(name: str) -> dict[str, Any]:
    """An assignment of two priorities."""
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 80}}
    return {
        "cluster_name": name,
        "endpoints": [
            {
                "locality": {"region": "r", "zone": str(priority)},
                "priority": priority,
                "load_balancing_weight": 2,
                "lb_endpoints": [
                    {
                        "endpoint": {"address": address, "hostname": "h", "health_check_config": {"port_value": 1}},
                        "metadata": {"filter_metadata": {"envoy.lb": {"a": "b"}}},
                        "load_balancing_weight": 3,
                    }
                ],
            }
            for priority in (0, 1)
        ],
    }


CLUSTERS = [
    {
        "name": "c",
        "type": "STATIC",
        "load_assignment": endpoints("c"),
        "lb_policy": "MAGLEV",
        "maglev_lb_config": {},
        "common_lb_config": {
            "locality_weighted_lb_config": {},
            "consistent_hashing_lb_config": {"hash_balance_factor": 150},
            "update_merge_window": "1s",
        },
        "upstream_bind_config": {"source_address": {"address": "127.0.0.1", "port_value": 0}},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                explicit_http_config={"http2_protocol_options": {"max_concurrent_streams": 10}},
                common_http_protocol_options={"idle_timeout": "1s"},
            )
        },
    },
    {
        "name": "c",
        "type": "EDS",
        "eds_cluster_config": {"eds_config": {"path_config_source": {"path": "/dev/null"}}, "service_name": "s"},
        "load_balancing_policy": {
            "policies": [
                {
                    "typed_extension_config": extension(
                        "p",
                        "envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest",
                        choice_count=3,
                        slow_start_config={
                            "slow_start_window": "1s",
                            "aggression": {"default_value": 1, "runtime_key": "k"},
                        },
                        locality_lb_config={"zone_aware_lb_config": {"routing_enabled": {"value": 50}}},
                    )
                }
            ]
        },
        "ignore_health_on_host_removal": True,
    },
    {
        "name": "c",
        "type": "ORIGINAL_DST",
        "lb_policy": "CLUSTER_PROVIDED",
        "original_dst_lb_config": {"use_http_header": True},
        "cleanup_interval": "1s",
        "connect_timeout": "0.5s",
    },
    {
        "name": "c",
        "type": "STATIC",
        "load_assignment": endpoints("c"),
        "lb_policy": "LEAST_REQUEST",
        "least_request_lb_config": {"active_request_bias": {"default_value": 1, "runtime_key": "k"}},
        "transport_socket": extension(
            "tls",
            "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            sni="a.com",
            common_tls_context={"alpn_protocols": ["h2"], "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"}},
        ),
        "alt_stat_name": "alt",
        "per_connection_buffer_limit_bytes": 1000,
        "dns_lookup_family": "V4_ONLY",
        "preconnect_policy": {"per_upstream_preconnect_ratio": 1.5},
    },
]
ASSIGNMENTS = [
    endpoints("e") | {"policy": {"drop_overloads": [{"category": "d", "drop_percentage": {"numerator": 5}}]}}
]

BOOTSTRAP: dict[str, Any] = {
    "node": {"id": "n", "cluster": "c", "locality": {"region": "r"}, "metadata": {"a": "b"}},
    "static_resources": {
        "listeners": [LISTENERS[0]],
        "clusters": [
            {"name": "blue"},
            CLUSTERS[0],
            {"name": "e", "type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}}},
            {
                "name": "xds",
                "connect_timeout": "1s",
                "load_assignment": endpoints("xds"),
                "typed_extension_protocol_options": CLUSTERS[0]["typed_extension_protocol_options"],
            },
        ],
    },
    "dynamic_resources": {
        "ads_config": {
            "api_type": "GRPC",
            "transport_api_version": "V3",
            "grpc_services": [{"envoy_grpc": {"cluster_name": "xds"}}],
        },
        "lds_config": {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"},
        "cds_config": {"ads": {}, "resource_api_version": "V3"},
    },
    "layered_runtime": {
        "layers": [
            {"name": "a", "static_layer": {"x": {"y": 1}}},
            {"name": "b", "admin_layer": {}},
        ]
    },
    "stats_config": {
        "stats_tags": [{"tag_name": "t", "regex": "^a((b))"}, {"tag_name": "envoy.cluster_name"}],
        "stats_matcher": {"inclusion_list": {"patterns": [{"prefix": "a"}, {"safe_regex": {"regex": "b.*"}}]}},
        "use_all_default_tags": False,
    },
    "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
    "watchdogs": {"main_thread_watchdog": {"miss_timeout": "1s"}},
}

"""Valid resources with many fields set, as trees: what near misses are made from."""

from __future__ import annotations

from typing import Any

from fastroute.api import names

ROUTES: dict[str, Any] = {
    "name": "r",
    "virtual_hosts": [
        {
            "name": "a",
            "domains": ["a.com", "*.b.com"],
            "routes": [
                {
                    "name": "one",
                    "match": {
                        "prefix": "/a",
                        "headers": [
                            {"name": "x", "string_match": {"exact": "y"}},
                            {"name": "z", "present_match": True},
                        ],
                        "query_parameters": [{"name": "q", "string_match": {"prefix": "v"}}],
                        "runtime_fraction": {"default_value": {"numerator": 50}, "runtime_key": "k"},
                    },
                    "route": {
                        "cluster": "blue",
                        "timeout": "1s",
                        "retry_policy": {
                            "retry_on": "5xx",
                            "num_retries": 2,
                            "retry_back_off": {"base_interval": "0.1s", "max_interval": "1s"},
                        },
                        "hash_policy": [{"header": {"header_name": "x"}}, {"cookie": {"name": "c", "ttl": "1s"}}],
                        "request_mirror_policies": [{"cluster": "blue"}],
                        "rate_limits": [
                            {"actions": [{"request_headers": {"header_name": "x", "descriptor_key": "k"}}]}
                        ],
                    },
                    "request_headers_to_add": [{"header": {"key": "x", "value": "y"}}],
                    "response_headers_to_remove": ["z"],
                },
                {
                    "match": {"safe_regex": {"regex": "/b.*"}},
                    "redirect": {"host_redirect": "c.com", "prefix_rewrite": "/d", "response_code": "FOUND"},
                },
                {"match": {"path": "/c"}, "direct_response": {"status": 200, "body": {"inline_string": "hi"}}},
                {
                    "match": {"path_separated_prefix": "/d"},
                    "route": {
                        "weighted_clusters": {"clusters": [{"name": "blue", "weight": 1}, {"name": "e", "weight": 2}]},
                        "internal_redirect_policy": {"max_internal_redirects": 2},
                    },
                },
            ],
            "virtual_clusters": [{"name": "vc", "headers": [{"name": ":path", "string_match": {"prefix": "/a"}}]}],
            "retry_policy": {"retry_on": "connect-failure"},
            "hedge_policy": {"initial_requests": 1},
        },
        {"name": "b", "domains": ["*"], "require_tls": "ALL"},
    ],
    "request_headers_to_add": [{"header": {"key": "k", "value": "v"}, "append_action": "ADD_IF_ABSENT"}],
}

MANAGER: dict[str, Any] = {
    "stat_prefix": "s",
    "codec_type": "AUTO",
    "route_config": {"name": "x", "virtual_hosts": [{"name": "v", "domains": ["*"]}]},
    "http_filters": [{"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}],
    "common_http_protocol_options": {"idle_timeout": "5s", "max_headers_count": 100},
    "http2_protocol_options": {"max_concurrent_streams": 100, "initial_stream_window_size": 65536},
    "upgrade_configs": [{"upgrade_type": "websocket"}],
    "server_name": "s",
    "tracing": {"random_sampling": {"value": 1.0}},
    "local_reply_config": {
        "mappers": [
            {
                "filter": {
                    "status_code_filter": {
                        "comparison": {"op": "GE", "value": {"default_value": 400, "runtime_key": "x"}}
                    }
                },
                "status_code": 500,
            }
        ]
    },
    "path_normalization_options": {},
    "set_current_client_cert_details": {"uri": True},
    "request_timeout": "1s",
    "internal_address_config": {"cidr_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8}]},
}

LISTENER: dict[str, Any] = {
    "name": "l",
    "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
    "bind_to_port": False,
    "filter_chains": [
        {
            "name": "f",
            "filter_chain_match": {
                "destination_port": 80,
                "prefix_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8}],
                "source_ports": [1, 2],
                "server_names": ["a.com"],
                "transport_protocol": "tls",
                "application_protocols": ["h2"],
            },
            "filters": [
                {
                    "name": "tcp",
                    "typed_config": {"@type": names.url(names.TCP_PROXY), "stat_prefix": "t", "cluster": "blue"},
                }
            ],
        }
    ],
    "per_connection_buffer_limit_bytes": 1000,
    "traffic_direction": "OUTBOUND",
    "access_log": [],
    "listener_filters_timeout": "1s",
    "metadata": {"filter_metadata": {"x": {"a": 1}}},
}

TCP_PROXY: dict[str, Any] = {
    "stat_prefix": "t",
    "weighted_clusters": {"clusters": [{"name": "blue", "weight": 1}, {"name": "e", "weight": 3}]},
    "idle_timeout": "1s",
    "max_connect_attempts": 2,
    "hash_policy": [{"source_ip": {}}],
}

CLUSTER: dict[str, Any] = {
    "name": "c",
    "type": "STATIC",
    "connect_timeout": "1s",
    "lb_policy": "RING_HASH",
    "ring_hash_lb_config": {"minimum_ring_size": 8, "maximum_ring_size": 16},
    "load_assignment": {
        "cluster_name": "c",
        "endpoints": [
            {
                "locality": {"region": "r"},
                "lb_endpoints": [
                    {
                        "endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 80}}},
                        "load_balancing_weight": 1,
                        "health_status": "HEALTHY",
                    }
                ],
                "load_balancing_weight": 1,
                "priority": 0,
            }
        ],
        "policy": {"overprovisioning_factor": 140},
    },
    "circuit_breakers": {"thresholds": [{"max_connections": 10, "retry_budget": {"budget_percent": {"value": 20.0}}}]},
    "outlier_detection": {"consecutive_5xx": 5, "interval": "1s", "max_ejection_percent": 10},
    "common_lb_config": {"healthy_panic_threshold": {"value": 50.0}},
    "health_checks": [
        {
            "timeout": "1s",
            "interval": "1s",
            "unhealthy_threshold": 1,
            "healthy_threshold": 1,
            "http_health_check": {"path": "/", "expected_statuses": [{"start": 200, "end": 300}]},
        }
    ],
    "lb_subset_config": {"subset_selectors": [{"keys": ["a"]}], "fallback_policy": "ANY_ENDPOINT"},
    "metadata": {"filter_metadata": {"x": {"a": 1}}},
}

ASSIGNMENT: dict[str, Any] = {**CLUSTER["load_assignment"], "cluster_name": "e"}


def without(tree: dict[str, Any], *fields: str) -> dict[str, Any]:
    """The tree without some of its outermost fields."""
    return {name: value for name, value in tree.items() if name not in fields}


PLAIN_ROUTES = {**ROUTES, "virtual_hosts": [ROUTES["virtual_hosts"][0], {"name": "b", "domains": ["*"]}]}
PLAIN_MANAGER = without(MANAGER, "local_reply_config", "path_normalization_options")
PLAIN_TCP_PROXY = without(TCP_PROXY, "hash_policy")
PLAIN_CLUSTER = without(CLUSTER, "lb_subset_config")

"""Strict loading tells every error of a source at once: those that it tells of each by itself, and no others."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from support.near_valid import message

import fastroute
from fastroute.api import names
from fastroute.errors import ConfigError

Tree = dict[str, Any]
Faults = dict[str, Any]
"""By the path of a field, the value that makes it wrong."""

LONG_REGEX = {"regex": "a{500}.*b{500}"}
BAD_REGEX = {"regex": "("}
NEGATIVE = "-1s"
UNKNOWN = names.url("envoy.extensions.filters.http.router.v3.Router")
ROUTER = {"name": "router", "typed_config": {"@type": UNKNOWN}}
LUA = {"name": "lua", "typed_config": {"@type": names.url("envoy.extensions.filters.http.lua.v3.Lua")}}
FAULT = names.url(names.FAULT)
RBAC = names.url(names.HTTP_RBAC)
PROTECTED = {"header": {"key": ":path", "value": "x"}}
FORMAT = {"header": {"key": "x", "value": "%FOO%"}}
TREE_INPUT = {"name": "i", "typed_config": {"@type": names.url("envoy.type.matcher.v3.HttpRequestHeaderMatchInput")}}


def route(**fields: Any) -> Tree:
    return {"match": {"prefix": "/"}, "route": {"cluster": "blue"}, **fields}


def routes(*listed: Tree, **fields: Any) -> Tree:
    host = {"name": "v", "domains": ["*"], "routes": list(listed), **fields}
    return {"name": "r", "virtual_hosts": [host], "validate_clusters": True}


BLUE: Tree = {"name": "blue", "connect_timeout": "1s"}
ADDRESS = {"socket_address": {"address": "10.0.0.1", "port_value": 80}}
MANAGER: Tree = {
    "@type": names.url(names.HTTP_CONNECTION_MANAGER),
    "stat_prefix": "s",
    "route_config": routes(route()),
    "http_filters": [ROUTER],
}
CHAIN: Tree = {"filters": [{"name": "http", "typed_config": MANAGER}]}
LISTENER: Tree = {"name": "l", "address": ADDRESS, "filter_chains": [CHAIN]}
ENDPOINT: Tree = {"endpoint": {"address": ADDRESS}}
ASSIGNMENT: Tree = {"cluster_name": "c", "endpoints": [{"lb_endpoints": [ENDPOINT, ENDPOINT]}]}
CLUSTER: Tree = {"name": "c", "connect_timeout": "1s", "load_assignment": ASSIGNMENT}
HOST = "virtual_hosts.0"
ROUTE = f"{HOST}.routes.0"
HCM = "filter_chains.0.filters.0.typed_config"

KINDS: dict[str, tuple[str, Tree, Faults]] = {
    "a route's match": (
        "routes",
        routes(route()),
        {
            f"{ROUTE}.match.prefix": None,
            f"{ROUTE}.match.safe_regex": BAD_REGEX,
            f"{ROUTE}.match.headers": [
                {"name": "a", "string_match": {"safe_regex": LONG_REGEX}},
                {"name": "b", "string_match": {"custom": {"name": "c", "typed_config": ROUTER["typed_config"]}}},
            ],
            f"{ROUTE}.match.query_parameters": [{"name": "q", "string_match": {"safe_regex": BAD_REGEX}}],
            f"{ROUTE}.match.cookies": [{"name": "c", "string_match": {"safe_regex": BAD_REGEX}}],
            f"{ROUTE}.match.dynamic_metadata": [
                {"filter": "f", "path": [{"key": "k"}], "value": {"string_match": {"safe_regex": BAD_REGEX}}}
            ],
            f"{ROUTE}.request_headers_to_remove": [":path", "host"],
        },
    ),
    "a route's action": (
        "routes",
        routes(route()),
        {
            f"{ROUTE}.route.cluster": "none",
            f"{ROUTE}.route.prefix_rewrite": "/x",
            f"{ROUTE}.route.regex_rewrite": {"pattern": {"regex": "a"}, "substitution": "b"},
            f"{ROUTE}.route.host_rewrite_path_regex": {"pattern": BAD_REGEX, "substitution": ""},
            f"{ROUTE}.route.timeout": NEGATIVE,
            f"{ROUTE}.route.idle_timeout": NEGATIVE,
            f"{ROUTE}.route.max_stream_duration": {
                "max_stream_duration": NEGATIVE, "grpc_timeout_header_max": NEGATIVE},
            f"{ROUTE}.route.retry_policy": {
                "per_try_timeout": NEGATIVE,
                "retry_back_off": {"base_interval": "2s", "max_interval": "1s"},
                "retriable_headers": [{"name": "h", "safe_regex_match": BAD_REGEX}],
                "retry_host_predicate": [{"name": "envoy.retry_host_predicates.previous_hosts"}],
            },
            f"{ROUTE}.route.hash_policy": [
                {"header": {"header_name": "h", "regex_rewrite": {"pattern": BAD_REGEX, "substitution": ""}}},
                {"cookie": {"name": "c", "ttl": NEGATIVE}},
            ],
            f"{ROUTE}.route.request_mirror_policies": [
                {"cluster": "gone"},
                {"cluster": "blue", "cluster_header": "x"},
                {},
            ],
            f"{ROUTE}.route.rate_limits": [
                {"actions": [{"header_value_match": {"descriptor_value": "d", "headers": [
                    {"name": "h", "safe_regex_match": BAD_REGEX}]}}]},
                {"actions": [{"source_cluster": {}}, {"extension": {
                    "name": "e", "typed_config": ROUTER["typed_config"]}}]},
            ],
            f"{ROUTE}.route.upgrade_configs": [
                {"upgrade_type": "a"}, {"upgrade_type": "A"}, {"upgrade_type": "b", "connect_config": {}},
                {"upgrade_type": "CONNECT", "connect_config": {}},
            ],
            f"{ROUTE}.request_headers_to_add": [PROTECTED, FORMAT],
            f"{ROUTE}.response_headers_to_add": [FORMAT],
            f"{ROUTE}.typed_per_filter_config": {
                "f": {"@type": FAULT, "abort": {"http_status": 200}, "headers": [
                    {"name": "h", "safe_regex_match": BAD_REGEX}]},
                "g": {"@type": names.url("envoy.config.route.v3.FilterConfig")},
            },
        },
    ),
    "weighted clusters": (
        "routes",
        routes(route(route={"weighted_clusters": {"clusters": [
            {"name": "blue", "weight": 1}, {"name": "blue", "weight": 1}, {"name": "blue", "weight": 1}]}})),
        {
            f"{ROUTE}.route.weighted_clusters.clusters.0.name": "none",
            f"{ROUTE}.route.weighted_clusters.clusters.1.weight": None,
            f"{ROUTE}.route.weighted_clusters.clusters.2.cluster_header": "x",
            f"{ROUTE}.route.weighted_clusters.clusters.2.request_headers_to_add": [PROTECTED],
        },
    ),
    "a direct response": (
        "routes",
        {**routes({"match": {"prefix": "/"}, "direct_response": {"status": 200}}),
         "max_direct_response_body_size_bytes": 2},
        {
            f"{ROUTE}.direct_response.body": {"inline_string": "long"},
            f"{ROUTE}.response_headers_to_remove": ["host"],
            f"{HOST}.request_headers_to_remove": ["host"],
            "request_headers_to_remove": [":method"],
        },
    ),
    "a virtual host": (
        "routes",
        routes(route(), {"match": {"safe_regex": {"regex": "a"}}, "route": {"cluster": "blue"}}),
        {
            f"{HOST}.domains": ["*", "a.com", "A.com"],
            f"{HOST}.retry_policy": {"per_try_timeout": NEGATIVE},
            f"{HOST}.request_mirror_policies": [{"cluster": "gone"}],
            f"{HOST}.rate_limits": [{"actions": [{"source_cluster": {}}]}],
            f"{HOST}.virtual_clusters": [{"name": "v"}, {"name": "w", "headers": [
                {"name": "h", "safe_regex_match": BAD_REGEX}]}],
            f"{HOST}.routes.0.route.cluster": "none",
            f"{HOST}.routes.1.match.safe_regex": BAD_REGEX,
            f"{HOST}.cors": {"allow_origin_string_match": [{"safe_regex": BAD_REGEX}]},
            "vhds": {"config_source": {"ads": {}}},
            "cluster_specifier_plugins": [{"extension": {"name": "lua", "typed_config": {
                "@type": names.url("envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig"),
                "source_code": {"inline_string": "x"}}}}],
        },
    ),
    "a virtual host's matcher": (
        "routes",
        {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "matcher": {"matcher_tree": {
            "input": {**TREE_INPUT, "typed_config": {**TREE_INPUT["typed_config"], "header_name": "h"}},
            "exact_match_map": {"map": {
                key: {"action": {"name": "route", "typed_config": {
                    "@type": names.url("envoy.config.route.v3.Route"), **route()}}} for key in "ab"}}}}}]},
        {
            f"{HOST}.matcher.matcher_tree.exact_match_map.map.a.action.typed_config.match.safe_regex": BAD_REGEX,
            f"{HOST}.matcher.matcher_tree.exact_match_map.map.a.action.typed_config.match.prefix": None,
            f"{HOST}.matcher.matcher_tree.exact_match_map.map.a.action.typed_config.route.timeout": NEGATIVE,
            f"{HOST}.matcher.matcher_tree.exact_match_map.map.b.keep_matching": True,
            f"{HOST}.matcher.on_no_match": {"action": {"name": "x", "typed_config": ROUTER["typed_config"]}},
        },
    ),
    "a connection manager": (
        "listeners",
        LISTENER,
        {
            f"{HCM}.strip_matching_host_port": True,
            f"{HCM}.strip_any_host_port": True,
            f"{HCM}.codec_type": "HTTP3",
            f"{HCM}.common_http_protocol_options": {"max_response_headers_kb": 1},
            f"{HCM}.local_reply_config": {},
            f"{HCM}.upgrade_configs": [{"upgrade_type": "a"}, {"upgrade_type": "A"}],
            f"{HCM}.http_filters": [
                LUA,
                {"name": "x"},
                {"name": "rbac", "typed_config": {"@type": RBAC, "rules": {"policies": {
                    "a": {"permissions": [{"url_path": {"path": {"safe_regex": BAD_REGEX}}}, {"any": True}],
                          "principals": [{"header": {"name": "h", "safe_regex_match": BAD_REGEX}}]},
                    "b": {"permissions": [{"any": True}], "principals": [{"and_ids": {"ids": [
                        {"url_path": {"path": {"safe_regex": BAD_REGEX}}}, {"any": True}]}}]}}}}},
                ROUTER,
            ],
            f"{HCM}.early_header_mutation_extensions": [{"name": "e", "typed_config": {
                "@type": names.url("envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"),
                "mutations": [{"remove": "host"}, {"append": {"header": {"key": ":path", "value": "x"}}}]}}],
            f"{HCM}.internal_address_config": {"cidr_ranges": [{"address_prefix": "x"}, {"address_prefix": "y"}]},
            f"{HCM}.route_config.virtual_hosts.0.routes.0.route.cluster": "none",
            f"{HCM}.route_config.virtual_hosts.0.request_headers_to_remove": ["host"],
            f"{HCM}.route_config.response_headers_to_remove": [":status"],
        },
    ),
    "scoped routes": (
        "listeners",
        {**LISTENER, "filter_chains": [{"filters": [{"name": "http", "typed_config": {
            **{name: value for name, value in MANAGER.items() if name != "route_config"},
            "scoped_routes": {
                "name": "s",
                "scope_key_builder": {"fragments": [{"header_value_extractor": {"name": "h", "index": 0}}]},
                "scoped_route_configurations_list": {"scoped_route_configurations": [
                    {"name": "a", "route_configuration": routes(route()), "key": {"fragments": [{"string_key": "a"}]}},
                    {"name": "b", "route_configuration": routes(route()), "key": {"fragments": [{"string_key": "b"}]}},
                ]}}}}]}]},
        {
            f"{HCM}.scoped_routes.scope_key_builder.fragments.0.header_value_extractor.index": 1,
            f"{HCM}.scoped_routes.scoped_route_configurations_list.scoped_route_configurations.0."
            "route_configuration.virtual_hosts.0.routes.0.route.cluster": "none",
            f"{HCM}.scoped_routes.scoped_route_configurations_list.scoped_route_configurations.1."
            "route_configuration_name": "x",
        },
    ),
    "a listener": (
        "listeners",
        {**LISTENER, "filter_chains": [{**CHAIN, "name": "a"}, {**CHAIN, "name": "b", "filter_chain_match": {
            "destination_port": 1}}]},
        {
            "address.socket_address.address": "x",
            "listener_filters": [{"name": "x"}, {"name": "y", "typed_config": ROUTER["typed_config"]}],
            "filter_chains.0.filter_chain_match": {
                "prefix_ranges": [{"address_prefix": "x"}], "server_names": ["*", "a*b"],
                "source_prefix_ranges": [{"address_prefix": "10.0.0.1"}, {"address_prefix": "z"}]},
            "filter_chains.1.filters": [
                {"name": "http", "typed_config": MANAGER},
                {"name": "sni", "typed_config": {
                    "@type": names.url("envoy.extensions.filters.network.sni_cluster.v3.SniCluster")}},
            ],
        },
    ),
    "a filter chain matcher": (
        "listeners",
        {**LISTENER, "filter_chains": [{**CHAIN, "name": "a"}, {**CHAIN, "name": "b"}],
         "filter_chain_matcher": {"matcher_tree": {
             "input": {"name": "i", "typed_config": {"@type": names.url(
                 "envoy.extensions.matching.common_inputs.network.v3.ServerNameInput")}},
             "exact_match_map": {"map": {key: {"action": {"name": "x", "typed_config": {
                 "@type": names.url("google.protobuf.StringValue"), "value": "a"}}} for key in "ab"}}}}},
        {
            "filter_chains.1.name": "a",
            "filter_chain_matcher.matcher_tree.exact_match_map.map.a.action.typed_config": ROUTER["typed_config"],
            "filter_chain_matcher.matcher_tree.exact_match_map.map.b.action.typed_config": ROUTER["typed_config"],
        },
    ),
    "a cluster": (
        "clusters",
        CLUSTER,
        {
            "eds_cluster_config": {"eds_config": {"ads": {}}},
            "lb_policy": "CLUSTER_PROVIDED",
            "filters": [{"name": "f", "typed_config": {"@type": "type.googleapis.com/google.protobuf.StringValue"}}],
            "load_assignment.endpoints.0.lb_endpoints.0.endpoint.address.socket_address.address": "x",
            "load_assignment.endpoints.0.lb_endpoints.1.endpoint.address.socket_address.address": "y",
            "load_assignment.policy": {"drop_overloads": [
                {"category": "a", "drop_percentage": {"numerator": 200}}, {"category": "b", "drop_percentage": {}}]},
            "load_assignment.endpoints.0.leds_cluster_locality_config": {
                "leds_config": {"ads": {}}, "leds_collection_name": "x"},
        },
    ),
    "a cluster with subsets": (
        "clusters",
        {**CLUSTER, "lb_subset_config": {"subset_selectors": [{"keys": ["a"]}, {"keys": ["b"]}]}},
        {
            "lb_policy": "LOAD_BALANCING_POLICY_CONFIG",
            "lb_subset_config.subset_selectors.0.fallback_policy": "KEYS_SUBSET",
            "lb_subset_config.subset_selectors.1.fallback_keys_subset": ["a"],
        },
    ),
}  # fmt: skip


def changed(tree: Any, faults: Faults) -> Any:
    """The tree with every fault in it."""
    made = json.loads(json.dumps(tree))
    for path, value in faults.items():
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
        target = made
        for step in steps:
            target = target[step]
        if value is None:
            del target[last]
        else:
            target[last] = copy.deepcopy(value)
    return made


def told(kind: str, resource: Tree) -> set[tuple[str, str, str]]:
    """Resource, field path and message of everything that strict loading tells."""
    source: dict[str, list[Tree]] = {"clusters": [BLUE]}
    source.setdefault(kind, []).append(resource)
    try:
        fastroute.load(source)
    except ConfigError as error:
        every = [error, *error.others]
        found = {(one.resource, one.path, one.message) for one in every}
        assert len(found) == len(every), "an error is told twice"
        return found
    return set()


def units(faults: Faults) -> list[Faults]:
    """The faults one by one; together where one takes the place of another or two exclude each other."""
    grouped = [
        ("match.prefix", "match.safe_regex"),
        ("route.prefix_rewrite", "route.regex_rewrite"),
        ("strip_matching_host_port", "strip_any_host_port"),
    ]
    rest = dict(faults)
    found = []
    for ends in grouped:
        together = {path: value for path, value in rest.items() if path.endswith(ends)}
        if len(together) == 2:
            found.append(together)
            rest = {path: value for path, value in rest.items() if path not in together}
    return found + [{path: value} for path, value in rest.items()]


@pytest.mark.parametrize("kind", KINDS)
def test_all_errors_at_once(kind: str) -> None:
    place, tree, faults = KINDS[kind]
    assert not told(place, tree), "without faults there is no error"
    by_itself = [told(place, changed(tree, each)) for each in units(faults)]
    assert all(by_itself), [each for each, found in zip(units(faults), by_itself, strict=True) if not found]
    assert told(place, changed(tree, faults)) == set().union(*by_itself)


def test_constraints_meaning_and_other_resources_at_once() -> None:
    bad = routes(
        {"match": {"prefix": "/"}},
        route(route={"cluster": "none"}),
        {"match": {"safe_regex": BAD_REGEX}, "route": {"cluster": "blue", "timeout": NEGATIVE}},
        {"match": {"prefix": "/"}, "redirect": {"response_code": 99}},
        require_tls=7,
    )
    source = {
        "clusters": [
            BLUE,
            {**CLUSTER, "lb_policy": "CLUSTER_PROVIDED"},
            {**CLUSTER, "name": "d", "connect_timeout": "0s"},
        ],
        "routes": [bad],
    }
    with pytest.raises(ConfigError) as caught:
        fastroute.load(source)
    assert {(one.resource, one.path) for one in (caught.value, *caught.value.others)} == {
        ('RouteConfiguration "r"', "virtual_hosts[0].require_tls"),
        ('RouteConfiguration "r"', "virtual_hosts[0].routes[0]"),
        ('RouteConfiguration "r"', "virtual_hosts[0].routes[1].route.cluster"),
        ('RouteConfiguration "r"', "virtual_hosts[0].routes[2].match.safe_regex.regex"),
        ('RouteConfiguration "r"', "virtual_hosts[0].routes[2].route.timeout"),
        ('RouteConfiguration "r"', "virtual_hosts[0].routes[3].redirect.response_code"),
        ('Cluster "c"', "lb_policy"),
        ('Cluster "d"', "connect_timeout"),
    }


def test_what_could_not_be_read_is_not_missed_elsewhere() -> None:
    broken = {"name": "green", "connect_timeout": "soon"}
    found = {"clusters": [BLUE, broken], "routes": [routes(route(route={"cluster": "green", "timeout": NEGATIVE}))]}
    with pytest.raises(ConfigError) as caught:
        fastroute.load(found)
    assert [one.path for one in (caught.value, *caught.value.others)] == [
        "connect_timeout",
        "virtual_hosts[0].routes[0].route.timeout",
    ]


def test_parts_with_errors_make_no_trouble_where_others_use_them() -> None:
    groups = {
        "@type": names.url(
            "envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier"
        ),
        "priority_groups": [{"name": "g", "clusters": [{"cluster_name": "blue"}]}],
    }
    specifier = {"extension": {"name": "p", "typed_config": groups}}
    plugin = routes(route(route={"cluster_specifier_plugin": "p"}), cluster_specifier_plugins=[])
    plugin["virtual_hosts"][0].pop("cluster_specifier_plugins")
    plugin["cluster_specifier_plugins"] = [specifier]
    assert len(told("routes", plugin)) == 1
    weightless = route(route={"weighted_clusters": {"clusters": [{"name": "none", "weight": 0}]}})
    assert {message for _, _, message in told("routes", routes(weightless))} == {
        "route: unknown weighted cluster 'none'",
        "Sum of weights in the weighted_cluster must be greater than 0.",
    }
    monitored = {**CLUSTER, "outlier_detection": {"monitors": [{"name": "m", "typed_config": ROUTER["typed_config"]}]}}
    assert told("clusters", monitored)


def test_an_extension_of_an_unknown_type_is_told_once() -> None:
    filters = [{"name": "mine", "typed_config": {"@type": "type.googleapis.com/istio.Mine"}}, ROUTER]
    source = changed(LISTENER, {f"{HCM}.http_filters": filters})
    assert {path for _, path, _ in told("listeners", source)} == {f"{HCM_PATH}.http_filters[0].typed_config"}


HCM_PATH = "filter_chains[0].filters[0].typed_config"


def test_messages_of_the_caller_stay_as_they_are() -> None:
    made: Any = message(names.BOOTSTRAP, {"static_resources": {"clusters": [BLUE], "listeners": [LISTENER]}})
    made.static_resources.clusters[0].lb_policy = 99
    before = made.SerializeToString(deterministic=True)
    for source in (made, {"clusters": [made.static_resources.clusters[0]]}):
        with pytest.raises(ConfigError):
            fastroute.load(source)
        assert made.SerializeToString(deterministic=True) == before

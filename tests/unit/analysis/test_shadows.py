"""Routes out of reach: which earlier route takes theirs, wherever the table is; and what cannot be proven."""

from __future__ import annotations

from typing import Any

import pytest

from fastroute.analysis.shadows import find_shadows
from fastroute.api import names
from fastroute.config import read

Tree = dict[str, Any]
ONE, TWO = ({"name": "x", "string_match": {"exact": text}} for text in "12")


def route(match: Tree, **action: Any) -> Tree:
    return {"match": match, **(action or {"route": {"cluster": "c"}})}


def table(*routes: Tree) -> Tree:
    return {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": list(routes)}]}


def found(source: Any) -> list[tuple[str, str]]:
    return [(one.path, one.by) for one in find_shadows(read(source))]


@pytest.mark.parametrize(
    ("first", "second", "is_shadowed"),
    [
        ({"prefix": "/"}, {"path": "/a"}, True),
        ({"prefix": "/a"}, {"prefix": "/"}, False),
        ({"prefix": "/a"}, {"path_separated_prefix": "/a"}, True),
        ({"path_separated_prefix": "/a"}, {"prefix": "/a"}, False),
        ({"path_separated_prefix": "/a"}, {"prefix": "/a/"}, True),
        ({"path_separated_prefix": "/a"}, {"path": "/ab"}, False),
        ({"path": "/a"}, {"path": "/a"}, True),
        ({"path": "/a"}, {"path_separated_prefix": "/a"}, False),
        ({"prefix": "/"}, {"safe_regex": {"regex": "/a.*"}}, True),
        ({"prefix": "/"}, {"safe_regex": {"regex": ".*"}}, False),
        ({"safe_regex": {"regex": "/.*"}}, {"safe_regex": {"regex": "/.*"}}, True),
        ({"safe_regex": {"regex": "/.*"}}, {"path": "/a"}, False),
        ({"prefix": "/A", "case_sensitive": False}, {"prefix": "/aB"}, True),
        ({"prefix": "/a"}, {"prefix": "/aB", "case_sensitive": False}, False),
        ({"prefix": "/", "headers": [ONE]}, {"prefix": "/a", "headers": [TWO, ONE]}, True),
        ({"prefix": "/", "headers": [ONE, TWO]}, {"prefix": "/a", "headers": [ONE]}, False),
        ({"prefix": "/", "headers": [ONE]}, {"prefix": "/a", "headers": [TWO]}, False),
        ({"prefix": "/", "grpc": {}}, {"prefix": "/"}, False),
        ({"prefix": "/?"}, {"prefix": "/?"}, False),
        ({"prefix": "/"}, {"connect_matcher": {}}, False),
        ({"connect_matcher": {}}, {"connect_matcher": {}, "headers": [ONE]}, True),
    ],
)
def test_what_takes_what(first: Tree, second: Tree, is_shadowed: bool) -> None:
    wanted = [("virtual_hosts[0].routes[1]", "virtual_hosts[0].routes[0]")] if is_shadowed else []
    assert found(table(route(first), route(second))) == wanted


def test_the_first_that_takes_them_is_named_and_only_routes_of_one_virtual_host_meet() -> None:
    tree = table(route({"prefix": "/a"}), route({"prefix": "/a/b"}), route({"path": "/a/b/c"}))
    tree["virtual_hosts"].append({"name": "w", "domains": ["w"], "routes": [route({"prefix": "/a"})]})
    assert found(tree) == [
        ("virtual_hosts[0].routes[1]", "virtual_hosts[0].routes[0]"),
        ("virtual_hosts[0].routes[2]", "virtual_hosts[0].routes[0]"),
    ]


def test_a_plugin_may_pass_the_route_over() -> None:
    plugin = route({"prefix": "/"}, route={"cluster_specifier_plugin": "p"})
    assert found({**table(plugin, route({"prefix": "/"})), "cluster_specifier_plugins": []}) == []


def test_tables_inside_listeners() -> None:
    twice = table(route({"prefix": "/"}), route({"path": "/a"}))
    scopes = [{"name": "s", "route_configuration": twice, "key": {"fragments": [{"string_key": "k"}]}}]
    builder = {"fragments": [{"header_value_extractor": {"name": "h", "index": 0}}]}
    scoped = {"scope_key_builder": builder, "scoped_route_configurations_list": {"scoped_route_configurations": scopes}}

    def chain(**routes: Any) -> Tree:
        manager = {"@type": names.url(names.HTTP_CONNECTION_MANAGER), "stat_prefix": "s", **routes}
        return {"filters": [{"name": "http", "typed_config": manager}]}

    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "10.0.0.1", "port_value": 1}},
        "filter_chains": [chain(route_config=twice)],
        "default_filter_chain": chain(scoped_routes={"name": "s", **scoped}),
    }
    inner = "filters[0].typed_config"
    lists = "scoped_routes.scoped_route_configurations_list.scoped_route_configurations[0].route_configuration"
    assert [path for path, _ in found(listener)] == [
        f"filter_chains[0].{inner}.route_config.virtual_hosts[0].routes[1]",
        f"default_filter_chain.{inner}.{lists}.virtual_hosts[0].routes[1]",
    ]

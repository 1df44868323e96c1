"""Lenient loading marks every decision that touches what cannot be decided, and no other."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import fastroute
from fastroute.api import names
from fastroute.cli.route import route as command
from fastroute.errors import UnsupportedError

LUA = names.url("envoy.extensions.filters.http.lua.v3.Lua")
EXPRESSION = {
    "name": "s",
    "typed_config": {
        "@type": names.url("envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor"),
        "descriptor_key": "k",
        "text": "request.path",
    },
}
LUA_SPECIFIER = {
    "extension": {
        "name": "lua",
        "typed_config": {
            "@type": names.url("envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig"),
            "source_code": {"inline_string": "x"},
        },
    }
}
ROUTES: dict[str, Any] = {
    "name": "web",
    "virtual_hosts": [
        {
            "name": "shop",
            "domains": ["shop.com"],
            "routes": [
                {"name": "a", "match": {"prefix": "/a"}, "route": {"cluster": "blue"}},
                {"name": "b", "match": {"prefix": "/b"}, "route": {"cluster": "blue"}},
                {"name": "c", "match": {"prefix": "/c"}, "route": {"cluster": "green"}},
            ],
        },
        {
            "name": "other",
            "domains": ["other.com"],
            "routes": [{"name": "o", "match": {"prefix": "/"}, "route": {"cluster": "blue"}}],
        },
    ],
}
UNKNOWN_MATCH = {
    "prefix": "/b",
    "headers": [
        {
            "name": "x-a",
            "string_match": {
                "custom": {
                    "name": "m",
                    "typed_config": {
                        "@type": names.url("envoy.extensions.string_matcher.lua.v3.Lua"),
                        "source_code": {"inline_string": "function envoy_match(text) return true end"},
                    },
                }
            },
        }
    ],
}


def routes(**changes: Any) -> Any:
    """The routes with the one of each name changed."""
    changed = copy.deepcopy(ROUTES)
    for host in changed["virtual_hosts"]:
        for one in host["routes"]:
            for path, value in changes.get(one["name"], {}).items():
                target = one
                *steps, last = path.split(".")
                for step in steps:
                    target = target[step]
                target[last] = value
    return changed


def router(source: object) -> fastroute.Router:
    with pytest.raises(UnsupportedError):
        fastroute.load(source)  # type: ignore[arg-type]
    return fastroute.Router(fastroute.load(source, strict=False), random=lambda: 0)  # type: ignore[arg-type]


def marked(found: fastroute.Router, **options: Any) -> set[str]:
    """The paths whose decisions have notices."""
    asked = {
        "/a": "shop.com",
        "/b": "shop.com",
        "/c": "shop.com",
        "/none": "shop.com",
        "/": "other.com",
        "/x": "nowhere",
    }
    return {path for path, host in asked.items() if found.route(host, path, **options).notices}


def test_nothing_is_marked_where_nothing_was_let_through() -> None:
    found = fastroute.Router(fastroute.load(ROUTES, strict=False))
    assert marked(found) == set()
    assert found.route("shop.com", "/a").notices == ()


def test_an_action_that_cannot_be_decided() -> None:
    found = router(routes(b={"route.rate_limits": [{"actions": [{"extension": EXPRESSION}]}]}))
    assert marked(found) == {"/b"}
    decision = found.route("shop.com", "/b")
    assert (decision.kind, decision.status, decision.reason, decision.route) == ("respond", 0, "undecidable", "b")
    (notice,) = decision.notices
    assert notice.error.path.startswith("virtual_hosts[0].routes[1].route.")
    text = found.explain("shop.com", "/b").text()
    assert "cannot be decided" in text
    assert "notice " in text


def test_a_match_that_cannot_be_decided_marks_what_comes_after_it() -> None:
    match = UNKNOWN_MATCH
    found = router(routes(b={"match": match}))
    assert marked(found) == {"/b", "/c", "/none"}
    assert found.route("shop.com", "/b").reason == "route_not_found"


def test_a_field_of_a_virtual_host() -> None:
    source = routes()
    source["virtual_hosts"][0]["rate_limits"] = [{"actions": [{"extension": EXPRESSION}]}]
    assert marked(router(source)) == {"/a", "/b", "/c", "/none"}


def test_a_field_of_the_route_configuration() -> None:
    source = {**routes(), "cluster_specifier_plugins": [LUA_SPECIFIER]}
    assert marked(router(source)) == {"/a", "/b", "/c", "/none", "/", "/x"}


def test_virtual_hosts_that_would_be_fetched_take_nothing_from_those_with_names() -> None:
    source = {**routes(), "vhds": {"config_source": {"ads": {}}}}
    assert marked(router(source)) == {"/x"}
    source["virtual_hosts"][1]["domains"] = ["other.com", "*.other.com"]
    assert marked(router(source)) == {"/", "/x"}


FRAGMENT = {"header_value_extractor": {"name": "scope", "index": 0}}


def scopes(**fields: Any) -> dict[str, Any]:
    """A listener whose connection manager finds its routes by the header `scope`."""
    made = listener("scoped", 80, [])
    manager = made["filter_chains"][0]["filters"][0]["typed_config"]
    del manager["route_config"]
    manager["scoped_routes"] = {"name": "s", "scope_key_builder": {"fragments": [FRAGMENT]}, **fields}
    return made


def scope(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "key": {"fragments": [{"string_key": name}]}, **fields}


def of_scopes(found: fastroute.Router) -> dict[str, set[str]]:
    chain = connect(found, 80)
    assert chain.notices == ()
    return {name: marked(found, chain=chain, headers=[("scope", name)]) for name in ("one", "two", "none")}


def test_scopes_in_a_listener_are_marked_one_by_one() -> None:
    undecided = {**routes(b={"match": UNKNOWN_MATCH}), "name": "second"}
    listed = [scope("one", route_configuration=ROUTES), scope("two", route_configuration=undecided)]
    made = scopes(scoped_route_configurations_list={"scoped_route_configurations": listed})
    found = router({"listeners": [made], "clusters": CLUSTERS})
    assert of_scopes(found) == {"one": set(), "two": {"/b", "/c", "/none"}, "none": set()}


def test_scopes_of_a_control_plane_are_marked_by_their_tables() -> None:
    undecided = {**routes(b={"route.rate_limits": [{"actions": [{"extension": EXPRESSION}]}]}), "name": "second"}
    delivered = [scope("one", route_configuration_name="web"), scope("two", route_configuration_name="second")]
    rds = {"ads": {}}
    made = scopes(scoped_rds={"scoped_rds_config_source": rds}, rds_config_source=rds)
    source = {"listeners": [made], "clusters": CLUSTERS, "routes": [ROUTES, undecided], "scoped_routes": delivered}
    assert of_scopes(router(source)) == {"one": set(), "two": {"/b"}, "none": set()}


def test_a_scope_that_is_left_out_marks_what_finds_no_scope() -> None:
    delivered = [scope("one", route_configuration_name="web"), scope("two", route_configuration=ROUTES)]
    rds = {"ads": {}}
    made = scopes(scoped_rds={"scoped_rds_config_source": rds}, rds_config_source=rds)
    plain = listener("plain", 81, [])
    source = {"listeners": [made, plain], "clusters": CLUSTERS, "routes": [ROUTES], "scoped_routes": delivered}
    found = router(source)
    everything = {"/a", "/b", "/c", "/none", "/", "/x"}
    assert of_scopes(found) == {"one": set(), "two": everything, "none": everything}
    assert marked(found, chain=connect(found, 81)) == set()


def test_a_cluster() -> None:
    redis = names.url("envoy.extensions.clusters.redis.v3.RedisClusterConfig")
    green = {"name": "green", "cluster_type": {"name": "envoy.clusters.redis", "typed_config": {"@type": redis}}}
    found = router({"routes": [ROUTES], "clusters": [{"name": "blue"}, green]})
    assert marked(found) == {"/c"}
    assert found.route("shop.com", "/c").cluster == "green"


def listener(name: str, port: int, filters: list[Any]) -> dict[str, Any]:
    manager = {
        "@type": names.url(names.HTTP_CONNECTION_MANAGER),
        "stat_prefix": "s",
        "route_config": ROUTES,
        "http_filters": [*filters, {"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}],
    }
    chain = {"name": f"chain-{name}", "filters": [{"name": "http", "typed_config": manager}]}
    address = {"socket_address": {"address": "10.0.0.1", "port_value": port}}
    return {"name": name, "address": address, "filter_chains": [chain]}


def connect(found: fastroute.Router, port: int) -> Any:
    return found.connect(fastroute.Connection(destination=("10.0.0.1", port), source=("10.0.0.2", 1)))


LISTENERS = [
    listener("plain", 80, []),
    listener("lua", 81, [{"name": "lua", "typed_config": {"@type": LUA}}]),
]
CLUSTERS = [{"name": "blue"}, {"name": "green"}]


def test_a_filter_marks_its_chain_and_the_decisions_on_it() -> None:
    found = router({"listeners": LISTENERS, "clusters": CLUSTERS})
    plain, lua = connect(found, 80), connect(found, 81)
    assert plain.notices == ()
    assert [notice.error.path for notice in lua.notices] == ["filter_chains[0].filters[0].typed_config.http_filters[0]"]
    assert marked(found, chain=plain) == set()
    assert marked(found, chain=lua) == {"/a", "/b", "/c", "/none", "/", "/x"}


def test_a_route_in_a_listener() -> None:
    listeners = copy.deepcopy(LISTENERS)[:1]
    manager = listeners[0]["filter_chains"][0]["filters"][0]["typed_config"]
    manager["route_config"] = routes(b={"match": UNKNOWN_MATCH})
    found = router({"listeners": listeners, "clusters": CLUSTERS})
    assert marked(found, chain=connect(found, 80)) == {"/b", "/c", "/none"}
    found = router({"static_resources": {"listeners": listeners, "clusters": CLUSTERS}})
    assert marked(found, chain=connect(found, 80)) == {"/b", "/c", "/none"}


def test_a_chain_that_cannot_be_decided_is_closed_and_says_so() -> None:
    listeners = [listener("plain", 80, []), listener("lua", 81, [])]
    discovery = {"config_source": {"ads": {}}, "type_urls": [LUA]}
    listeners[1]["filter_chains"][0]["filters"][0] = {"name": "f", "config_discovery": discovery}
    found = router({"listeners": listeners, "clusters": CLUSTERS})
    chain = connect(found, 81)
    assert (chain.kind, chain.reason, chain.filter_chain) == ("closed", "undecidable", "chain-lua")
    assert len(chain.notices) == 1
    assert connect(found, 80).notices == ()


def test_every_error_of_a_strict_load_is_told() -> None:
    match = UNKNOWN_MATCH
    source = routes(a={"match": match}, c={"route.rate_limits": [{"actions": [{"extension": EXPRESSION}]}]})
    source["virtual_hosts"][1]["domains"] = ["shop.com", "x.com", "x.com"]
    with pytest.raises(fastroute.ConfigError) as caught:
        fastroute.load(source)
    errors = (caught.value, *caught.value.others)
    assert [error.path.partition(".")[2].partition(".path_match")[0][:15] for error in errors] == [
        "routes[0].match",
        "routes[2].route",
        "domains[0]",
        "domains[2]",
    ]
    assert [error.conflict.path for error in errors if error.conflict] == [
        "virtual_hosts[0].domains[0]",
        "virtual_hosts[1].domains[1]",
    ]


def test_the_command_shows_notices(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(routes(b={"match": UNKNOWN_MATCH})))
    result = CliRunner().invoke(command, [str(path), "http://shop.com/c", "--lenient"])
    assert result.exit_code == 0, result.output
    assert 'notice         RouteConfiguration "web": virtual_hosts[0].routes[1].match' in result.output
    result = CliRunner().invoke(command, [str(path), "http://shop.com/a", "--lenient", "-o", "json"])
    assert "notices" not in result.output

"""Cluster specifier plugins against Envoy: RA-06."""

from __future__ import annotations

from typing import Any

import pytest
from support.compare import Differential, budgets, run_family
from support.envoy import SwapRefusedError, parse
from support.families import cluster_specifiers
from support.families.cluster_specifiers import PREFIX, PRIORITY_GROUP, UNKNOWN
from support.families.trees import extension
from support.http_envoy import HttpEnvoy

from fastroute.api import names
from fastroute.compile.context import Context
from fastroute.compile.routes import compile_table
from fastroute.config.resources import Resource
from fastroute.errors import RejectedError, UnsupportedError

pytestmark = pytest.mark.envoy


@budgets(ci=2_000)
def test_plugins_as_envoy_asks_them(http_envoy: HttpEnvoy, budget: int) -> None:
    differential = Differential(http_envoy)
    run_family(differential, cluster_specifiers, budget)
    assert not differential.refused
    assert not differential.unsupported


def group(*clusters: str, name: str = "g", weight: int = 1) -> dict[str, Any]:
    return {"name": name, "clusters": [{"cluster_name": cluster, "weight": weight} for cluster in clusters]}


def by(specifier: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A table of one route with an inline plugin."""
    return of({"inline_cluster_specifier_plugin": {"extension": specifier}}, **fields)


def of(action: dict[str, Any], **fields: Any) -> dict[str, Any]:
    routes = [{"match": {"prefix": "/"}, "route": action}]
    return {"name": "table", "virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}], **fields}


def groups(*given: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return extension(PRIORITY_GROUP, priority_groups=list(given), **fields)


def matcher(**fields: Any) -> dict[str, Any]:
    return extension(f"{PREFIX}matcher.v3.MatcherClusterSpecifier", **fields)


def action(name: str, **fields: Any) -> dict[str, Any]:
    return {"action": extension(name, **fields)}


ROUTE = action("envoy.config.route.v3.Route", match={"prefix": "/"}, route={"cluster": "c0"})
REFUSED = {
    "no groups": by(groups()),
    "a group without clusters": by(groups({"name": "g"})),
    "a group without name": by(groups(group("c0", name=""))),
    "a cluster without name": by(groups(group(""))),
    "weight 0": by(groups(group("c0", weight=0))),
    "unknown cluster where clusters are validated": by(groups(group("c0"), group("none")), validate_clusters=True),
    "no matcher": by(matcher()),
    "an action without cluster": by(
        matcher(cluster_matcher={"on_no_match": action(f"{PREFIX}matcher.v3.ClusterAction")})
    ),
    "an action of another kind": by(matcher(cluster_matcher={"on_no_match": ROUTE})),
    "an unknown name": of({"cluster_specifier_plugin": "q"}, cluster_specifier_plugins=[{"extension": UNKNOWN}]),
    "an unknown plugin that nobody uses": of({"cluster": "c0"}, cluster_specifier_plugins=[{"extension": UNKNOWN}]),
    "an unknown inline plugin": by(UNKNOWN),
    "an optional plugin that is known and wrong": of(
        {"inline_cluster_specifier_plugin": {"extension": groups(), "is_optional": True}}
    ),
    "a plugin without name": by({**groups(group("c0")), "name": ""}),
}


def ours(table: dict[str, Any]) -> None:
    message = parse(table, names.ROUTE_CONFIGURATION)
    compile_table(
        message, Context(Resource("table", message)), "", frozenset(("c0",)) if "validate" in str(table) else None
    )


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_both(http_envoy: HttpEnvoy, name: str) -> None:
    with pytest.raises(SwapRefusedError):
        http_envoy.swap(REFUSED[name])
    with pytest.raises(RejectedError):
        ours(REFUSED[name])


LUA = {"inline_string": "function envoy_on_route(handle)\nreturn 'c0'\nend"}
ENVIRONMENT = extension("envoy.extensions.matching.common_inputs.environment_variable.v3.Config", name="HOME")
BEYOND = {
    "Lua": by(extension(f"{PREFIX}lua.v3.LuaConfig", source_code=LUA, default_cluster="c0")),
    "groups out of typed metadata": by(groups(group("c0"), override_metadata_namespace="n")),
    "an input of the environment": by(
        matcher(
            cluster_matcher={
                "matcher_tree": {
                    "input": ENVIRONMENT,
                    "exact_match_map": {"map": {"a": action(f"{PREFIX}matcher.v3.ClusterAction", cluster="c0")}},
                }
            }
        )
    ),
}


@pytest.mark.parametrize("name", BEYOND)
def test_taken_by_envoy_and_called_unsupported(http_envoy: HttpEnvoy, name: str) -> None:
    http_envoy.swap(BEYOND[name])
    with pytest.raises(UnsupportedError):
        ours(BEYOND[name])


def test_a_value_on_two_lines_leaves_groups_to_chance(http_envoy: HttpEnvoy) -> None:
    """As with weighted clusters: the header counts only where it has one value that is a number."""
    http_envoy.swap(by(groups(group("c0", "c1"), header_name="x-r")))
    raw = b"GET / HTTP/1.1\r\nhost: h\r\nx-r: 0\r\nx-r: 0\r\n\r\n"
    assert {each.cluster for each in http_envoy.decide([raw] * 60)} == {"c0", "c1"}

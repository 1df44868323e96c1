"""Route to what the core's table is built from: its match, and the target of its action.

RM-55  A route has a match, a path specifier and an action.
"""

from __future__ import annotations

from collections.abc import Container

from fastroute.action.targets import (
    ClusterHeader,
    Forward,
    Matched,
    Nowhere,
    Redirect,
    Respond,
    Targets,
    Weighted,
    WeightedEntry,
)
from fastroute.compile import path_matches, predicates
from fastroute.compile.actions import compile_targets
from fastroute.compile.extensions import open_any
from fastroute.core.entries import RouteSpec, Target
from fastroute.errors import ConfigError
from fastroute.records import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context
    from fastroute.compile.matcher_trees import Action
    from fastroute.compile.path_matches import PathMatch
    from fastroute.compile.scopes import Scope

ROUTE = "envoy.config.route.v3.Route"
ROUTE_LIST = "envoy.config.route.v3.RouteList"
_MATCH_FIELDS = (
    "prefix",
    "path",
    "safe_regex",
    "connect_matcher",
    "path_separated_prefix",
    "path_match_policy",
    "case_sensitive",
    "runtime_fraction",
    "headers",
    "query_parameters",
    "cookies",
    "grpc",
    "tls_context",
    "dynamic_metadata",
    "filter_state",
)
UNDECIDED = Target("respond", status=0)
"""Of a route that lenient loading let through: an answer without a status, whose reason is `undecidable`."""


@record
class RouteCompiler:
    """Compiles the routes of one virtual host."""

    host: Any
    configuration: Any
    ctx: Context
    scope: Scope
    clusters: Container[str] | None

    def compile_list(self, routes: Any, path: str) -> tuple[RouteSpec, ...]:
        """The repeated field of routes at `path` that comes out of a matcher, so that they have no numbers."""
        return tuple(self.compile(each, f"{path}[{number}]", -1) for number, each in enumerate(routes))

    def action_into(self, lists: list[tuple[RouteSpec, ...]]) -> Action:
        """Compiles the actions of a matcher tree, each to a new list of routes in `lists`."""

        def action(message: Any, path: str) -> int:
            name, config = open_any(message.typed_config, self.ctx, f"{path}.typed_config")
            if config is None or name not in (ROUTE, ROUTE_LIST):
                raise self.ctx.reject(path, f"the action of a route matcher is a Route or a RouteList, not {name}")
            if name == ROUTE:
                lists.append((self.compile(config, f"{path}.typed_config", -1),))
            else:
                lists.append(self.compile_list(config.routes, f"{path}.typed_config.routes"))
            return len(lists) - 1

        return action

    def compile(self, route: Any, path: str, index: int) -> RouteSpec:
        """The Route at `path`, which is number `index` of its list; `undecided` where it cannot be."""
        told = self.ctx.told()
        try:
            return self._compile(route, path, index)
        except ConfigError:
            self.ctx.forget(told)
            return self.undecided(route, path, index)

    def undecided(self, route: Any, path: str, index: int) -> RouteSpec:
        """What stands for a route with errors: it matches nothing, or, if its match is sound, says nothing."""
        found = path_matches.PathMatch("never")
        target = None
        try:
            found = self.match(route, path)
        except ConfigError as error:
            self.ctx.keep(error, "the route is left out")
        try:
            target = self.target(route, path)
        except ConfigError as error:
            self.ctx.keep(error, "what the route does is not decided")
        target = target or UNDECIDED
        return RouteSpec(route.name, index, target, found.how, found.text, found.case_sensitive, found.predicates)

    def _compile(self, route: Any, path: str, index: int) -> RouteSpec:
        found = self.match(route, path)
        target = self.target(route, path)
        return RouteSpec(route.name, index, target, found.how, found.text, found.case_sensitive, found.predicates)

    def match(self, route: Any, path: str) -> PathMatch:
        """The match of the Route at `path`, with all of its predicates."""
        if not route.HasField("match"):
            raise self.ctx.reject(f"{path}.match", "value is required")
        self.ctx.only(route.match, f"{path}.match", _MATCH_FIELDS)
        stripped = self.configuration.ignore_path_parameters_in_path_matching
        never = path_matches.PathMatch("never")
        compile_path, here = path_matches.compile_path, f"{path}.match"
        found = self.ctx.attempt(never, compile_path, route.match, self.ctx, here, stripped=stripped)
        others = predicates.compile_predicates(route.match, self.ctx, here)
        return replace(found, predicates=others + found.predicates) if others else found

    def target(self, route: Any, path: str) -> Target:
        """Where the Route at `path` sends a request."""
        targets = compile_targets(route, self.host, self.configuration, self.ctx, path, self.clusters, scope=self.scope)
        return target_of(targets)


def target_of(targets: Targets) -> Target:
    """The core's form of a route's targets."""
    match targets:
        case Forward():
            return Target("forward", cluster=targets.cluster, status=targets.not_found_status, action=targets.action)
        case ClusterHeader():
            name = targets.name.encode("utf-8")
            return Target("cluster_header", header=name, status=targets.not_found_status, action=targets.action)
        case Weighted():
            return Target(
                "weighted",
                header=targets.header_name.encode("utf-8"),
                status=targets.not_found_status,
                entries=tuple(_entry(entry, targets.not_found_status) for entry in targets.entries),
                weights=tuple(entry.weight for entry in targets.entries),
                use_hash_policy=targets.use_hash_policy,
            )
        case Matched():
            entries = tuple(_plain_entry(name, targets) for name in (*targets.clusters, ""))
            return Target("matched", status=targets.not_found_status, entries=entries, tree=targets.tree)
        case Nowhere():
            return Target("nowhere")
        case Redirect():
            return Target("redirect", status=targets.status, action=targets.action)
        case Respond():
            return Target("respond", status=targets.status, action=targets.action)


def _plain_entry(cluster: str, targets: Matched) -> Target:
    return Target("forward", cluster=cluster, status=targets.not_found_status, action=targets.action)


def _entry(entry: WeightedEntry, status: int) -> Target:
    if entry.cluster_header:
        name = entry.cluster_header.encode("utf-8")
        return Target("cluster_header", header=name, status=status, action=entry.action)
    return Target("forward", cluster=entry.cluster, status=status, action=entry.action)

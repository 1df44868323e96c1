"""VirtualHost and its routes to what the core's table is built from.

RM-55  A route has a match, a path specifier and an action.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Literal

from fastroute.action.targets import ClusterHeader, Forward, Redirect, Respond, Targets, Weighted, WeightedEntry
from fastroute.compile.actions import compile_targets
from fastroute.compile.context import Context
from fastroute.compile.path_matches import How, compile_path
from fastroute.compile.predicates import compile_predicates
from fastroute.compile.scopes import VIRTUAL_HOST_FIELDS, Scope, compile_scope
from fastroute.core.entries import Entry, Target
from fastroute.core.predicates import Predicate

_HANDLED = ("name", "domains", "routes", *VIRTUAL_HOST_FIELDS)
_INERT = ("metadata", "per_request_buffer_limit_bytes", "request_body_buffer_limit")
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


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """One route, ready for the core: see `core.table`."""

    entry: Entry
    how: How
    text: bytes
    case_sensitive: bool
    predicates: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class VirtualHostSpec:
    """One virtual host, ready for the core; `domains` are lower case."""

    name: str
    domains: tuple[bytes, ...]
    routes: tuple[RouteSpec, ...]
    require_tls: Literal["none", "external_only", "all"] = "none"


def compile_virtual_host(
    host: Any, configuration: Any, ctx: Context, path: str, clusters: Container[str] | None
) -> VirtualHostSpec:
    """The VirtualHost at `path` of the RouteConfiguration `configuration`."""
    ctx.only(host, path, _HANDLED, _INERT)
    if not host.name:
        raise ctx.reject(f"{path}.name", "value length must be at least 1 characters")
    if not host.domains:
        raise ctx.reject(f"{path}.domains", "value must contain at least 1 item(s)")
    scope = compile_scope(host, configuration, ctx, path)
    routes = RouteCompiler(host, configuration, ctx, scope, clusters)
    specs = tuple(routes.compile(route, f"{path}.routes[{at}]", at) for at, route in enumerate(host.routes))
    return VirtualHostSpec(host.name, tuple(domain.encode("utf-8").lower() for domain in host.domains), specs)


@dataclass(frozen=True, slots=True)
class RouteCompiler:
    """Compiles the routes of one virtual host."""

    host: Any
    configuration: Any
    ctx: Context
    scope: Scope
    clusters: Container[str] | None

    def compile(self, route: Any, path: str, index: int) -> RouteSpec:
        """The Route at `path`, which is number `index` of its list."""
        if not route.HasField("match"):
            raise self.ctx.reject(f"{path}.match", "value is required")
        self.ctx.only(route.match, f"{path}.match", _MATCH_FIELDS)
        found = compile_path(route.match, self.ctx, f"{path}.match")
        predicates = (*compile_predicates(route.match, self.ctx, f"{path}.match"), *found.predicates)
        targets = compile_targets(route, self.host, self.configuration, self.ctx, path, self.clusters, scope=self.scope)
        entry = Entry(route.name, self.host.name, self.configuration.name, index, target_of(targets))
        return RouteSpec(entry, found.how, found.text, found.case_sensitive, predicates)


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
        case Redirect():
            return Target("redirect", status=targets.status, action=targets.action)
        case Respond():
            return Target("respond", status=targets.status, action=targets.action)


def _entry(entry: WeightedEntry, status: int) -> Target:
    if entry.cluster_header:
        name = entry.cluster_header.encode("utf-8")
        return Target("cluster_header", header=name, status=status, action=entry.action)
    return Target("forward", cluster=entry.cluster, status=status, action=entry.action)

"""What a virtual host and its route configuration lend to all of their routes, compiled once for each.

The field lists name what this module takes of the two messages; the compiler of route configurations
adds its own (domains, routes, matching options) and refuses the rest.
"""

from __future__ import annotations

from collections.abc import Container

from fastroute.action.levels import (
    EMPTY_CONFIGURATION,
    EMPTY_ENTRY,
    EMPTY_ROUTE,
    EMPTY_VIRTUAL_HOST,
    NO_FILTERS,
    Level,
    Levels,
)
from fastroute.action.mutations import NO_MUTATIONS
from fastroute.compile import cluster_specifiers, filter_configs
from fastroute.compile.header_mutations import compile_mutations
from fastroute.compile.policies import HOST_POLICY_FIELDS, compile_host_policies
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.action.levels import LevelName
    from fastroute.action.policies import HostPolicies
    from fastroute.action.retry import RetryPolicy
    from fastroute.compile.context import Context

LEVEL_FIELDS = (
    "request_headers_to_add",
    "request_headers_to_remove",
    "response_headers_to_add",
    "response_headers_to_remove",
    "typed_per_filter_config",
)
VIRTUAL_HOST_FIELDS = (
    *LEVEL_FIELDS,
    *HOST_POLICY_FIELDS,
    "retry_policy",
    "hedge_policy",
    "include_is_timeout_retry_header",
)
ROUTE_CONFIGURATION_FIELDS = (
    *LEVEL_FIELDS,
    "max_direct_response_body_size_bytes",
    "most_specific_header_mutations_wins",
    "request_mirror_policies",
    "metadata",
    "cluster_specifier_plugins",
)
_MAX_BODY = 4096
_EMPTY: dict[LevelName, Level] = {
    "weighted cluster": EMPTY_ENTRY,
    "route": EMPTY_ROUTE,
    "virtual host": EMPTY_VIRTUAL_HOST,
    "route configuration": EMPTY_CONFIGURATION,
}


@record
class Scope:
    """The virtual host's and the route configuration's part of every action below them."""

    levels: Levels
    retry_policy: RetryPolicy | None
    hedge_on_per_try_timeout: bool
    host: HostPolicies
    max_body: int
    plugins: cluster_specifiers.Plugins


def compile_scope(
    virtual_host: Any,
    route_configuration: Any,
    ctx: Context,
    path: str,
    clusters: Container[str] | None = None,
    plugins: cluster_specifiers.Plugins | None = None,
) -> Scope:
    """The scope of the virtual host at `path` (empty when it is a resource of its own).

    `plugins` are the cluster specifiers of the route configuration, where they are compiled already.
    """
    above = path.rpartition("virtual_hosts[")[0].removesuffix(".")
    if plugins is None:
        here = _join(above, "cluster_specifier_plugins")
        messages = route_configuration.cluster_specifier_plugins
        plugins = cluster_specifiers.compile_plugins(messages, ctx, here) if messages else {}
    configuration = compile_level("route configuration", route_configuration, ctx, above)
    host = compile_level("virtual host", virtual_host, ctx, path)
    retry = None
    if virtual_host.HasField("retry_policy"):
        from fastroute.compile.retry import compile_retry_policy

        retry = ctx.attempt(None, compile_retry_policy, virtual_host.retry_policy, ctx, _join(path, "retry_policy"))
    limit = route_configuration.max_direct_response_body_size_bytes
    return Scope(
        Levels(
            virtual_host=host,
            configuration=configuration,
            most_specific_wins=route_configuration.most_specific_header_mutations_wins,
        ),
        retry,
        virtual_host.hedge_policy.hedge_on_per_try_timeout,
        compile_host_policies(virtual_host, route_configuration, clusters, ctx, path),
        limit.value if route_configuration.HasField("max_direct_response_body_size_bytes") else _MAX_BODY,
        plugins,
    )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def compile_level(name: LevelName, message: Any, ctx: Context, path: str) -> Level:
    """The mutations and filter settings of one level; the shared empty level when it has none."""
    filters = NO_FILTERS
    if message.typed_per_filter_config:
        filters = filter_configs.compile_filter_configs(message.typed_per_filter_config, ctx, path)
    request = compile_mutations(message, "request", ctx, path)
    response = compile_mutations(message, "response", ctx, path)
    if not filters and request is NO_MUTATIONS and response is NO_MUTATIONS:
        return _EMPTY[name]
    return Level(name, request, response, filters)


def compile_levels(route: Any, scope: Scope, ctx: Context, path: str) -> Levels:
    """The levels of an action of `route`; shared with its virtual host when the route adds nothing."""
    level = compile_level("route", route, ctx, path)
    if level is EMPTY_ROUTE:
        return scope.levels
    return Levels(
        EMPTY_ENTRY,
        level,
        scope.levels.virtual_host,
        scope.levels.configuration,
        scope.levels.most_specific_wins,
    )

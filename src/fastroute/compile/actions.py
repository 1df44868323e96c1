"""A route's action to targets: where the request goes, and the object that computes everything else.

RA-01  One action is required; `non_forwarding_action` and `filter_action` that nothing answers go to a
       cluster that does not exist.
RA-05  Where clusters are validated, an unknown one is refused.
RA-06  Cluster specifier plugins: see `cluster_specifiers.py`.
RA-10  Weights are required, their sum lies between 1 and 2^32 - 1.
RA-12  `runtime_key_prefix` reads each weight from the runtime.
RA-13  A weighted entry has either a name or a cluster_header.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from fastroute.action import cluster_specifiers as specified
from fastroute.action import forward
from fastroute.action import metadata as criteria
from fastroute.action.respond import RedirectAction, ResponseAction
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
from fastroute.compile import bodies, cluster_specifiers, redirects, timeouts
from fastroute.compile.plain import EMPTY, metadata
from fastroute.compile.policies import ACTION_FIELDS, compile_policies
from fastroute.compile.runtime import runtime_integer
from fastroute.compile.scopes import LEVEL_FIELDS, Scope, compile_level, compile_levels, compile_scope
from fastroute.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.action.format import Template
    from fastroute.action.forward import ForwardAction
    from fastroute.compile.context import Context

ROUTE_HANDLED = (
    *LEVEL_FIELDS,
    "name",
    "match",
    "route",
    "redirect",
    "direct_response",
    "non_forwarding_action",
    "filter_action",
    "metadata",
    "decorator",
)
ROUTE_INERT = ("tracing", "stat_prefix", "per_request_buffer_limit_bytes", "request_body_buffer_limit")
_ACTION_HANDLED = (
    *ACTION_FIELDS,
    "cluster",
    "cluster_header",
    "weighted_clusters",
    "cluster_specifier_plugin",
    "inline_cluster_specifier_plugin",
    "cluster_not_found_response_code",
    "metadata_match",
    "timeout",
    "idle_timeout",
    "flush_timeout",
    "max_stream_duration",
    "max_grpc_timeout",
    "grpc_timeout_offset",
    "retry_policy",
)
_ACTION_INERT = ("early_data_policy", "retry_policy_typed_config")
_NOT_FOUND = (503, 404, 500)
_WEIGHT_LIMIT = (1 << 32) - 1


def compile_targets(
    route: Any,
    virtual_host: Any,
    route_configuration: Any,
    ctx: Context,
    path: str,
    clusters: Container[str] | None,
    *,
    scope: Scope | None = None,
) -> Targets:
    """The target of `route`, a Route at `path`.

    `scope` is what `compile_scope` made of the virtual host and the route configuration; a caller with
    many routes makes it once per virtual host. `clusters` validates names; None leaves them unchecked.
    """
    if scope is None:
        scope = compile_scope(virtual_host, route_configuration, ctx, _virtual_host_path(path), clusters)
    ctx.only(route, path, ROUTE_HANDLED, ROUTE_INERT)
    kind = route.WhichOneof("action")
    if kind == "route":
        return _forward(route, scope, ctx, path, clusters)
    if kind == "direct_response":
        return _respond(route, scope, ctx, path)
    if kind in ("non_forwarding_action", "filter_action"):
        return Forward("", forward.ForwardAction(**_common(route, scope, ctx, path)))
    if kind == "redirect":
        fields = redirects.compile_redirect(route.redirect, route.match, ctx, f"{path}.redirect")
        return Redirect(
            redirects.redirect_status(route.redirect), RedirectAction(**_common(route, scope, ctx, path), **fields)
        )
    raise ctx.reject(path, "action is required")


def _virtual_host_path(path: str) -> str:
    return path.split(".", 1)[0] if path.startswith("virtual_hosts[") else ""


def _operation(route: Any) -> str | None:
    return route.decorator.operation if route.HasField("decorator") else None


def _common(route: Any, scope: Scope, ctx: Context, path: str) -> dict[str, Any]:
    """The fields that every action has."""
    return {
        "levels": compile_levels(route, scope, ctx, path),
        "route_metadata": metadata(route.metadata),
        "operation": _operation(route),
        "host": scope.host,
    }


def _respond(route: Any, scope: Scope, ctx: Context, path: str) -> Respond:
    message, here = route.direct_response, f"{path}.direct_response"
    ctx.only(message, here, ("status", "body", "body_format"))
    if not 200 <= message.status < 600:
        ctx.gather(ctx.reject(f"{here}.status", "value must be inside range [200, 600)"))
    text = ctx.attempt(b"", bodies.compile_body, message.body, scope.max_body, ctx, f"{here}.body")
    template: Template | None = None
    kind = b""
    if message.HasField("body_format"):
        nothing = None, b""
        template, kind = ctx.attempt(
            nothing, bodies.compile_body_format, message.body_format, text, ctx, f"{here}.body_format"
        )
    common = _common(route, scope, ctx, path)
    return Respond(
        message.status, ResponseAction(**common, status=message.status, text=text, format=template, type=kind)
    )


def _forward(route: Any, scope: Scope, ctx: Context, path: str, clusters: Container[str] | None) -> Targets:
    message, here = route.route, f"{path}.route"
    ctx.only(message, here, _ACTION_HANDLED, _ACTION_INERT)
    status = _NOT_FOUND[message.cluster_not_found_response_code]
    kind = message.WhichOneof("cluster_specifier")
    if kind == "weighted_clusters":
        return _weighted(route, scope, ctx, path, clusters, status)
    if kind in ("cluster_specifier_plugin", "inline_cluster_specifier_plugin"):
        return _by_plugin(route, scope, ctx, path, clusters, status)
    action = _action(route, scope, ctx, path, clusters)
    if kind == "cluster":
        _check_cluster(message.cluster, clusters, "cluster", ctx, f"{here}.cluster")
        return Forward(message.cluster, action, status)
    if kind == "cluster_header":
        return ClusterHeader(message.cluster_header.lower(), action, status)
    raise ctx.reject(here, "cluster_specifier is required")


def _plugin(message: Any, scope: Scope, ctx: Context, path: str) -> cluster_specifiers.Plugin:
    if message.HasField("inline_cluster_specifier_plugin"):
        inline = message.inline_cluster_specifier_plugin
        return cluster_specifiers.compile_plugin(inline, ctx, f"{path}.inline_cluster_specifier_plugin")
    name = message.cluster_specifier_plugin
    if name not in scope.plugins:
        error = f"Unknown cluster specifier plugin name: {name} is used in the route"
        ctx.gather(ctx.reject(f"{path}.cluster_specifier_plugin", error))
        return None
    return scope.plugins[name]


def _by_plugin(
    route: Any, scope: Scope, ctx: Context, path: str, clusters: Container[str] | None, status: int
) -> Targets:
    here = f"{path}.route"
    plugin = ctx.attempt(None, _plugin, route.route, scope, ctx, here)
    action = _action(route, scope, ctx, path, clusters)
    if plugin is None or (
        isinstance(plugin, specified.PriorityGroups) and not any(weight for _, weight in plugin.groups[0])
    ):
        return Nowhere()  # an optional plugin, or one with errors
    if isinstance(plugin, cluster_specifiers.ClusterTree):
        return Matched(plugin.root, plugin.clusters, action, status)
    cluster_specifiers.check_groups(plugin, clusters, ctx, here)
    action = replace(action, policies=replace(action.policies, groups=plugin))
    entries = tuple(WeightedEntry(cluster, weight, action) for cluster, weight in plugin.groups[0])
    total = sum(weight for _, weight in plugin.groups[0])
    return Weighted(entries, total, plugin.header_name, plugin.use_hash_policy, status)


def _action(route: Any, scope: Scope, ctx: Context, path: str, clusters: Container[str] | None) -> ForwardAction:
    message, here = route.route, f"{path}.route"
    policy, policies = scope.retry_policy, compile_policies(route, clusters, ctx, path)
    if message.HasField("retry_policy"):
        from fastroute.compile.retry import compile_retry_policy

        policy = ctx.attempt(policy, compile_retry_policy, message.retry_policy, ctx, f"{here}.retry_policy")
    if scope.hedge_on_per_try_timeout and not message.HasField("hedge_policy"):
        policies = replace(policies, hedge_on_per_try_timeout=True)
    return forward.ForwardAction(
        **_common(route, scope, ctx, path),
        timeouts=timeouts.compile_timeouts(message, ctx, here),
        retry_policy=policy,
        policies=policies,
        criteria=_criteria(message),
    )


def _criteria(message: Any) -> Mapping[str, object]:
    found = metadata(message.metadata_match).get(criteria.NAMESPACE) if message.HasField("metadata_match") else None
    return dict(sorted(found.items())) if isinstance(found, Mapping) else EMPTY


def _check_cluster(name: str, clusters: Container[str] | None, what: str, ctx: Context, path: str) -> None:
    if clusters is not None and name not in clusters:
        remedy = "Define the cluster, or correct its name."
        ctx.gather(ctx.reject(path, f"route: unknown {what} '{name}'", remedy=remedy))


def _weighted(
    route: Any, scope: Scope, ctx: Context, path: str, clusters: Container[str] | None, status: int
) -> Weighted:
    message, here = route.route.weighted_clusters, f"{path}.route.weighted_clusters"
    ctx.only(message, here, ("clusters", "runtime_key_prefix", "header_name", "use_hash_policy"), ("total_weight",))
    entries = []
    common = _action(route, scope, ctx, path, clusters)
    for index, entry in enumerate(message.clusters):
        entry_path = f"{here}.clusters[{index}]"
        weighed = _check_entry(entry, clusters, ctx, entry_path)
        level = compile_level("weighted cluster", entry, ctx, entry_path)
        weight = _weight(message.runtime_key_prefix, entry, ctx) if weighed else 1
        action = replace(
            common,
            levels=replace(common.levels, entry=level),
            entry_host=entry.host_rewrite_literal.encode(),
            criteria=criteria.merged(common.criteria, metadata(entry.metadata_match)),
        )
        entries.append(WeightedEntry(entry.name, weight, action, entry.cluster_header.lower()))
    total = sum(entry.weight for entry in entries)
    if total == 0:
        raise ctx.reject(here, "Sum of weights in the weighted_cluster must be greater than 0.")
    if total > _WEIGHT_LIMIT:
        wrong = f"The sum of weights of all weighted clusters of route {route.name} exceeds {_WEIGHT_LIMIT}"
        ctx.gather(ctx.reject(here, wrong))
    return Weighted(tuple(entries), total, message.header_name.lower(), message.use_hash_policy.value, status)


def _check_entry(entry: Any, clusters: Container[str] | None, ctx: Context, path: str) -> bool:
    """Whether the entry has a weight."""
    ctx.only(entry, path, (*LEVEL_FIELDS, "name", "cluster_header", "weight", "metadata_match", "host_rewrite_literal"))
    if not entry.name and not entry.cluster_header:
        ctx.gather(ctx.reject(path, "At least one of name or cluster_header need to be specified"))
    if entry.name and entry.cluster_header:
        ctx.gather(ctx.reject(path, "Only one of name or cluster_header can be specified"))
    if not entry.HasField("weight"):
        ctx.gather(ctx.reject(f"{path}.weight", "Field 'weight' is missing"))
    if entry.name:
        _check_cluster(entry.name, clusters, "weighted cluster", ctx, f"{path}.name")
    return bool(entry.HasField("weight"))


def _weight(prefix: str, entry: Any, ctx: Context) -> int:
    number = runtime_integer(ctx.runtime, f"{prefix}.{entry.name}") if prefix else None
    return int(entry.weight.value) if number is None else number

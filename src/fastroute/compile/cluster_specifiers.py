"""Cluster specifier plugins of a RouteConfiguration and of its routes (RA-06).

RA-06  Of plugins with one name the first counts. An unknown extension is refused, unless the plugin
       `is_optional`: then its routes are as if they did not match.

Lua and dynamic modules run code and are refused, used or not. So is `override_metadata_namespace`: the groups would
come from typed metadata, which only filters set. What a matcher may look at and lead to is what a virtual host's
matcher may (VH-13), but that its actions are ClusterActions; Envoy 1.40 ends itself on everything else.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from fastroute.action.cluster_specifiers import PriorityGroups, Share
from fastroute.api import pool
from fastroute.api.anys import type_url
from fastroute.compile.extensions import open_any, open_extension
from fastroute.compile.matcher_trees import TreeCompiler
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context
    from fastroute.core.matchers import TreeNode

_PREFIX = "envoy.extensions.router.cluster_specifiers."
MATCHER = f"{_PREFIX}matcher.v3.MatcherClusterSpecifier"
CLUSTER_ACTION = f"{_PREFIX}matcher.v3.ClusterAction"
PRIORITY_GROUP = f"{_PREFIX}priority_group.v3.PriorityGroupClusterSpecifier"


@record
class ClusterTree:
    """A matcher tree whose actions are numbers of `clusters`."""

    root: TreeNode
    clusters: tuple[str, ...]


Plugin = ClusterTree | PriorityGroups | None
"""A plugin; None for an optional one that Envoy does not know."""
Plugins = Mapping[str, Plugin]
NO_PLUGINS: Plugins = {}


def compile_plugins(messages: Any, ctx: Context, path: str) -> Plugins:
    """The repeated field of ClusterSpecifierPlugin at `path`, by name."""
    if not messages:
        return NO_PLUGINS
    found: dict[str, Plugin] = {}
    for number, message in enumerate(messages):
        plugin = ctx.attempt(None, compile_plugin, message, ctx, f"{path}[{number}]")
        found.setdefault(message.extension.name, plugin)
    return found


def compile_plugin(message: Any, ctx: Context, path: str) -> Plugin:
    """The ClusterSpecifierPlugin at `path`."""
    extension, here = message.extension, f"{path}.extension"
    if not extension.name:
        raise ctx.reject(f"{here}.name", "value length must be at least 1 characters")
    if message.is_optional and not _is_specifier(type_url(extension.typed_config)):
        return None
    name, config = open_extension(extension, ctx, here, effect="routes that name the plugin do not match")
    if config is None:
        return None
    if name == MATCHER:
        return _matcher(config, ctx, f"{here}.typed_config")
    if name == PRIORITY_GROUP:
        return _groups(config, ctx, f"{here}.typed_config")
    if _is_specifier(name):
        raise ctx.unsupported(
            here,
            f"the cluster specifier {name} runs code, and is not supported",
            remedy="Name the cluster in another way, or decide this resource with Envoy itself.",
        )
    raise ctx.reject(here, f"Didn't find a registered implementation for '{extension.name}' with type URL: '{name}'")


def _is_specifier(url: str) -> bool:
    return pool.is_known(url) and pool.type_name(url).startswith(_PREFIX)


def _matcher(config: Any, ctx: Context, path: str) -> ClusterTree:
    if not config.HasField("cluster_matcher"):
        raise ctx.reject(f"{path}.cluster_matcher", "value is required")
    clusters: list[str] = []

    def action(message: Any, where: str) -> int:
        name, chosen = open_any(message.typed_config, ctx, f"{where}.typed_config")
        if name != CLUSTER_ACTION or chosen is None:
            raise ctx.reject(where, f"the action of a cluster matcher is a ClusterAction, not {name}")
        made: Any = chosen
        if not made.cluster:
            raise ctx.reject(f"{where}.typed_config.cluster", "value length must be at least 1 characters")
        clusters.append(made.cluster)
        return len(clusters) - 1

    root = TreeCompiler(ctx, action).matcher(config.cluster_matcher, f"{path}.cluster_matcher")
    return ClusterTree(root, tuple(clusters))


def _groups(config: Any, ctx: Context, path: str) -> PriorityGroups:
    ctx.only(config, path, ("priority_groups", "header_name", "use_hash_policy"))
    if not config.priority_groups:
        raise ctx.reject(f"{path}.priority_groups", "value must contain at least 1 item(s)")
    listed = enumerate(config.priority_groups)
    groups = tuple(ctx.attempt((), _group, each, ctx, f"{path}.priority_groups[{n}]") for n, each in listed)
    names = tuple(each.name for each in config.priority_groups)
    return PriorityGroups(groups, names, config.header_name.lower(), config.use_hash_policy.value)


def _group(message: Any, ctx: Context, path: str) -> tuple[Share, ...]:
    if not message.name:
        raise ctx.reject(f"{path}.name", "value length must be at least 1 characters")
    if not message.clusters:
        raise ctx.reject(f"{path}.clusters", "value must contain at least 1 item(s)")
    for number, each in enumerate(message.clusters):
        here = f"{path}.clusters[{number}]"
        if not each.cluster_name:
            ctx.gather(ctx.reject(f"{here}.cluster_name", "value length must be at least 1 characters"))
        if each.weight.value < 1:
            ctx.gather(ctx.reject(f"{here}.weight", "value must be greater than or equal to 1"))
    return tuple((each.cluster_name, each.weight.value) for each in message.clusters)


def check_groups(plugin: PriorityGroups, clusters: Container[str] | None, ctx: Context, path: str) -> None:
    """RA-05: where clusters are validated, those of every group are."""
    for name, group in zip(plugin.names, plugin.groups, strict=True):
        for cluster, _ in group:
            if clusters is not None and cluster not in clusters:
                ctx.gather(ctx.reject(path, f"route: unknown cluster '{cluster}' in priority group '{name}'"))

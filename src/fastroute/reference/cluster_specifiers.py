"""Cluster specifier plugins: which cluster a matcher or a list of priority groups names (RA-06).

- A route names a plugin of its route configuration, of which the first with that name counts, or has one inline.
- An optional plugin that Envoy does not know makes its routes as if they did not match.
- `matcher`: the ClusterAction that the tree yields; nothing names no cluster.
- `priority_group`: the first attempt falls on a cluster of the first group, as on weighted clusters.
"""

from __future__ import annotations

from fastroute.api import pool
from fastroute.api.anys import type_url
from fastroute.reference import matcher_tree
from fastroute.reference.stream import Message, Stream
from fastroute.reference.trace import Reason

_PREFIX = "envoy.extensions.router.cluster_specifiers."
CLUSTER_ACTION = f"{_PREFIX}matcher.v3.ClusterAction"
PRIORITY_GROUP = f"{_PREFIX}priority_group.v3.PriorityGroupClusterSpecifier"


def plugin_of(action: Message, stream: Stream) -> Message | None:
    """The ClusterSpecifierPlugin of a RouteAction, or None."""
    if action.HasField("inline_cluster_specifier_plugin"):
        return action.inline_cluster_specifier_plugin
    if not action.HasField("cluster_specifier_plugin"):
        return None
    named: list[Message] = [p for p in stream.plugins if p.extension.name == action.cluster_specifier_plugin]
    return named[0]


def why_left_out(route: Message, stream: Stream) -> Reason | None:
    """Why a route is as if it did not match, if it is."""
    plugin = plugin_of(route.route, stream)
    if plugin is None or not plugin.is_optional or _is_known(plugin):
        return None
    return Reason(f"the optional cluster specifier {plugin.extension.name} is unknown", "RA-06")


def _is_known(plugin: Message) -> bool:
    return pool.type_name(type_url(plugin.extension.typed_config)).startswith(_PREFIX)


def matched(config: Message, stream: Stream) -> str:
    """The cluster that a MatcherClusterSpecifier yields, or ""."""
    action = matcher_tree.evaluate(config.cluster_matcher, matcher_tree.of_request(stream))
    if action is None:
        stream.trace.add("cluster", "matcher", "answered", "it yields no action", "RA-06")
        return ""
    chosen: Message = pool.new(CLUSTER_ACTION)
    chosen.ParseFromString(action.typed_config.value)
    return str(chosen.cluster)

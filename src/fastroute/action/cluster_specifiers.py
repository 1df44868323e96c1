"""Cluster specifier plugins that are decided in process (RA-06).

matcher          A matcher tree yields the cluster's name; a tree that yields nothing names none. The clusters
                 are not validated when the route is loaded.
priority_group   The n-th attempt takes the n-th group, attempts beyond the last group the last one, and falls on a
                 cluster of it by weight, with one value for all attempts: `header_name`'s number, or the hash of
                 the route's hash policies, or the stream's random value, as weighted clusters do.
"""

from __future__ import annotations

from fastroute.action.draft import routed_values
from fastroute.action.headers import unsigned
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.decided import Decided
    from fastroute.action.protocol import Action

Share = tuple[str, int]
"""A cluster and its weight."""


@record
class PriorityGroups:
    """PriorityGroupClusterSpecifier: groups and their `names`; `header_name` is lower case."""

    groups: tuple[tuple[Share, ...], ...]
    names: tuple[str, ...] = ()
    header_name: str = ""
    use_hash_policy: bool = False

    def clusters(self, decision: Decided, action: Action) -> tuple[str, ...]:
        """The cluster of each group that the request falls on: of the first attempt, of the first retry, …"""
        value = self._value(decision, action)
        return tuple(_share(group, value) for group in self.groups)

    def _value(self, decision: Decided, action: Action) -> int:
        given = routed_values(decision, self.header_name.encode()) if self.header_name else []
        number = unsigned(given[0]) if len(given) == 1 else None
        if number is None and self.use_hash_policy:
            number = action.selection_hash(decision)
        return decision.random if number is None else number


def _share(group: tuple[Share, ...], value: int) -> str:
    point = value % sum(weight for _, weight in group)
    for cluster, weight in group:
        if point < weight:
            return cluster
        point -= weight
    raise AssertionError("the rest of a division by the sum of the weights lies below the sum")

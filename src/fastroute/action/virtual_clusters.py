"""Virtual clusters: names for groups of requests (VH-18)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastroute.action.matchers import HeaderMatcher
from fastroute.records import record

OTHER = "other"


@record
class VirtualCluster:
    """A name, and the matchers that all have to match."""

    name: str
    headers: tuple[HeaderMatcher, ...]


def name_of(clusters: Sequence[VirtualCluster], lookup: Callable[[bytes], list[bytes]]) -> str | None:
    """The first virtual cluster that matches, `other` when none does, None when there are none."""
    for cluster in clusters:
        if all(matcher.matches(lookup(matcher.name)) for matcher in cluster.headers):
            return cluster.name
    return OTHER if clusters else None

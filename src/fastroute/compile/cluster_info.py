"""What is kept of a cluster beside its balancer: for updates, breakers, ejection and reports."""

from __future__ import annotations

from collections.abc import Mapping

from fastroute.records import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.config.resources import Resource


@record
class Query:
    """A DNS name that a cluster asks for; `family` is DnsLookupFamily's name."""

    name: str
    family: str = "AUTO"


@record
class ClusterInfo:
    """`eds_name` is the name of the load assignment of an EDS cluster, empty for other types.

    `queries` are the names that a DNS cluster asks for. `children` are the clusters of an aggregate,
    in order. `ignored` are inert fields that were set.
    """

    resource: Resource
    eds_name: str = ""
    queries: tuple[Query, ...] = ()
    children: tuple[str, ...] = ()
    logical: bool = False
    locality_weights: bool = False
    health_checked: bool = False
    keep_removed: bool = False
    metadata: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

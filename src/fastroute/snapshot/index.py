"""Where an update finds what it touches: resources by name, clusters by their load assignment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fastroute.compile.cluster_info import ClusterInfo
from fastroute.config.changes import KINDS, Content
from fastroute.config.resources import Resource, Resources
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.core.clusters import Cluster

Named = dict[str, Resource]


@record
class Index:
    """`kinds`: the resources by kind and name. `services`: the clusters that have a load assignment of that
    name. `aggregates`: the clusters that each aggregate lists.
    """

    kinds: Mapping[str, Named]
    services: Mapping[str, tuple[str, ...]]
    aggregates: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, resources: Resources, clusters: Mapping[str, Cluster]) -> Index | None:
        """The index of a snapshot; None where two resources of one kind have the same name."""
        kinds: dict[str, Named] = {}
        for kind in KINDS:
            listed: list[Resource] = getattr(resources, kind)
            kinds[kind] = {resource.name: resource for resource in listed}
            if len(kinds[kind]) != len(listed) or "" in kinds[kind]:
                return None
        services, aggregates = _clusters(clusters.items(), {}, {})
        return cls(kinds, services, aggregates)

    def after(
        self,
        kinds: Mapping[str, Named],
        before: Mapping[str, Cluster],
        now: Mapping[str, Cluster],
        names: Iterable[str],
    ) -> Index:
        """The index after the clusters `names` were made anew, or removed."""
        names = tuple(names)
        if not names:
            return Index(kinds, self.services, self.aggregates)
        services, aggregates = dict(self.services), dict(self.aggregates)
        for name in names:
            if name in before:
                _forget(name, before[name], services)
            aggregates.pop(name, None)
        _clusters(((name, now[name]) for name in names if name in now), services, aggregates)
        return Index(kinds, services, aggregates)

    def above(self, names: set[str]) -> set[str]:
        """The aggregates that list any of the clusters `names`."""
        return {name for name, listed in self.aggregates.items() if not names.isdisjoint(listed)}


def merged(named: Named, changes: Mapping[str, Content], fresh: Named) -> Named:
    """What is replaced keeps its place, what is new comes last."""
    if not changes:
        return named
    result = dict(named)
    for name, content in changes.items():
        if content is None:
            result.pop(name, None)
        elif name in fresh:  # It is not where it could not be read.
            result[name] = fresh[name]
    return result


def _clusters(
    clusters: Iterable[tuple[str, Cluster]],
    services: dict[str, tuple[str, ...]],
    aggregates: dict[str, tuple[str, ...]],
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    for name, cluster in clusters:
        assert isinstance(cluster.info, ClusterInfo)
        if cluster.info.eds_name:
            services[cluster.info.eds_name] = (*services.get(cluster.info.eds_name, ()), name)
        if cluster.policy.kind == "aggregate":
            aggregates[name] = cluster.info.children
    return services, aggregates


def _forget(name: str, cluster: Cluster, services: dict[str, tuple[str, ...]]) -> None:
    assert isinstance(cluster.info, ClusterInfo)
    service = cluster.info.eds_name
    if service:
        left = tuple(each for each in services[service] if each != name)
        if left:
            services[service] = left
        else:
            del services[service]

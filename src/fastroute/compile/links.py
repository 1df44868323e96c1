"""What clusters learn of each other once all are compiled.

Rules:
- CL-07 an aggregate finds the clusters that it lists by name; those that do not exist are passed over,
  and so are other aggregates, which have no hosts of their own.
- LB-22 zone-aware routing needs the bootstrap's cluster_manager.local_cluster_name and the node's
  locality: the hosts of the local cluster are the caller's own peers.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastroute.core.endpoint import Locality

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.config.resources import Resource
    from fastroute.core.clusters import Cluster


def node_locality(bootstrap: Resource | None) -> Locality | None:
    """The locality of the bootstrap's node; None when it has none."""
    if bootstrap is None:
        return None
    message: Any = bootstrap.message
    if not message.HasField("node") or not message.node.HasField("locality"):
        return None
    place = message.node.locality
    return Locality(place.region, place.zone, place.sub_zone)


def local_cluster(bootstrap: Resource | None) -> str:
    """The name of the cluster of the caller's own peers; empty when there is none."""
    message: Any = None if bootstrap is None else bootstrap.message
    return "" if message is None else str(message.cluster_manager.local_cluster_name)


def link_clusters(clusters: Mapping[str, Cluster], bootstrap: Resource | None) -> None:
    """Tell the clusters of one snapshot about each other."""
    local = local_cluster(bootstrap)
    for cluster in clusters.values():
        link_cluster(cluster, clusters, local)


def link_cluster(cluster: Cluster, clusters: Mapping[str, Cluster], local: str) -> None:
    """Tell one cluster about the others; `local` is the name of the local cluster."""
    peers = clusters.get(local) if local else None
    if peers is not None or cluster.policy.kind == "aggregate":
        cluster.link(clusters, peers)

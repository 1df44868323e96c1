"""The clusters of a proxy's own workload: one for each port on which it is reached, and one for all others.

Connections go where they were meant to go, from an address that the redirection exempts; on loopback, on the
workload's own address, or on a socket where the mesh or a Sidecar says so.
"""

from __future__ import annotations

from fastroute.pilot.discovery.generate import names, traffic
from fastroute.pilot.discovery.generate.clusters import as_it_came, set_upstream
from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.model.inbound import InboundPort, inbound_ports
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.registry.policies import ConnectionPool

LOOPBACK = ("127.0.0.1", "::1")


def inbound_clusters(view: View) -> list[JSON]:
    """The clusters of the proxy's own workload."""
    return [*(_of_port(view, one) for one in inbound_ports(view)), _others(view)]


def _of_port(view: View, one: InboundPort) -> JSON:
    pool = one.pool or ConnectionPool()
    name = names.inbound(one.target)
    cluster: JSON = {"name": name, "connect_timeout": str(view.mesh.connect_timeout)}
    if one.address:
        cluster.update(type="STATIC", load_assignment=_assignment(name, one))
    else:
        cluster.update(type="ORIGINAL_DST", lb_policy="CLUSTER_PROVIDED", cleanup_interval="60s")
    if one.address not in LOOPBACK and not one.address.startswith("/"):
        cluster["upstream_bind_config"] = _exempt()
    _name_statistics(view, cluster, one)
    traffic.limit(cluster, pool, view.profile, view.mesh)
    protocol = one.port.protocol
    kind = "downstream" if protocol.value == "auto" else "http2" if protocol.is_http2 else ""
    set_upstream(view, cluster, kind, traffic.http_options(pool), traffic.http2_options(pool))
    about = [{"host": each.host, "name": each.name, "namespace": each.namespace} for each in one.services]
    cluster["metadata"] = names.metadata(services=about)
    return cluster


def _assignment(name: str, one: InboundPort) -> JSON:
    if one.number:
        address: JSON = {"socket_address": {"address": one.address, "port_value": one.number}}
    else:
        address = {"pipe": {"path": one.address}}
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}


def _exempt() -> JSON:
    return {"source_address": {"address": names.INBOUND_SOURCE, "port_value": 0}}


def _name_statistics(view: View, cluster: JSON, one: InboundPort) -> None:
    pattern, name = view.mesh.inbound_cluster_stat_name, ""
    if pattern and one.services:
        name = names.stat_name(pattern, one.services[0], one.port, target=one.target)
    if view.profile.alt_stat_names:
        cluster["alt_stat_name"] = f"{name or cluster['name']};"
    elif name:
        cluster["alt_stat_name"] = name


def _others(view: View) -> JSON:
    cluster = as_it_came(view, view.profile.inbound_passthrough)
    cluster["upstream_bind_config"] = _exempt()
    return cluster

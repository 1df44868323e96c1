"""Clusters as Envoy's admin page `/clusters?format=json` shows them, from configuration alone.

The shape is that of a running proxy; what only a running proxy knows is as it is at start: counters are
zero, which protobuf's JSON leaves out.
"""

from __future__ import annotations

from typing import Any, Final

from fastroute.analysis.proxy_config.endpoints import Filter, assignments
from fastroute.api.pool import new
from fastroute.config.resources import Resources

COUNTERS: Final = ("cx_connect_fail", "cx_total", "rq_error", "rq_success", "rq_timeout", "rq_total")
GAUGES: Final = ("cx_active", "rq_active")
LIMITS: Final = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
DEFAULTS: Final = (1024, 1024, 1024, 3)
"""Envoy's limits where a cluster sets none."""
PRIORITIES: Final = (0, 1)


def cluster_status(
    resources: Resources, *, cluster: str = "", address: str = "", port: int | None = None, status: str = ""
) -> list[Any]:
    """`envoy.admin.v3.ClusterStatus` of each cluster with an endpoint that fits all filters; all of its hosts."""
    wanted = Filter(cluster, address, port, status)
    hosts = dict(assignments(resources))
    dynamic = resources.bootstrap is None
    found = []
    for one in resources.clusters:
        assignment = hosts.get(one.name)
        if assignment is not None and any(wanted.fitting(one.name, assignment)):
            found.append(_status(one.message, assignment, dynamic))
    return found


def _status(cluster: Any, assignment: Any | None, dynamic: bool) -> Any:
    status: Any = new("envoy.admin.v3.ClusterStatus")
    status.name = cluster.name
    status.added_via_api = dynamic
    if cluster.eds_cluster_config.service_name:
        status.eds_service_name = cluster.eds_cluster_config.service_name
    for group in assignment.endpoints if assignment is not None else ():
        for endpoint in group.lb_endpoints:
            _host(status.host_statuses.add(), endpoint, group)
    for priority in PRIORITIES:
        _limits(status.circuit_breakers.thresholds.add(), cluster, priority)
    return status


def _host(host: Any, endpoint: Any, group: Any) -> None:
    host.address.CopyFrom(endpoint.endpoint.address)
    for name in COUNTERS:
        host.stats.add(name=name)
    for name in GAUGES:
        host.stats.add(name=name, type=1)
    host.health_status.eds_health_status = endpoint.health_status or 1
    host.weight = endpoint.load_balancing_weight.value or 1
    host.priority = group.priority
    host.hostname = endpoint.endpoint.hostname
    host.locality.CopyFrom(group.locality)


def _limits(threshold: Any, cluster: Any, priority: int) -> None:
    threshold.priority = priority
    said = next((one for one in cluster.circuit_breakers.thresholds if one.priority == priority), None)
    for name, default in zip(LIMITS, DEFAULTS, strict=True):
        given = said is not None and said.HasField(name)
        getattr(threshold, name).value = getattr(said, name).value if given else default

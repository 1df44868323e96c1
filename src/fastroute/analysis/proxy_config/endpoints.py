"""The table of endpoints: ENDPOINT, STATUS, OUTLIER CHECK, CLUSTER.

From load assignments and from clusters that hold theirs inside. Sorted by address, port and cluster, as
text. Without a running proxy the status is the one that the configuration gives, and the outlier check
has found nothing yet: OK.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastroute.analysis.proxy_config.fields import address_of
from fastroute.analysis.proxy_config.table import Table
from fastroute.config.resources import Resources

HEADER = ("ENDPOINT", "STATUS", "OUTLIER CHECK", "CLUSTER")
HEALTHY = ("UNKNOWN", "HEALTHY")


def assignments(resources: Resources) -> Iterator[tuple[str, Any]]:
    """(cluster name, load assignment) of every cluster that has one, in the clusters' order.

    An assignment for which no cluster asks stands at the end, under its own name.
    """
    by_name = {one.name: one.message for one in resources.endpoints}
    asked = set()
    for one in resources.clusters:
        cluster: Any = one.message
        if cluster.HasField("load_assignment"):
            yield cluster.name, cluster.load_assignment
            continue
        wanted = cluster.eds_cluster_config.service_name or cluster.name
        if wanted in by_name:
            asked.add(wanted)
            yield cluster.name, by_name[wanted]
    for name, message in by_name.items():
        if name not in asked:
            yield name, message


def endpoint_table(
    resources: Resources, *, cluster: str = "", address: str = "", port: int | None = None, status: str = ""
) -> Table:
    """The table of the endpoints that fit all filters. `status` is healthy or unhealthy, or a state's name."""
    found = []
    for name, assignment in assignments(resources):
        if cluster and name != cluster:
            continue
        for host, number, state in _endpoints(assignment):
            fits = (not address or address == host) and (port is None or port == number)
            if fits and (not status or status.upper() == state):
                shown = f"{host}:{number}" if number else host
                found.append(((host, number, name), (shown, state, "OK", name)))
    found.sort(key=lambda one: (one[0][0], str(one[0][1]), one[0][2]))
    return Table(HEADER, tuple(row for _, row in found))


def _endpoints(assignment: Any) -> Iterator[tuple[str, int, str]]:
    for group in assignment.endpoints:
        for one in group.lb_endpoints:
            host, port = address_of(one.endpoint.address)
            yield host, port, state_of(one)


def state_of(endpoint: Any) -> str:
    """The health status in words; not knowing counts as healthy, as in Envoy."""
    field = endpoint.DESCRIPTOR.fields_by_name["health_status"]
    name = str(field.enum_type.values_by_number[endpoint.health_status].name)
    return "HEALTHY" if name in HEALTHY else name

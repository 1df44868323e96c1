"""The table of endpoints: ENDPOINT, STATUS, OUTLIER CHECK, CLUSTER.

From load assignments and from clusters that hold theirs inside. Sorted by address, port and cluster. Without a
running proxy the status is the one that the configuration gives, and the outlier check has found nothing yet: OK.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastroute.analysis.proxy_config.fields import address_of
from fastroute.analysis.proxy_config.table import Table
from fastroute.config.resources import Resources
from fastroute.records import record

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
    wanted = Filter(cluster, address, port, status)
    found = []
    for name, assignment in assignments(resources):
        for host, number, state in wanted.fitting(name, assignment):
            shown = f"{host}:{number}" if number else host
            found.append(((host, number, name), (shown, state, "OK", name)))
    return Table(HEADER, tuple(row for _, row in sorted(found)))


@record
class Filter:
    """What `istioctl proxy-config endpoint` may be asked for; no text minds case."""

    cluster: str = ""
    address: str = ""
    port: int | None = None
    status: str = ""

    def fitting(self, cluster: str, assignment: Any) -> Iterator[tuple[str, int, str]]:
        """Address, port and state of the endpoints of a cluster that fit."""
        if self.cluster and cluster.lower() != self.cluster.lower():
            return
        for host, number, state in _endpoints(assignment):
            here = not self.address or self.address.lower() == host.lower()
            if here and self.port in (None, number) and (not self.status or self.status.upper() == state):
                yield host, number, state


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

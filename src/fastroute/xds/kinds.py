"""The kinds of resource that a control plane is asked for, and where each is asked.

Order matters: it is the order in which requests are sent and changes are made, so that nothing is named
before it is there (XD-21).
"""

from __future__ import annotations

from typing import Final

from fastroute.api import names
from fastroute.records import record

_SERVICES = "envoy.service."


@record(eq=False)
class Kind:
    """One kind. `wildcard`: everything is asked for, without names."""

    field: str
    """Its list in `Resources` and in `Changes`."""
    short: str
    message: str
    noun: str
    wildcard: bool
    service: str
    methods: tuple[str, str]
    """State of the world, incremental."""
    path: str
    """Where REST asks."""

    @property
    def url(self) -> str:
        """Its type URL."""
        return names.url(self.message)

    def __repr__(self) -> str:
        return self.short


def _kind(field: str, short: str, message: str, noun: str, service: str, plural: str, *, wildcard: bool) -> Kind:
    dashed = "".join(f"-{char.lower()}" if char.isupper() else char for char in plural).lstrip("-")
    methods = (f"Stream{plural}", f"Delta{plural}")
    return Kind(field, short, message, noun, wildcard, _SERVICES + service, methods, f"/v3/discovery:{dashed}")


CLUSTERS: Final = _kind(
    "clusters", "CDS", names.CLUSTER, "cluster", "cluster.v3.ClusterDiscoveryService", "Clusters", wildcard=True
)
ENDPOINTS: Final = _kind(
    "endpoints",
    "EDS",
    names.CLUSTER_LOAD_ASSIGNMENT,
    "load assignment",
    "endpoint.v3.EndpointDiscoveryService",
    "Endpoints",
    wildcard=False,
)
LISTENERS: Final = _kind(
    "listeners", "LDS", names.LISTENER, "listener", "listener.v3.ListenerDiscoveryService", "Listeners", wildcard=True
)
SCOPES: Final = _kind(
    "scoped_routes",
    "SRDS",
    names.SCOPED_ROUTE_CONFIGURATION,
    "scope",
    "route.v3.ScopedRoutesDiscoveryService",
    "ScopedRoutes",
    wildcard=True,
)
ROUTES: Final = _kind(
    "routes",
    "RDS",
    names.ROUTE_CONFIGURATION,
    "route configuration",
    "route.v3.RouteDiscoveryService",
    "Routes",
    wildcard=False,
)

KINDS: Final = (CLUSTERS, ENDPOINTS, LISTENERS, SCOPES, ROUTES)
BY_URL: Final = {kind.url: kind for kind in KINDS}
ADS_SERVICE: Final = _SERVICES + "discovery.v3.AggregatedDiscoveryService"
ADS_METHODS: Final = ("StreamAggregatedResources", "DeltaAggregatedResources")

"""Which endpoints a service itself prefers, or allows.

- `trafficDistribution` of a Service; without it, the annotation of a Service or ServiceEntry; without that, the
  annotation of its namespace. PreferSameZone (also called PreferClose): the caller's zone, then its region, then its
  network. PreferSameNode: the caller's node before all of these, then its subzone.
- The locality setting of a DestinationRule goes before it. Unlike that, it needs no outlier detection.
- `internalTrafficPolicy: Local` of a Service: the endpoints of the caller's node alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastroute.pilot.discovery.model.workloads import HOSTNAME, NETWORK, REGION, SUBZONE, ZONE
from fastroute.pilot.discovery.registry.annotations import DISTRIBUTION, distribution
from fastroute.pilot.discovery.registry.balancers import LocalitySetting

SAME_ZONE: Final = "PreferSameZone"
SAME_NODE: Final = "PreferSameNode"
SETTINGS: Final[Mapping[str, LocalitySetting]] = {
    SAME_ZONE: LocalitySetting(failover_priority=(NETWORK, REGION, ZONE), enabled=True),
    SAME_NODE: LocalitySetting(failover_priority=(NETWORK, REGION, ZONE, SUBZONE, HOSTNAME), enabled=True),
}
"""What each amounts to, as a locality setting."""


def preference(said: str, own: Mapping[str, str], namespace: Mapping[str, str]) -> str:
    """`PreferSameZone`, `PreferSameNode` or nothing: by a field, or by annotations of a service and its namespace."""
    return said or distribution(own.get(DISTRIBUTION, "")) or distribution(namespace.get(DISTRIBUTION, ""))

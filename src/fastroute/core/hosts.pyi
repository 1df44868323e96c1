"""The hosts of one priority level, divided by health and locality."""

from typing import final

from fastroute.core.endpoint import Endpoint, Locality

@final
class HostSet:
    """One priority level: hosts in the order of the load assignment. Immutable."""

    priority: int
    hosts: list[Endpoint]
    healthy: list[Endpoint]
    degraded: list[Endpoint]
    excluded: int
    localities: list[Locality]
    """The local one first when it has hosts, then the others in order."""
    by_locality: list[list[Endpoint]]
    healthy_by_locality: list[list[Endpoint]]
    degraded_by_locality: list[list[Endpoint]]
    excluded_by_locality: list[int]
    weights: list[int] | None
    """Locality weights parallel to `localities`; None where the cluster does not use them."""
    has_local: bool
    configured_weights: dict[Locality, int] | None
    local: Locality | None
    factor: int
    """Overprovisioning factor in percent."""
    weighted_health: bool
    """Whether the health of the level counts weights instead of hosts."""
    def __new__(
        cls,
        hosts: list[Endpoint],
        priority: int = 0,
        weights: dict[Locality, int] | None = None,
        local: Locality | None = None,
        *,
        factor: int = 140,
        weighted_health: bool = False,
        places: list[Locality] | None = None,
    ) -> HostSet: ...

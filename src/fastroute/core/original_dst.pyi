"""ORIGINAL_DST clusters (CL-05)."""

from typing import final

from fastroute.core.balancers import Balancer, Policy

FILTER_STATE: str
"""The filter state key that overrides every other source of the address."""

@final
class OriginalDestination(Balancer):
    """Gives the host that the request or connection names."""

    def __new__(cls, policy: Policy) -> OriginalDestination: ...

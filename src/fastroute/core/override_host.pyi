"""The override_host policy (LB-84)."""

from typing import final

from fastroute.core.balancers import Balancer, Policy
from fastroute.core.endpoint import Endpoint

@final
class OverrideHost(Balancer):
    """The host that a header or metadata names, else the choice of `fallback`."""

    fallback: Balancer
    def __new__(cls, policy: Policy, fallback: Balancer, by_address: dict[str, Endpoint]) -> OverrideHost: ...

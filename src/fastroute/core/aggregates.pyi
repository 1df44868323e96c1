"""Aggregate clusters (CL-07)."""

from typing import final

from fastroute.core.balancers import Balancer, Policy

@final
class Aggregate(Balancer):
    """The priorities of several clusters' balancers, one after the other."""

    children: list[Balancer]
    def __new__(cls, policy: Policy, children: list[Balancer]) -> Aggregate: ...

"""Subset load balancing (LB-70 to LB-77)."""

from collections.abc import Iterable
from typing import final

from fastroute.core.balancers import Balancer, Policy
from fastroute.core.hosts import HostSet

FALLBACK_LIST: str
"""The criterion that holds further criteria (LB-76)."""

@final
class Selector:
    """A set of metadata keys by which hosts are filed.

    `fallback`: 0 not defined, 1 no fallback, 2 any endpoint, 3 default subset, 4 keys subset.
    """

    def __new__(
        cls, keys: Iterable[str], *, fallback: int = 0, fallback_keys: Iterable[str] = (), single: bool = False
    ) -> Selector: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class SubsetBalancer(Balancer):
    """A balancer for each subset, and the fallbacks."""

    def __new__(cls, sets: list[HostSet], policy: Policy, before: Balancer | None = None) -> SubsetBalancer: ...

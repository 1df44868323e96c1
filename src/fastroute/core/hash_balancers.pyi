"""Ring hash and Maglev over priorities, with bounded load (LB-60 to LB-68)."""

from typing import final

from fastroute.core.balancers import Balancer, Policy
from fastroute.core.hash_tables import HashTable
from fastroute.core.hosts import HostSet

@final
class HashBalancer(Balancer):
    """Ring hash and Maglev. Takes over the tables of `before` whose inputs did not change."""

    tables: list[HashTable]
    def __new__(cls, sets: list[HostSet], policy: Policy, before: Balancer | None = None) -> HashBalancer: ...

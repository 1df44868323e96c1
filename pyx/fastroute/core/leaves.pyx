# cython: boundscheck=True, nonecheck=True
"""Which balancer a policy needs."""

from fastroute.core.balancers cimport Balancer, Policy, SourceBalancer
from fastroute.core.hash_balancers cimport HashBalancer
from fastroute.core.hosts cimport HostSet
from fastroute.core.original_dst cimport OriginalDestination
from fastroute.core.sources cimport Memory
from fastroute.core.zones cimport Zones, make_zones


cdef Balancer build_leaf(Policy policy, list sets, Memory memory, Balancer before, HostSet local):
    """`before` is the balancer whose tables may serve again; `local` the hosts of the caller's own cluster."""
    cdef Zones zones = None
    if policy.kind == "original_dst":
        return OriginalDestination(policy)
    if policy.kind in ("ring_hash", "maglev"):
        return HashBalancer(sets, policy, before)
    if policy.kind not in ("round_robin", "least_request", "random"):
        raise ValueError(f"no balancer of the kind {policy.kind!r}")
    if local is not None and sets:
        zones = make_zones(<HostSet?>sets[0], local, policy.parameters)
    return SourceBalancer(sets, policy, memory, zones)

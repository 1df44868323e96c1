# cython: boundscheck=True, nonecheck=True
"""Zone-aware routing: keep traffic in the caller's zone without overloading it.

Rules:
- LB-22 it applies to priority 0 and needs the hosts of the local cluster (the caller's own peers).
  It is off with fewer than two healthy upstream localities, fewer than two local ones (unless
  force_local_zone), no local host in the caller's own locality, or fewer healthy upstream hosts than
  min_cluster_size; for one request it is off when the draw against routing_enabled fails or when the
  local cluster is in panic.
- LB-23 shares are in 1/10 000. When the upstream's share in the own zone is positive and not below
  the local share, all goes to the own zone; otherwise upstream·10 000 / local of it does, and the
  rest follows the spare capacity max(0, upstream − local) of the other localities.
"""

cimport cython
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc

from fastroute.core.draws cimport draw
from fastroute.core.endpoint cimport Endpoint
from fastroute.core.hosts cimport HostSet


@cython.final
cdef class Zones:
    def __dealloc__(self):
        free(self.residual)

    cdef int locality(self, object random) except -3:
        cdef uint64_t threshold
        cdef Py_ssize_t i = 0
        if self.routing_enabled < 100 and draw(random) % 100 >= <uint64_t>self.routing_enabled:
            return -1
        if self.local_panic:
            return -2 if self.fail_on_panic else -1
        if self.direct:
            return 0
        if draw(random) % 10000 < self.local_share:
            return 0
        if self.residual[self.size - 1] == 0:
            return <int>(draw(random) % <uint64_t>self.size)
        threshold = draw(random) % self.residual[self.size - 1]
        while threshold >= self.residual[i]:
            i += 1
        return <int>i


cdef uint64_t _measure(list hosts, bint by_weight):
    cdef Endpoint host
    cdef uint64_t total = 0
    if not by_weight:
        return len(hosts)
    for host in hosts:
        total += host.weight
    return total


cdef list _shares(HostSet upstream, HostSet local, bint by_weight):
    """A (upstream, local) pair of shares each upstream locality."""
    cdef list counts = [_measure(hosts, by_weight) for hosts in upstream.healthy_by_locality]
    cdef dict here = {
        locality: _measure(hosts, by_weight)
        for locality, hosts in zip(local.localities, local.healthy_by_locality, strict=True)
        if hosts
    }
    cdef object total = sum(counts)
    cdef object total_here = sum(here.values())
    return [
        (
            10000 * count // total if total else 0,
            10000 * here.get(locality, 0) // total_here if total_here and hosts else 0,
        )
        for count, locality, hosts in zip(counts, upstream.localities, upstream.healthy_by_locality, strict=True)
    ]


cdef bint _off(HostSet upstream, HostSet local, object force, object min_cluster_size):
    return (
        len(upstream.localities) < 2
        or (len(local.localities) < 2 and force is None)
        or not local.has_local
        or len(upstream.healthy) < min_cluster_size
    )


cdef Zones make_zones(HostSet upstream, HostSet local, dict parameters):
    """The zone routing of one upstream level; None where it is off."""
    cdef Zones zones
    cdef object force = parameters.get("force_local_zone")
    cdef Py_ssize_t i
    cdef uint64_t before = 0
    if local is None or _off(upstream, local, force, parameters.get("min_cluster_size", 6)):
        return None
    shares = _shares(upstream, local, parameters.get("locality_basis_weight", False))
    zones = Zones()
    zones.routing_enabled = parameters.get("routing_enabled", 100)
    zones.fail_on_panic = parameters.get("fail_traffic_on_panic", False)
    present = len(local.hosts) - local.excluded
    available = 100.0 * (len(local.healthy) + len(local.degraded)) / present if present else 0.0
    zones.local_panic = available < parameters.get("panic_threshold", 50)
    zones.size = len(shares)
    zones.residual = <uint64_t *>malloc(zones.size * sizeof(uint64_t))
    if zones.residual == NULL:
        raise MemoryError
    there, here = shares[0]
    if upstream.has_local:
        zones.direct = (there > 0 and there >= here) or (
            force is not None and len(upstream.healthy_by_locality[0]) >= force
        )
        zones.local_share = there * 10000 // here if here else 0
    for i in range(zones.size):
        there, here = shares[i]
        if there > here and not (i == 0 and upstream.has_local):
            before += <uint64_t>(there - here)
        zones.residual[i] = before
    return zones

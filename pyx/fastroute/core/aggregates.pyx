# cython: boundscheck=True, nonecheck=True
"""Aggregate clusters (CL-07).

The priorities of the listed clusters, without those that have no hosts, stand in one line; clusters
that do not exist are passed over. Loads are computed over the line with the aggregate's own
thresholds, a level and a health class are drawn, and the cluster that owns the level chooses as if
all of the load were on that priority and class. A ring hash or Maglev cluster draws by itself.
"""

cimport cython
from libc.stdint cimport uint64_t

from fastroute.core.balancers cimport Balancer, Policy, SourceBalancer, loads_of_sets
from fastroute.core.draws cimport draw
from fastroute.core.endpoint cimport Endpoint
from fastroute.core.hosts cimport HostSet


@cython.final
cdef class Aggregate(Balancer):
    def __cinit__(self, Policy policy not None, list children not None):
        cdef HostSet level
        cdef Balancer child
        self.children = children
        self.sets = []
        self.healthy = []
        self.degraded = []
        for child in children:
            for level in child.sets:
                if level.hosts:
                    self.sets.append(level)
                    self.healthy.append(_forced(child, level.priority, False))
                    self.degraded.append(_forced(child, level.priority, True))
        if not self.sets:
            self.sets = [HostSet([])]
        self.loads = loads_of_sets(self.sets, policy)

    cdef Endpoint choose(self, uint64_t hash, bint has_hash, object random, object skip, object context):
        cdef bint degraded = False
        cdef int level
        cdef Balancer child
        if not self.healthy:
            return None
        level = self.loads.single
        if level < 0:
            level = self.loads.choose(draw(random), &degraded)
        child = (self.degraded if degraded else self.healthy)[level]
        return child.choose(hash, has_hash, random, skip, context)


cdef Balancer _forced(Balancer child, int level, bint degraded):
    return (<SourceBalancer>child).forced(level, degraded) if isinstance(child, SourceBalancer) else child

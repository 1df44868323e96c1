"""Balancers: from the host sets of a cluster to one host. A balancer is immutable but for turns."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from fastroute.core.endpoint cimport Endpoint
from fastroute.core.hosts cimport HostSet
from fastroute.core.priorities cimport Loads
from fastroute.core.sources cimport LocalityTurns, Memory, Source, Weigher

# The policy of a SourceBalancer.
cdef enum:
    ROUND_ROBIN = 0
    LEAST_REQUEST = 1
    LEAST_REQUEST_SCAN = 2
    RANDOM = 3

cdef class Policy:
    cdef readonly str kind
    cdef readonly dict parameters
    cdef readonly tuple children
    cdef object get(self, str name, object default)

cdef class Reselect:
    cdef readonly object previous
    cdef readonly tuple predicates
    cdef readonly int attempts
    cdef readonly object tried
    cdef bint rejects(self, Endpoint host) except -1

cdef class Balancer:
    cdef readonly list sets
    cdef readonly Loads loads
    # One selection. `attempt` counts from 0 and matters to hash tables only. None: no host.
    cdef Endpoint once(self, uint64_t hash, bint has_hash, int attempt, object random, object skip, object context)
    # Selections until one is not skipped (LB-37).
    cdef Endpoint choose(self, uint64_t hash, bint has_hash, object random, object skip, object context)
    cdef Endpoint again(
        self, Endpoint first, uint64_t hash, bint has_hash, object random, object skip, object context
    )

cdef class SourceBalancer(Balancer):
    cdef int policy
    cdef int choices
    cdef bint weighted_localities
    cdef bint fail_on_panic
    cdef list all
    cdef list healthy
    cdef list degraded
    cdef list healthy_localities        # a list of Source each level; empty without locality balancing
    cdef list degraded_localities
    cdef list healthy_turns             # a LocalityTurns each level
    cdef list degraded_turns
    cdef object zones                   # core.zones.Zones of level 0, or None
    cdef Policy given
    cdef Memory memory
    # The same balancer with all load on one level and health class.
    cdef SourceBalancer forced(self, int level, bint degraded)
    cdef Source source(self, uint64_t draw, object random, object skip)
    cdef Endpoint least(self, Source source, object random)

cdef Loads loads_of_sets(list sets, Policy policy)
cdef bint skipped(object skip, Endpoint host) except -1

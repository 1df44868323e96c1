"""Zone-aware routing on priority 0."""

from libc.stdint cimport uint32_t, uint64_t

from fastroute.core.hosts cimport HostSet

cdef class Zones:
    cdef int routing_enabled            # percent
    cdef bint fail_on_panic
    cdef bint local_panic
    cdef bint direct
    cdef uint64_t local_share           # of 10 000
    cdef uint64_t *residual             # cumulative spare capacity
    cdef Py_ssize_t size
    # The locality to use; -1: no locality routing for this request; -2: no host at all.
    cdef int locality(self, object random) except -3

cdef Zones make_zones(HostSet upstream, HostSet local, dict parameters)

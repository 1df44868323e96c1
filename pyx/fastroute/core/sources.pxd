"""Host sources: the lists that a level's hosts are picked from, each with its place in the round."""

from libc.stdint cimport uint32_t, uint64_t

from fastroute.core.edf cimport Scheduler
from fastroute.core.endpoint cimport Endpoint

# The kinds of source of one level.
cdef enum:
    ALL = 0
    HEALTHY_HOSTS = 1
    DEGRADED_HOSTS = 2
    LOCALITY_HEALTHY = 3
    LOCALITY_DEGRADED = 4

cdef class Place:
    cdef uint64_t index

cdef class Memory:
    cdef public uint64_t seed
    cdef public bint seeded
    cdef public double now              # the caller's clock, in seconds
    cdef dict places
    cdef int sow(self, object random) except -1
    cdef Place place(self, uint64_t key)

cdef class Weigher:
    cdef int kind
    cdef double bias
    cdef double window                  # slow start, seconds; 0: off
    cdef double aggression
    cdef double least                   # lowest share of the weight, 0 to 1
    cdef bint reported                  # weights come from load reports
    cdef double weight(self, Endpoint host, double now) noexcept
    cdef double base(self, Endpoint host) noexcept

cdef class Source:
    cdef list hosts
    cdef Py_ssize_t size
    cdef bint weighted
    cdef bint opened
    cdef Memory memory
    cdef Weigher weigher
    cdef uint64_t key
    cdef Place place
    cdef Scheduler edf
    cdef int open(self, object random) except -1
    cdef Endpoint turn(self, object random)
    cdef Endpoint scheduled(self)

cdef class LocalityTurns:
    cdef double *weights
    cdef uint32_t *localities
    cdef Py_ssize_t size
    cdef Memory memory
    cdef Scheduler edf
    cdef int turn(self, object random) except -2

cdef Source make_source(list hosts, Memory memory, Weigher weigher, int priority, int kind, int locality)
cdef LocalityTurns make_turns(list weights, list eligible, list hosts, list excluded, uint32_t factor, Memory memory)

"""The hosts of one priority level, sorted into the lists that balancers draw from."""

from libc.stdint cimport uint32_t, uint64_t

from fastroute.core.endpoint cimport Locality
from fastroute.core.priorities cimport Counts

cdef class HostSet:
    cdef readonly int priority
    cdef readonly list hosts
    cdef readonly list healthy
    cdef readonly list degraded
    cdef readonly Py_ssize_t excluded
    cdef readonly list localities               # of Locality; the local one first, the others in order
    cdef readonly list by_locality              # lists of hosts, parallel to localities
    cdef readonly list healthy_by_locality
    cdef readonly list degraded_by_locality
    cdef readonly list excluded_by_locality     # of int
    cdef readonly list weights                  # of int, parallel to localities; None: not configured
    cdef readonly bint has_local                # localities[0] is the caller's own
    cdef readonly dict configured_weights
    cdef readonly Locality local
    cdef readonly uint32_t factor               # overprovisioning factor, percent
    cdef readonly bint weighted_health          # health counts weights, not hosts
    cdef Counts counts(self)
    cdef HostSet subset(self, list hosts, bint keep_weights, bint scale)
    cdef HostSet rebuilt(self)
    cdef HostSet of(self, list hosts, dict weights, list places)

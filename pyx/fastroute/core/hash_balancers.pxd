"""Ring hash and Maglev over priorities, with bounded load."""

from libc.stdint cimport uint32_t, uint64_t

from fastroute.core.balancers cimport Balancer
from fastroute.core.endpoint cimport Endpoint
from fastroute.core.hash_tables cimport HashTable

cdef class HashBalancer(Balancer):
    cdef readonly list tables           # a HashTable each level
    cdef list hosts                     # the hosts that each table counts
    cdef list weights                   # their normalised weights
    cdef uint32_t balance_factor        # 0: load is not bounded
    cdef Endpoint bounded(self, list hosts, list weights, Py_ssize_t natural, uint64_t hash)

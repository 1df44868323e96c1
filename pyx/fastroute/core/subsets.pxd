"""Subset load balancing: the hosts whose metadata the request asks for."""

from libc.stdint cimport uint64_t

from fastroute.core.balancers cimport Balancer, Policy
from fastroute.core.endpoint cimport Endpoint
from fastroute.core.hosts cimport HostSet

# Fallback policies of a selector; the global ones have the same numbers from NO_FALLBACK on.
cdef enum:
    NOT_DEFINED = 0
    NO_FALLBACK = 1
    ANY_ENDPOINT = 2
    DEFAULT_SUBSET = 3
    KEYS_SUBSET = 4

cdef class Selector:
    cdef tuple keys                     # sorted
    cdef int fallback
    cdef frozenset fallback_keys
    cdef bint single

cdef class SubsetBalancer(Balancer):
    cdef dict selectors                 # sorted keys → Selector
    cdef dict subsets                   # (key, value) pairs by key → Balancer, or Endpoint of a single host subset
    cdef Balancer any_host
    cdef Balancer default
    cdef int fallback
    cdef bint panic_any
    cdef bint fallback_list
    cdef dict memories                  # (keys, values) → Memory, carried from update to update
    cdef Endpoint by_criteria(
        self, dict criteria, uint64_t hash, bint has_hash, object random, object skip, object context
    )
    cdef Endpoint fall_back(
        self, int policy, uint64_t hash, bint has_hash, object random, object skip, object context, bint panic
    )

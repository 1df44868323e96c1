"""Clusters. C callers use `choose`; everything else is for loading and for reports."""

from libc.stdint cimport uint32_t, uint64_t

from fastroute.core.balancers cimport Balancer, Policy
from fastroute.core.endpoint cimport Activity, Endpoint, HostState
from fastroute.core.hosts cimport HostSet
from fastroute.core.sources cimport Memory

cdef class Cluster:
    cdef readonly str name
    cdef readonly str kind              # the discovery type: STATIC, EDS, …
    cdef readonly Policy policy
    cdef readonly Memory memory
    cdef readonly Activity activity
    cdef public object value            # the embedder's own object
    cdef public object info             # what compilers keep about the cluster
    cdef public object detector         # core.outlier.Detector, or None
    cdef public dict breakers           # core.circuit_breakers.Breaker of "default" and "high"
    cdef Balancer balancer              # replaced whole by an update, never changed
    cdef Balancer before                # whose tables may serve again
    cdef dict by_address                # address text → Endpoint
    cdef object writer                  # lock of those who replace the balancer of any of the kin
    cdef list kin                       # weak references to this cluster and those of other snapshots
    cdef object __weakref__
    cdef uint32_t drop                  # drop_overloads: numerator, of
    cdef uint32_t drop_of               # this denominator; 0: nothing is dropped
    cdef list links                     # the clusters that this one is built from: an aggregate's, or its peers
    cdef list seen                      # the balancers of the links that it was built from
    cdef object local
    # Choose a host for one request; None when Envoy would answer 503.
    #   hash, has_hash  the hash of the route's hash policies, when there is one
    #   random          callable that returns 64 random bits; None where the pick is not random
    #   skip            hosts not to take: a Reselect, a collection of hosts, or None
    #   context         what the request says (PickContext, Decision, Connection), or None
    # Safe in any thread at any time; takes one balancer and stays with it.
    cdef Endpoint choose(self, uint64_t hash, bint has_hash, object random, object skip, object context)
    cdef int sort(self) except -1
    cdef int drop_host(self, HostState state) except -1
    cdef Balancer build(self, list sets)
    cdef Balancer balancer_of(self, Policy policy, list sets, Balancer before)
    cdef bint follow(self) except -1
    cdef bint follow_links(self) except -1

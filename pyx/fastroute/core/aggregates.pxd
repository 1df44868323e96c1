"""Aggregate clusters: the priorities of several clusters, one after the other."""

from fastroute.core.balancers cimport Balancer, Policy

cdef class Aggregate(Balancer):
    cdef readonly list children         # of Cluster
    cdef list healthy                   # a balancer each level, all of whose load is on that level
    cdef list degraded

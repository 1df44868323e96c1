"""The balancers that hold no other balancer."""

from fastroute.core.balancers cimport Balancer, Policy
from fastroute.core.hosts cimport HostSet
from fastroute.core.sources cimport Memory

cdef Balancer build_leaf(Policy policy, list sets, Memory memory, Balancer before, HostSet local)

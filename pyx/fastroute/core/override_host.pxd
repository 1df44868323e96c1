"""The override_host policy: the host that a header or metadata names, else another policy's."""

from fastroute.core.balancers cimport Balancer

cdef class OverrideHost(Balancer):
    cdef tuple sources                  # ("header", name) or ("metadata", name space, path)
    cdef dict by_address
    cdef readonly Balancer fallback

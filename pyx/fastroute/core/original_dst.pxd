"""ORIGINAL_DST clusters: the host is the address that the request or connection names."""

from fastroute.core.balancers cimport Balancer

cdef class OriginalDestination(Balancer):
    cdef str header                     # None: no header is looked at
    cdef tuple metadata_key             # (name space, path of keys) or None
    cdef int port                       # upstream_port_override; 0: none
    cdef dict known                     # state of the hosts handed out, by address

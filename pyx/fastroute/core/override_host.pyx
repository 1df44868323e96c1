# cython: boundscheck=True, nonecheck=True
"""override_host (LB-84).

Each source in order gives a list of addresses, comma separated: a header's first value, or a key of
the request's metadata. Attempt n takes the next address that is a host of the cluster, whatever its
health; the attempts before it are the previous hosts of a retry. When no address is left, the
fallback policy chooses.
"""

cimport cython
from libc.stdint cimport uint64_t

from fastroute.core.balancers cimport Balancer, Policy, Reselect
from fastroute.core.endpoint cimport Endpoint
from fastroute.core.hosts cimport HostSet
from fastroute.core.selection cimport header_of, metadata_of


@cython.final
cdef class OverrideHost(Balancer):
    def __cinit__(self, Policy policy not None, Balancer fallback not None, dict by_address not None):
        self.sources = policy.get("sources", ())
        self.fallback = fallback
        self.by_address = by_address
        self.sets = fallback.sets
        self.loads = fallback.loads

    def tried(self, context):
        named = () if context is None else (self.by_address.get(address) for address in self._addresses(context))
        found = [("named", (), [HostSet([host], host.priority)]) for host in named if host is not None]
        return found + self.fallback.tried(context)

    cdef Endpoint choose(self, uint64_t hash, bint has_hash, object random, object skip, object context):
        cdef Py_ssize_t used = 0
        cdef Py_ssize_t before = 0
        if isinstance(skip, Reselect):
            before = len((<Reselect>skip).previous)
        if context is not None:
            for address in self._addresses(context):
                host = self.by_address.get(address)
                if host is None:
                    continue
                if used == before:
                    return <Endpoint?>host
                used += 1
        return self.fallback.choose(hash, has_hash, random, skip, context)

    def _addresses(self, context):
        for source in self.sources:
            if source[0] == "header":
                text = header_of(context, source[1])
            else:
                text = _at(metadata_of(context, source[1]), source[2])
            if isinstance(text, str):
                for part in text.split(","):
                    if part.strip():
                        yield part.strip()


cdef object _at(object value, object path):
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value

"""Layout of the index over domains."""

from libc.stdint cimport uint32_t

from fastroute.core.arena cimport NONE, Arena
from fastroute.core.bytemap cimport ByteMap, looked_up


cdef class DomainIndex:
    cdef ByteMap exact
    cdef ByteMap suffixes
    cdef ByteMap prefixes
    cdef readonly list suffix_lengths      # longest first
    cdef readonly list prefix_lengths
    cdef Arena lengths                     # the same as numbers: suffixes, then prefixes
    cdef size_t suffix_count
    cdef uint32_t any_host                 # of the domain `*`, or NONE
    cdef readonly bint only_any            # `*` is the only domain

    cdef int add(self, bytes text, uint32_t number) except -1
    cdef int finish(self) except -1
    cdef bint has(self, bytes text)
    cdef DomainIndex revised(self, list gone, list added)
    cdef int keep_lengths(self) except -1
    cdef uint32_t find(self, const char *host, Py_ssize_t size) noexcept nogil
    cdef uint32_t find_wildcard(self, const char *host, Py_ssize_t size) noexcept nogil


cdef inline uint32_t host_for(DomainIndex index, const char *host, Py_ssize_t size) noexcept nogil:
    """The number of the virtual host for a host in lower case, or NONE."""
    cdef uint32_t found = looked_up(index.exact, host, size)
    return found if found != NONE else index.find_wildcard(host, size)

"""Consistent hashing tables: from a hash to the index of a host. Immutable once built."""

from libc.stdint cimport uint32_t, uint64_t

cdef class HashTable:
    # What the table was built from: two tables of equal inputs are equal.
    cdef readonly tuple inputs
    # The index of the host for `hash`; -1 when the table is empty. `attempt` counts from 0 (LB-62, LB-66).
    cdef Py_ssize_t lookup(self, uint64_t hash, uint32_t attempt) noexcept nogil

cdef class Ring(HashTable):
    cdef Py_ssize_t size
    cdef uint64_t *hashes
    cdef uint32_t *hosts
    cdef uint32_t *starts               # first entry of each bucket of hashes, by their upper bits
    cdef int shift

cdef class Maglev(HashTable):
    cdef uint32_t size
    cdef uint32_t *slots
    cdef Py_ssize_t filled

"""Envoy's earliest-deadline-first scheduler over host indices."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef struct Entry:
    double deadline
    uint64_t order
    uint32_t index

cdef class Scheduler:
    cdef Entry *heap
    cdef Py_ssize_t size
    cdef Py_ssize_t room
    cdef uint64_t orders
    cdef double now
    cdef void add(self, uint32_t index, double deadline) noexcept
    cdef uint32_t pop(self) noexcept
    cdef void put_back(self, uint32_t index, double weight) noexcept
    cdef uint32_t earliest(self) noexcept

cdef Scheduler start(const double *weights, Py_ssize_t size, uint64_t seed)

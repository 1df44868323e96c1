"""How much of the load each priority level takes, and whether it panics."""

from libc.stdint cimport uint32_t, uint64_t

cdef struct Counts:
    uint64_t hosts      # all of the level
    uint64_t excluded
    uint64_t healthy
    uint64_t degraded
    # The same as sums of weights where `weighted_priority_health` is on, otherwise equal to the counts.
    uint64_t basis
    uint64_t basis_healthy
    uint64_t basis_degraded

cdef class Loads:
    cdef int levels
    cdef int single             # the only level with healthy load, when there is just that; else -1
    cdef uint32_t *health
    cdef uint32_t *degraded_health
    cdef uint32_t *load
    cdef uint32_t *degraded_load
    cdef bint *panic
    cdef int choose(self, uint64_t hash, bint *degraded) noexcept
    cdef void set_single(self) noexcept
    cdef void spread(self, uint32_t total) noexcept
    cdef void force(self, int level, bint degraded) noexcept
    cdef Loads without(self, object tried)

cdef Loads compute(Counts *counts, int levels, uint32_t factor, uint32_t threshold)

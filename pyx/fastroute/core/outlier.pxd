"""Outlier detection: ejecting hosts by what they answered."""

from libc.stdint cimport uint64_t

from fastroute.core.clusters cimport Cluster

cdef class Monitor:
    cdef readonly uint64_t consecutive_5xx
    cdef readonly uint64_t consecutive_gateway
    cdef readonly uint64_t consecutive_local
    cdef readonly double ejected_at
    cdef readonly double jitter
    cdef readonly int backoff
    cdef readonly int ejections
    cdef uint64_t total[2]              # of this interval: external, local origin
    cdef uint64_t good[2]
    cdef void forget(self) noexcept

cdef class Detector:
    cdef Cluster cluster
    cdef readonly dict settings
    cdef double ticked
    cdef bint started

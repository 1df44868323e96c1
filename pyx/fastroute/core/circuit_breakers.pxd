"""Circuit breakers as counters that the caller moves."""

from libc.stdint cimport int64_t

cdef class Breaker:
    cdef readonly dict limits           # kind → limit
    cdef dict counts                    # kind → in use
    cdef readonly object retry_budget   # (percent, least concurrency) or None
    cdef int64_t limit(self, str kind) except -1

# cython: boundscheck=True, nonecheck=True
"""Circuit breakers (CB-01, CB-02): one for each routing priority of a cluster.

Facts:
- The kinds are connections, pending, requests, retries and pools. Limits are 1024, 1024, 1024, 3 and
  none unless told. One more is allowed while fewer than the limit are in use.
- A retry budget takes the place of the limit of retries: percent of the active and pending requests,
  but never fewer than its least concurrency.
- Envoy counts across its workers; here the caller says when something begins and ends.
"""

cimport cython
from libc.stdint cimport int64_t

KINDS = ("connections", "pending", "requests", "retries", "pools")
_DEFAULTS = {"connections": 1024, "pending": 1024, "requests": 1024, "retries": 3, "pools": 4294967295}


@cython.final
cdef class Breaker:
    def __cinit__(self, limits=None, *, retry_budget=None):
        self.limits = {**_DEFAULTS, **(limits or {})}
        self.counts = dict.fromkeys(KINDS, 0)
        self.retry_budget = retry_budget

    cdef int64_t limit(self, str kind) except -1:
        if kind == "retries" and self.retry_budget is not None:
            percent, least = self.retry_budget
            active = self.counts["requests"] + self.counts["pending"]
            return max(<int64_t>(percent / 100.0 * active), least)
        return self.limits[kind]

    def acquire(self, str kind not None):
        with cython.critical_section(self):
            if self.counts[kind] >= self.limit(kind):
                return False
            self.counts[kind] += 1
        return True

    def release(self, str kind not None):
        with cython.critical_section(self):
            self.counts[kind] = max(0, self.counts[kind] - 1)

    def in_use(self, str kind not None):
        return self.counts[kind]

    def left(self, str kind not None):
        return max(0, self.limit(kind) - self.counts[kind])

"""Layout of lists of routes that may hold, and of the indexes that shorten them."""

from libc.stdint cimport uint32_t

from fastroute.core.arena cimport Arena
from fastroute.core.bytemap cimport ByteMap
from fastroute.core.headers cimport HeaderNames, View


cdef struct Candidates:
    uint32_t start             # of the routes that no index has
    uint32_t count
    uint32_t groups            # the first index, or NONE
    uint32_t group_count


cdef struct Run:               # routes in ascending order, still to be asked
    const uint32_t *at
    const uint32_t *end


cdef struct Runs:
    Run[24] small
    Run *items
    Py_ssize_t count
    Py_ssize_t capacity


cdef class Group:
    cdef int slot              # of the header; of a query parameter, see name
    cdef bytes name            # the query parameter, or None
    cdef ByteMap values        # value -> number of a span
    cdef Arena spans           # pairs: start, count


cdef class CandidateLists:
    cdef Arena lists
    cdef Arena numbers
    cdef list groups

    cdef uint32_t add(self, list numbers, list predicates, HeaderNames names) except? 0xFFFFFFFF
    cdef uint32_t store(self, list numbers) except? 0xFFFFFFFF
    cdef Group make_group(self, tuple key, dict by_value, HeaderNames names)
    cdef int open_runs(self, uint32_t number, View *view, Runs *runs) except -1
    cdef int probe(self, Group group, View *view, Runs *runs) except -1


cdef inline void runs_init(Runs *runs) noexcept nogil:
    runs.items = runs.small
    runs.count = 0
    runs.capacity = 24


cdef inline uint32_t next_candidate(Runs *runs) noexcept nogil:
    """Take the smallest number off the runs; NONE when they are empty."""
    cdef Py_ssize_t at, best = -1
    cdef uint32_t smallest = 0xFFFFFFFF
    for at in range(runs.count):
        if runs.items[at].at < runs.items[at].end and runs.items[at].at[0] < smallest:
            smallest = runs.items[at].at[0]
            best = at
    if best >= 0:
        runs.items[best].at += 1
    return smallest

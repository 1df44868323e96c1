# cython: boundscheck=False, nonecheck=False
"""Lists of routes that may hold, asked in list order, and the indexes that make long ones short.

Where many routes share a path and differ in the value of one header (or one query parameter), asking each of
them would be a scan. So routes that can hold only for one exact value of a name are grouped by that name: the
request's value is looked up and brings the routes to ask. A header with several lines brings those of each.
The rest of the list, and the spans that the lookups bring, are merged in ascending order.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from fastroute.core.arena cimport NONE, Arena
from fastroute.core.bytemap cimport ByteMap
from fastroute.core.headers cimport HeaderNames, View, first_line, next_line
from fastroute.core.predicates cimport HeaderPredicate, QueryPredicate, query_value
from fastroute.core.slices cimport Slice

cdef enum:
    WORTH_AN_INDEX = 4


cdef list exact_keys(tuple predicates):
    """((kind, name), value) for each predicate that holds for one exact value only."""
    cdef list keys = []
    for predicate in predicates:
        if isinstance(predicate, HeaderPredicate):
            value = (<HeaderPredicate>predicate).exact_value()
            if value is not None:
                keys.append((("header", (<HeaderPredicate>predicate).name), value))
        elif isinstance(predicate, QueryPredicate):
            value = (<QueryPredicate>predicate).exact_value()
            if value is not None:
                keys.append((("query", (<QueryPredicate>predicate).name), value))
    return keys


@cython.final
cdef class Group:
    """See the stub."""


@cython.final
cdef class CandidateLists:
    """See the stub."""

    def __cinit__(self):
        self.lists = Arena(sizeof(Candidates))
        self.numbers = Arena(sizeof(uint32_t))
        self.groups = []

    cdef uint32_t add(self, list numbers, list predicates, HeaderNames names) except? 0xFFFFFFFF:
        """A list of ascending route `numbers`; `predicates` are those of all routes by number."""
        cdef dict tally = {}, grouped = {}
        cdef list rest = []
        cdef uint32_t at
        cdef Candidates made
        cdef dict keys = {number: exact_keys(predicates[number]) for number in numbers}
        for number in numbers:
            for key, _ in keys[number]:
                tally[key] = tally.get(key, 0) + 1
        for number in numbers:
            best = max(keys[number], key=lambda pair: tally[pair[0]], default=None)
            if best is None or tally[best[0]] < WORTH_AN_INDEX:
                rest.append(number)
            else:
                grouped.setdefault(best[0], {}).setdefault(best[1], []).append(number)
        made.start = self.store(rest)
        made.count = <uint32_t>len(rest)
        made.groups = <uint32_t>len(self.groups)
        made.group_count = <uint32_t>len(grouped)
        for key, by_value in grouped.items():
            self.groups.append(self.make_group(key, by_value, names))
        at = self.lists.add(1)
        (<Candidates *>self.lists.data)[at] = made
        return at

    cdef uint32_t store(self, list numbers) except? 0xFFFFFFFF:
        cdef uint32_t start = self.numbers.add(len(numbers))
        cdef size_t at
        for at in range(<size_t>len(numbers)):
            (<uint32_t *>self.numbers.data)[start + at] = numbers[at]
        return start

    cdef Group make_group(self, tuple key, dict by_value, HeaderNames names):
        cdef Group group = Group.__new__(Group)
        cdef uint32_t at
        group.values = ByteMap()
        group.spans = Arena(sizeof(uint32_t))
        group.name = key[1] if key[0] == "query" else None
        group.slot = names.number(key[1]) if key[0] == "header" else -1
        for value, numbers in by_value.items():
            at = group.spans.add(2)
            (<uint32_t *>group.spans.data)[at] = self.store(numbers)
            (<uint32_t *>group.spans.data)[at + 1] = <uint32_t>len(numbers)
            group.values[value] = at
        return group

    cdef int open_runs(self, uint32_t number, View *view, Runs *runs) except -1:
        """The routes of list `number` that this request has to be asked about."""
        cdef Candidates *found = &(<Candidates *>self.lists.data)[number]
        cdef uint32_t at
        if found.count:
            add_run(runs, <const uint32_t *>self.numbers.data + found.start, found.count)
        for at in range(found.group_count):
            self.probe(<Group>self.groups[found.groups + at], view, runs)
        return 0

    cdef int probe(self, Group group, View *view, Runs *runs) except -1:
        cdef Slice text
        cdef int32_t cursor = -1
        cdef uint32_t at
        cdef const uint32_t *span
        cdef bint more
        if group.name is not None:
            more = query_value(view, PyBytes_AS_STRING(group.name), PyBytes_GET_SIZE(group.name), &text)
        else:
            more = first_line(view, group.slot, &text, &cursor)
        while more:
            at = group.values.get(text.data, text.size)
            if at != NONE:
                span = <const uint32_t *>group.spans.data + at
                add_run(runs, <const uint32_t *>self.numbers.data + span[0], span[1])
            more = next_line(view, &text, &cursor)
        return 0


cdef int add_run(Runs *runs, const uint32_t *start, uint32_t count) except -1:
    cdef Run *grown
    if runs.count == runs.capacity:
        grown = <Run *>malloc(sizeof(Run) * <size_t>runs.capacity * 2)
        if grown == NULL:
            raise MemoryError()
        memcpy(grown, runs.items, sizeof(Run) * <size_t>runs.count)
        if runs.items != runs.small:
            free(runs.items)
        runs.items = grown
        runs.capacity *= 2
    runs.items[runs.count].at = start
    runs.items[runs.count].end = start + count
    runs.count += 1
    return 0

# cython: boundscheck=True, nonecheck=True
"""Weighted round robin as Envoy does it: a heap of deadlines.

Rules (LB-31):
- A host put back at time `now` with weight w is next due at now + 1/w; the earliest deadline wins
  and, of equal deadlines, the one that was put back first.
- The first state is as if seed % 429496729 picks had been made. They are not replayed: with
  W = Σ(w + 1e-13) and P picks, host i has had floor(P·w/W) of them (one less where that would put
  its deadline in the future), the clock stands at the latest of those picks, and the few picks that
  rounding left over are made one by one.
"""

cimport cython
from libc.math cimport INFINITY
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc

cdef enum:
    MAX_PICKS = 429496729  # Envoy: 0xffffffff / 10


cdef inline bint _before(Entry *a, Entry *b) noexcept nogil:
    return a.deadline < b.deadline or (a.deadline == b.deadline and a.order < b.order)


@cython.final
cdef class Scheduler:
    def __dealloc__(self):
        free(self.heap)

    cdef void add(self, uint32_t index, double deadline) noexcept:
        cdef Py_ssize_t at = self.size
        cdef Py_ssize_t parent
        cdef Entry entry = Entry(deadline, self.orders, index)
        self.orders += 1
        self.size += 1
        while at > 0:
            parent = (at - 1) >> 1
            if not _before(&entry, &self.heap[parent]):
                break
            self.heap[at] = self.heap[parent]
            at = parent
        self.heap[at] = entry

    cdef uint32_t pop(self) noexcept:
        """The index that is due first; the clock moves to its deadline."""
        cdef Entry first = self.heap[0]
        cdef Entry last
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t child = 1
        self.size -= 1
        last = self.heap[self.size]
        while child < self.size:
            if child + 1 < self.size and _before(&self.heap[child + 1], &self.heap[child]):
                child += 1
            if not _before(&self.heap[child], &last):
                break
            self.heap[at] = self.heap[child]
            at = child
            child = 2 * at + 1
        self.heap[at] = last
        self.now = first.deadline
        return first.index

    cdef void put_back(self, uint32_t index, double weight) noexcept:
        self.add(index, self.now + 1.0 / weight)

    cdef uint32_t earliest(self) noexcept:
        return self.heap[0].index


cdef Scheduler start(const double *weights, Py_ssize_t size, uint64_t seed):
    cdef Scheduler scheduler = Scheduler()
    cdef uint64_t picks = seed % MAX_PICKS
    cdef uint64_t made = 0
    cdef uint64_t floor_picks
    cdef double total = 0.0
    cdef double weight, at
    cdef Py_ssize_t i
    cdef uint32_t index
    scheduler.heap = <Entry *>malloc(size * sizeof(Entry))
    if scheduler.heap == NULL:
        raise MemoryError
    scheduler.room = size
    for i in range(size):
        if not 0.0 <= weights[i] < INFINITY:
            raise ValueError(f"a weight is a number that is not negative, not {weights[i]}")
        total += weights[i] + 1e-13
    for i in range(size):
        weight = weights[i] + 1e-13
        floor_picks = <uint32_t>(weight * picks / total)
        if floor_picks > 0 and floor_picks / weight >= picks / total:
            floor_picks -= 1
        at = floor_picks / weight
        scheduler.now = max(scheduler.now, at)
        scheduler.add(<uint32_t>i, (floor_picks + 1) / weight)
        made += floor_picks
    while made < picks:
        index = scheduler.pop()
        scheduler.put_back(index, weights[index])
        made += 1
    return scheduler


def picks_of(weights, uint64_t seed, Py_ssize_t count):
    cdef list values = [float(weight) for weight in weights]
    cdef Py_ssize_t size = len(values)
    cdef Py_ssize_t i
    cdef uint32_t index
    cdef list picked = []
    if not size or not min(values) > 0:
        raise ValueError("weights must be positive")
    cdef double *array = <double *>malloc(size * sizeof(double))
    if array == NULL:
        raise MemoryError
    try:
        for i in range(size):
            array[i] = values[i]
        scheduler = start(array, size, seed)
        for _ in range(count):
            index = scheduler.pop()
            scheduler.put_back(index, array[index])
            picked.append(index)
    finally:
        free(array)
    return picked

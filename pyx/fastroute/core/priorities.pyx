# cython: boundscheck=True, nonecheck=True
"""Priority levels: integer arithmetic that decides which level a request goes to.

Rules (N = hosts − excluded of a level, F = overprovisioning factor, 140 unless told):
- LB-10 health = min(100, F·healthy / N), the same for degraded; integer division; 0 where N = 0.
- LB-11 T = min(100, Σ health + Σ degraded health). Healthy load, in order of priority:
  min(what is left of 100, health·100 / T); then degraded load of what is left; what rounding leaves
  goes to the first level with health, or else with degraded health.
- LB-12 a draw x = hash % 100 + 1 walks the cumulative healthy loads, then the degraded ones.
- LB-13 a level panics when T is not 100 and its healthy and degraded hosts are below the threshold.
- LB-14 when all levels panic, load follows the number of hosts; without any host level 0 takes all.
  With the threshold 0 and T = 0 nothing panics and level 0 takes all.
- RA-111 a retry that excludes tried priorities spreads the load over the others in the same way.
"""

cimport cython
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free


@cython.final
cdef class Loads:
    def __dealloc__(self):
        free(self.health)
        free(self.degraded_health)
        free(self.load)
        free(self.degraded_load)
        free(self.panic)

    cdef int choose(self, uint64_t hash, bint *degraded) noexcept:
        cdef uint64_t x = hash % 100 + 1
        cdef uint64_t reached = 0
        cdef int level
        degraded[0] = False
        for level in range(self.levels):
            reached += self.load[level]
            if x <= reached:
                return level
        degraded[0] = True
        for level in range(self.levels):
            reached += self.degraded_load[level]
            if x <= reached:
                return level
        degraded[0] = False
        return 0

    cdef void set_single(self) noexcept:
        cdef int level
        self.single = -1
        for level in range(self.levels):
            if self.load[level] == 100:
                self.single = level

    cdef void spread(self, uint32_t total) noexcept:
        """LB-11: the loads from the healths, of which `total` is the sum and not 0."""
        cdef uint32_t left = 100
        cdef int first = -1
        cdef int first_degraded = -1
        cdef int level
        for level in range(self.levels):
            if first < 0 and self.health[level] > 0:
                first = level
            self.load[level] = min(left, self.health[level] * 100 // total)
            left -= self.load[level]
        for level in range(self.levels):
            if first_degraded < 0 and self.degraded_health[level] > 0:
                first_degraded = level
            self.degraded_load[level] = min(left, self.degraded_health[level] * 100 // total)
            left -= self.degraded_load[level]
        if left and first >= 0:
            self.load[first] += left
        elif left and first_degraded >= 0:
            self.degraded_load[first_degraded] += left

    cdef void force(self, int level, bint degraded) noexcept:
        """All of the load on one level and class; panic stays as it is."""
        cdef int i
        for i in range(self.levels):
            self.load[i] = 100 if i == level and not degraded else 0
            self.degraded_load[i] = 100 if i == level and degraded else 0
        self.set_single()

    cdef Loads without(self, object tried):
        """RA-111: the loads over the levels not in `tried`; None when nothing is available at all."""
        cdef Loads other = _empty(self.levels)
        cdef uint32_t total = 0
        cdef int level
        for level in range(self.levels):
            other.panic[level] = self.panic[level]
            if level not in tried:
                # The plug-in treats degraded health as health of the level.
                other.health[level] = self.health[level] + self.degraded_health[level]
                total += other.health[level]
        if total == 0:
            return None
        other.spread(min(100, total))
        other.set_single()
        return other

    def as_dict(self):
        return {
            "health": [self.health[i] for i in range(self.levels)],
            "degraded_health": [self.degraded_health[i] for i in range(self.levels)],
            "load": [self.load[i] for i in range(self.levels)],
            "degraded_load": [self.degraded_load[i] for i in range(self.levels)],
            "panic": [bool(self.panic[i]) for i in range(self.levels)],
        }


cdef Loads _empty(int levels):
    cdef Loads loads = Loads()
    loads.levels = levels
    loads.single = -1
    loads.health = <uint32_t *>calloc(levels, sizeof(uint32_t))
    loads.degraded_health = <uint32_t *>calloc(levels, sizeof(uint32_t))
    loads.load = <uint32_t *>calloc(levels, sizeof(uint32_t))
    loads.degraded_load = <uint32_t *>calloc(levels, sizeof(uint32_t))
    loads.panic = <bint *>calloc(levels, sizeof(bint))
    if not (loads.health and loads.degraded_health and loads.load and loads.degraded_load and loads.panic):
        raise MemoryError
    return loads


cdef bint _panics(Counts *level, uint32_t threshold) noexcept:
    cdef uint64_t hosts = level.hosts - level.excluded
    cdef double healthy = 0.0 if hosts == 0 else 100.0 * level.healthy / hosts
    cdef double degraded = 0.0 if hosts == 0 else 100.0 * level.degraded / hosts
    return healthy + degraded < threshold


cdef void _by_hosts(Loads loads, Counts *counts) noexcept:
    """LB-14: every level panics."""
    cdef uint64_t hosts = 0
    cdef uint32_t left = 100
    cdef int first = -1
    cdef int level
    for level in range(loads.levels):
        hosts += counts[level].hosts
    if hosts == 0:
        loads.load[0] = 100
        return
    for level in range(loads.levels):
        if first < 0 and counts[level].hosts:
            first = level
        loads.load[level] = <uint32_t>(100 * counts[level].hosts // hosts)
        loads.degraded_load[level] = 0
        left -= loads.load[level]
    loads.load[first] += left


cdef uint32_t _share(uint32_t factor, uint64_t part, uint64_t whole) noexcept:
    """LB-10"""
    return <uint32_t>min(<uint64_t>100, factor * part // whole)


cdef Loads compute(Counts *counts, int levels, uint32_t factor, uint32_t threshold):
    cdef Loads loads = _empty(levels)
    cdef uint32_t total = 0
    cdef bint all_panic = True
    cdef int level
    for level in range(levels):
        if counts[level].basis:
            loads.health[level] = _share(factor, counts[level].basis_healthy, counts[level].basis)
            loads.degraded_health[level] = _share(factor, counts[level].basis_degraded, counts[level].basis)
        total += loads.health[level] + loads.degraded_health[level]
    total = min(<uint32_t>100, total)
    if total:
        loads.spread(total)
    if threshold == 0 and total == 0:
        loads.load[0] = 100
    else:
        for level in range(levels):
            loads.panic[level] = total != 100 and _panics(&counts[level], threshold)
            all_panic = all_panic and loads.panic[level]
        if all_panic:
            _by_hosts(loads, counts)
    loads.set_single()
    return loads


def loads_of(levels, uint32_t factor=140, uint32_t threshold=50):
    cdef Counts counts[129]
    cdef int n = len(levels)
    cdef int i
    if not 0 < n <= 129:
        raise ValueError("between 1 and 129 levels")
    for i in range(n):
        hosts, excluded, healthy, degraded = levels[i]
        counts[i] = Counts(hosts, excluded, healthy, degraded, hosts - excluded, healthy, degraded)
    return compute(counts, n, factor, threshold).as_dict()

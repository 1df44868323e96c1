# cython: boundscheck=True, nonecheck=True
"""Where hosts are picked from, and whose turn it is.

Rules:
- LB-30 with equal weights hosts take turns in list order. The first turn is random, the same for
  all sources of a balancer; the place in the round survives updates of the host set.
- LB-31, LB-32 with unequal weights, or when a host is in slow start, an EDF scheduler is built when
  the hosts change, always from the same seed; a single host needs none.
- LB-34 the weight of a host under least request is w / (active + 1)^bias, read when it is put back.
- LB-36 slow start: within the window since a host was added or last became healthy, its weight is
  multiplied by max((max(1 ms, age) / window)^(1/aggression), least share).
- LB-20 a locality's effective weight is w · min(1, F/100 · eligible / (hosts − excluded)).

The scheduler is built at the first pick, since its seed is the first thing drawn.
"""

cimport cython
from libc.math cimport pow as power
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from fastroute.core.draws cimport draw
from fastroute.core.edf cimport start
from fastroute.core.endpoint cimport HEALTHY, Endpoint


@cython.final
cdef class Place:
    pass


@cython.final
cdef class Memory:
    def __cinit__(self):
        self.places = {}

    cdef int sow(self, object random) except -1:
        cdef uint64_t seed
        if not self.seeded:
            seed = draw(random)
            with cython.critical_section(self):
                if not self.seeded:
                    self.seed = seed
                    self.seeded = True
        return 0

    cdef Place place(self, uint64_t key):
        cdef Place place
        with cython.critical_section(self):
            place = self.places.get(key)
            if place is None:
                place = Place()
                place.index = self.seed
                self.places[key] = place
        return place


@cython.final
cdef class Weigher:
    def __cinit__(self):
        self.aggression = 1.0
        self.least = 0.1

    cdef double base(self, Endpoint host) noexcept:
        if self.reported and host.state.reported:
            return host.state.reported
        return host.weight

    cdef double weight(self, Endpoint host, double now) noexcept:
        cdef double weight = self.base(host)
        cdef double active = host.state.active + 1
        cdef double age, factor
        if self.bias == 1.0:
            weight = weight / active
        elif self.bias != 0.0:
            weight = weight / power(active, self.bias)
        if self.window <= 0 or host.state.since < 0 or host.coarse() != HEALTHY:
            return weight
        age = max(0.001, now - host.state.since)
        if age >= self.window:
            return weight
        factor = age / self.window
        if self.aggression != 1.0:
            factor = power(factor, 1.0 / self.aggression)
        return weight * max(factor, self.least)


@cython.final
cdef class Source:
    cdef int open(self, object random) except -1:
        """Fix the first turn; needs one draw for the whole cluster, once."""
        cdef double *weights
        cdef Py_ssize_t i
        self.memory.sow(random)
        with cython.critical_section(self):
            if self.opened:
                return 0
            if self.weighted and self.size > 1:
                weights = <double *>malloc(self.size * sizeof(double))
                if weights == NULL:
                    raise MemoryError
                for i in range(self.size):
                    weights[i] = self.weigher.weight(<Endpoint?>self.hosts[i], self.memory.now)
                try:
                    self.edf = start(weights, self.size, self.memory.seed)
                finally:
                    free(weights)
            self.place = self.memory.place(self.key)
            self.opened = True
        return 0

    cdef Endpoint scheduled(self):
        """The next host of the scheduler, which is put back with its weight of now."""
        cdef uint32_t index
        cdef Endpoint host
        with cython.critical_section(self):
            index = self.edf.pop()
            host = <Endpoint?>self.hosts[index]
            self.edf.put_back(index, self.weigher.weight(host, self.memory.now))
        return host

    cdef Endpoint turn(self, object random):
        """Round robin: the next host; None when there is none."""
        cdef uint64_t index
        if self.size == 0:
            return None
        if not self.opened:
            self.open(random)
        if self.edf is not None:
            return self.scheduled()
        with cython.critical_section(self.place):
            index = self.place.index
            self.place.index = index + 1
        return <Endpoint?>self.hosts[<Py_ssize_t>(index % <uint64_t>self.size)]


cdef bint _unequal(list hosts, Weigher weigher, double now) noexcept:
    cdef Py_ssize_t size = len(hosts)
    cdef Py_ssize_t i
    cdef Endpoint host
    cdef double first
    if size < 2:
        return False
    first = weigher.base(<Endpoint?>hosts[0])
    for i in range(size):
        host = <Endpoint?>hosts[i]
        if weigher.base(host) != first:
            return True
        if weigher.window > 0 and host.state.since >= 0 and now - host.state.since <= weigher.window:
            return True
    return False


cdef Source make_source(list hosts, Memory memory, Weigher weigher, int priority, int kind, int locality):
    cdef Source source = Source()
    source.hosts = hosts
    source.size = len(hosts)
    source.memory = memory
    source.weigher = weigher
    source.key = (<uint64_t>priority << 40) | (<uint64_t>kind << 32) | <uint64_t>locality
    source.weighted = _unequal(hosts, weigher, memory.now)
    return source


@cython.final
cdef class LocalityTurns:
    def __dealloc__(self):
        free(self.weights)
        free(self.localities)

    cdef int turn(self, object random) except -2:
        """The index of the next locality; -1 when none has any effective weight."""
        cdef uint32_t index
        if self.size == 0:
            return -1
        self.memory.sow(random)
        with cython.critical_section(self):
            if self.edf is None:
                self.edf = start(self.weights, self.size, self.memory.seed)
            index = self.edf.pop()
            self.edf.put_back(index, self.weights[index])
        return <int>self.localities[index]


cdef LocalityTurns make_turns(list weights, list eligible, list hosts, list excluded, uint32_t factor, Memory memory):
    """LB-20: turns of the localities that have an effective weight."""
    cdef LocalityTurns turns = LocalityTurns()
    cdef Py_ssize_t size = len(hosts)
    cdef Py_ssize_t i, present
    cdef double ratio, weight
    turns.memory = memory
    turns.weights = <double *>malloc((size + 1) * sizeof(double))
    turns.localities = <uint32_t *>malloc((size + 1) * sizeof(uint32_t))
    if turns.weights == NULL or turns.localities == NULL:
        raise MemoryError
    for i in range(size):
        present = len(hosts[i]) - <Py_ssize_t>excluded[i]
        ratio = 0.0 if present == 0 else min(1.0, (factor / 100.0) * (1.0 * len(eligible[i]) / present))
        weight = <uint32_t>weights[i] * ratio
        if weight > 0:
            turns.weights[turns.size] = weight
            turns.localities[turns.size] = <uint32_t>i
            turns.size += 1
    return turns

# cython: boundscheck=True, nonecheck=True
"""Which table a hash is looked up in, and what happens when the host is too busy.

Rules:
- LB-12, LB-15 the very hash that is looked up also chooses the level, and a share drawn as degraded
  still uses the table of healthy hosts. LB-68 without a hash a random one takes its place.
- LB-13 a level in panic has a table of all its hosts.
- LB-21 a host's weight is its share of the level; with locality weights, of its locality's share.
- LB-61 the key is metadata envoy.lb hash_key, else the hostname where told, else the address.
- LB-67 bounded load: a host has max(1, ceil(weight · slots)) slots of
  slots = ((active + 1) · factor + 99) / 100 in 32 bits; the natural host is kept up to a full house,
  else hosts are tried in an order shuffled by mt19937 seeded with the hash, and the first with room
  wins, or the least loaded.

Tables are taken over from the balancer before where their inputs did not change.
"""

cimport cython
from libc.math cimport ceil
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from fastroute.core.balancers cimport Balancer, Policy, loads_of_sets, skipped
from fastroute.core.draws cimport draw
from fastroute.core.endpoint cimport Endpoint
from fastroute.core.hash_tables cimport HashTable, Maglev, Ring
from fastroute.core.hosts cimport HostSet
from fastroute.core.mt19937 cimport Twister, below, seed_twister


@cython.final
cdef class HashBalancer(Balancer):
    def __cinit__(self, list sets not None, Policy policy not None, Balancer before=None):
        cdef HostSet level
        cdef bint by_locality = policy.get("locality_weighted", False)
        cdef bint by_hostname = policy.get("use_hostname", False)
        self.sets = sets
        self.loads = loads_of_sets(sets, policy)
        self.balance_factor = policy.get("balance_factor", 0)
        self.tables = []
        self.hosts = []
        self.weights = []
        known = (<HashBalancer>before).tables if isinstance(before, HashBalancer) else []
        for level in sets:
            hosts, weights = _normalised(level, self.loads.panic[len(self.tables)], by_locality)
            keys = [_key(host, by_hostname) for host in hosts]
            index = len(self.tables)
            self.tables.append(_table(policy, keys, weights, known[index] if index < len(known) else None))
            self.hosts.append(hosts)
            self.weights.append(weights)

    cdef Endpoint once(self, uint64_t hash, bint has_hash, int attempt, object random, object skip, object context):
        cdef bint degraded = False
        cdef int level = self.loads.single
        cdef Py_ssize_t index
        cdef list hosts
        if level < 0:
            level = self.loads.choose(hash, &degraded)
        index = (<HashTable>self.tables[level]).lookup(hash, <uint32_t>attempt)
        if index < 0:
            return None
        hosts = <list>self.hosts[level]
        if self.balance_factor:
            return self.bounded(hosts, <list>self.weights[level], index, hash)
        return <Endpoint?>hosts[index]

    cdef Endpoint choose(self, uint64_t hash, bint has_hash, object random, object skip, object context):
        cdef Endpoint host
        if not has_hash:
            hash = draw(random)
        host = self.once(hash, True, 0, random, skip, context)
        if skip is None or host is None or not skipped(skip, host):
            return host
        return self.again(host, hash, True, random, skip, context)

    cdef Endpoint bounded(self, list hosts, list weights, Py_ssize_t natural, uint64_t hash):
        cdef Py_ssize_t size = len(hosts)
        cdef Endpoint first = <Endpoint?>hosts[natural]
        cdef uint32_t slots = (<uint32_t>(first.state.total.active + 1) * self.balance_factor + 99) // 100
        cdef double least = _load(first, weights[natural], slots)
        cdef double load
        cdef Py_ssize_t best = natural
        cdef uint32_t i, at, swap
        cdef uint32_t *order
        cdef Twister twister
        if least <= 1.0:
            return first
        order = <uint32_t *>malloc(size * sizeof(uint32_t))
        if order == NULL:
            raise MemoryError
        for i in range(<uint32_t>size):
            order[i] = i
        seed_twister(&twister, <uint32_t>hash)
        for i in range(<uint32_t>size):
            at = i + below(&twister, <uint32_t>size - i)
            swap = order[i]
            order[i] = order[at]
            order[at] = swap
            if hosts[<Py_ssize_t>order[i]] is first:
                continue
            load = _load(<Endpoint?>hosts[<Py_ssize_t>order[i]], weights[<Py_ssize_t>order[i]], slots)
            if load < least or load <= 1.0:
                best = order[i]
                least = load
            if load <= 1.0:
                break
        free(order)
        return <Endpoint?>hosts[best]


cdef double _load(Endpoint host, double weight, uint32_t slots) noexcept:
    cdef uint32_t own = max(<uint32_t>ceil(slots * weight), <uint32_t>1)
    return <double>(<uint32_t>host.state.active) / own


cdef bytes _key(Endpoint host, bint by_hostname):
    cdef str key = host.hash_key or (host.hostname if by_hostname else host.text)
    return key.encode("utf-8", "surrogateescape")


cdef tuple _normalised(HostSet level, bint panic, bint by_locality):
    """LB-21: hosts and their normalised weights, in the order in which Envoy builds its tables."""
    cdef list hosts = []
    cdef list weights = []
    cdef double share
    if not by_locality or not level.weights:
        _share_out(level.hosts if panic else level.healthy, 1.0, hosts, weights)
        return hosts, weights
    total = sum(level.weights)
    for group, weight in zip(
        level.by_locality if panic else level.healthy_by_locality, level.weights, strict=True
    ):
        if weight:
            share = <double>weight / <double>total
            _share_out(group, share, hosts, weights)
    return hosts, weights


cdef int _share_out(list group, double share, list hosts, list weights) except -1:
    cdef Endpoint host
    cdef uint64_t total = 0
    for host in group:
        total += host.weight
    for host in group:
        hosts.append(host)
        weights.append(<double>host.weight * share / <double>total)
    return 0


cdef HashTable _table(Policy policy, list keys, list weights, object known):
    """A table of these inputs: the known one when it was built from the same."""
    if policy.kind == "maglev":
        size = policy.get("table_size", 65537)
        if isinstance(known, Maglev) and (<Maglev>known).inputs == (tuple(keys), tuple(weights), size):
            return known
        return Maglev(keys, weights, size)
    minimum = policy.get("minimum", 1024)
    maximum = policy.get("maximum", 8388608)
    murmur = policy.get("murmur", False)
    if isinstance(known, Ring) and (<Ring>known).inputs == (tuple(keys), tuple(weights), minimum, maximum, murmur):
        return known
    return Ring(keys, weights, minimum, maximum, murmur)

# cython: boundscheck=True, nonecheck=True
"""The ring (ketama) and Maglev tables, bit for bit Envoy's.

Ring (LB-60, LB-62): with the least weight w, scale = min(ceil(w · minimum) / w, maximum). Hosts in
list order keep a running target Σ scale·weight; while the running count is below it, the host gets
the entry hash(key + "_" + i), i counting from 0. A hash belongs to the first entry not below it, or
to the first of all. All sums are IEEE doubles in exactly this order: rounding decides counts.

Maglev (LB-66): entries sorted by key; offset = XXH64(key) % N, skip = XXH64(key, 1) % (N − 1) + 1.
In round r = 1, 2, … an entry takes its next free slot unless r · weight is below its target, which
grows by the greatest weight at each turn. A retry looks up another hash.

PERF: hashes are spread evenly, so entries are put into buckets by their upper bits, and sorted by insertion
there. A bucket has two to four entries on average; all that a look-up reads of one is a line of the cache.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.math cimport INFINITY, ceil
from libc.stdint cimport int64_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from fastroute.core.hashing cimport MURMUR_SEED, murmur2_of, xxh64_of

cdef enum:
    EMPTY = 0xFFFFFFFF
    DIGITS = 20
    MOST_ENTRIES = 0x7FFFFFFF       # they are numbered in 32 bits

cdef struct Entry:
    uint64_t offset
    uint64_t skip
    double weight
    double target
    uint32_t host


cdef int check_shares(list keys, list weights) except -1:
    """A key and a share for each host, so that the entries of all fit in the table."""
    if len(keys) != len(weights):
        raise ValueError(f"each host has a key and a weight: {len(keys)} keys, {len(weights)} weights")
    for key in keys:
        if type(key) is not bytes:
            raise TypeError(f"a key is bytes, not {type(key).__name__}")
    if not all([0.0 < weight < INFINITY for weight in weights]):
        raise ValueError("each weight is a positive number")
    if keys and not sum(weights) < 1.0 + 1e-9:
        raise ValueError("weights are normalised: their sum is 1")
    return 0


cdef bint is_prime(uint32_t number) noexcept nogil:
    cdef uint64_t divisor = 3
    if number < 4 or number % 2 == 0:
        return number == 2 or number == 3
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 2
    return True


cdef class HashTable:
    cdef Py_ssize_t lookup(self, uint64_t hash, uint32_t attempt) noexcept nogil:
        return -1


@cython.final
cdef class Ring(HashTable):
    def __cinit__(self, list keys not None, list weights not None, uint64_t minimum=1024,
                  uint64_t maximum=8388608, bint murmur=False):
        cdef double least = min(weights, default=1.0)
        cdef double scale
        self.inputs = (tuple(keys), tuple(weights), minimum, maximum, murmur)
        check_shares(keys, weights)
        if not keys:
            return
        scale = min(ceil(least * minimum) / least, <double>maximum)
        if not scale <= MOST_ENTRIES:
            raise ValueError(f"a ring has at most {MOST_ENTRIES} entries, not {scale:.0f}")
        self._reserve(<Py_ssize_t>ceil(scale) + len(keys) + 8)
        self._fill(keys, weights, scale, murmur)
        self._sort()

    def __dealloc__(self):
        free(self.hashes)
        free(self.hosts)
        free(self.room)

    def _reserve(self, Py_ssize_t room):
        self.hashes = <uint64_t *>malloc(room * sizeof(uint64_t))
        self.hosts = <uint32_t *>malloc(room * sizeof(uint32_t))
        if self.hashes == NULL or self.hosts == NULL:
            raise MemoryError

    def _fill(self, list keys not None, list weights not None, double scale, bint murmur):
        cdef double target = 0.0
        cdef double current = 0.0
        cdef uint32_t host
        cdef bytes key
        cdef Py_ssize_t length
        cdef unsigned char *text
        for host in range(<uint32_t>len(keys)):
            key = keys[host]
            length = PyBytes_GET_SIZE(key)
            text = <unsigned char *>malloc(length + 1 + DIGITS)
            if text == NULL:
                raise MemoryError
            memcpy(text, PyBytes_AS_STRING(key), length)
            text[length] = c"_"
            target += scale * <double>weights[host]
            self.size = _add(self.hashes, self.hosts, self.size, text, length + 1, host, &current, target, murmur)
            free(text)

    def _sort(self):
        cdef Py_ssize_t size = self.size
        cdef Py_ssize_t buckets = 2
        cdef uint64_t *hashes
        cdef uint32_t *hosts
        cdef uint32_t *starts
        if size == 0:
            return
        self.shift = 63
        while buckets * 4 < size:
            buckets <<= 1
            self.shift -= 1
        hashes = <uint64_t *>malloc(size * sizeof(uint64_t))
        hosts = <uint32_t *>malloc(size * sizeof(uint32_t))
        starts = <uint32_t *>malloc((buckets + 1) * sizeof(uint32_t))
        self.room = <char *>malloc((buckets + 1) * sizeof(RingLine))
        if hashes == NULL or hosts == NULL or starts == NULL or self.room == NULL:
            free(hashes)
            free(hosts)
            free(starts)
            raise MemoryError
        _bucket_sort(self.hashes, self.hosts, hashes, hosts, starts, size, buckets, self.shift)
        free(self.hashes)
        free(self.hosts)
        self.hashes = hashes
        self.hosts = hosts
        self.lines = <RingLine *>((<uintptr_t>self.room + sizeof(RingLine) - 1) & ~<uintptr_t>(sizeof(RingLine) - 1))
        _fill_lines(self.lines, hashes, hosts, starts, size, buckets, self.shift)
        free(starts)

    cdef Py_ssize_t lookup(self, uint64_t hash, uint32_t attempt) noexcept nogil:
        cdef Py_ssize_t at
        cdef const RingLine *line
        cdef int64_t host
        if self.size == 0:
            return -1
        line = &self.lines[hash >> self.shift]
        if attempt == 0:
            host = ring_host(line, <uint32_t>(hash >> (self.shift - 32)))
            if host != RING_NOWHERE:
                return host
        at = line.start
        while at < self.size and self.hashes[at] < hash:
            at += 1
        if at == self.size:
            at = 0
        if attempt:
            at = (at + attempt) % self.size
        return self.hosts[at]

    def __len__(self):
        return self.size

    def entries(self):
        return [(self.hashes[i], self.hosts[i]) for i in range(self.size)]


@cython.final
cdef class Maglev(HashTable):
    def __cinit__(self, list keys not None, list weights not None, uint32_t size=65537):
        cdef Entry *entries
        cdef Py_ssize_t count = len(keys)
        cdef Py_ssize_t i
        cdef double most = max(weights, default=0.0)
        self.inputs = (tuple(keys), tuple(weights), size)
        self.size = size
        check_shares(keys, weights)
        if not is_prime(size):
            raise ValueError(f"the size of a Maglev table is a prime, not {size}")
        if count == 0:
            return
        self.slots = <uint32_t *>malloc(<size_t>size * sizeof(uint32_t))
        entries = <Entry *>malloc(<size_t>count * sizeof(Entry))
        try:
            if self.slots == NULL or entries == NULL:
                raise MemoryError
            for i, host in enumerate(sorted(range(count), key=keys.__getitem__)):
                entries[i] = _entry(keys[host], weights[host], <uint32_t>host, size)
            self.filled = count
            with nogil:
                _take_turns(self.slots, size, entries, count, most)
        finally:
            free(entries)

    def __dealloc__(self):
        free(self.slots)

    cdef Py_ssize_t lookup(self, uint64_t hash, uint32_t attempt) noexcept nogil:
        if self.filled == 0:
            return -1
        if attempt:
            hash ^= ~<uint64_t>0 - attempt + 1
        return self.slots[hash % self.size]

    def __len__(self):
        return self.size if self.filled else 0

    def entries(self):
        return [self.slots[i] for i in range(len(self))]


cdef Py_ssize_t _add(
    uint64_t *hashes, uint32_t *hosts, Py_ssize_t size, unsigned char *text, Py_ssize_t length, uint32_t host,
    double *current, double target, bint murmur,
) noexcept nogil:
    """The entries of one host: hash(text + decimal number), the numbers counting from 0."""
    cdef uint64_t number = 0
    cdef Py_ssize_t digits
    while current[0] < target:
        digits = _decimal(text + length, number)
        if murmur:
            hashes[size] = murmur2_of(text, length + digits, MURMUR_SEED)
        else:
            hashes[size] = xxh64_of(text, length + digits, 0)
        hosts[size] = host
        size += 1
        number += 1
        current[0] += 1.0
    return size


cdef inline Py_ssize_t _decimal(unsigned char *text, uint64_t number) noexcept nogil:
    cdef Py_ssize_t digits = 1
    cdef uint64_t rest = number
    cdef Py_ssize_t i
    while rest >= 10:
        rest //= 10
        digits += 1
    for i in range(digits - 1, -1, -1):
        text[i] = <unsigned char>(48 + number % 10)
        number //= 10
    return digits


cdef void _bucket_sort(
    const uint64_t *hashes, const uint32_t *hosts, uint64_t *to_hashes, uint32_t *to_hosts, uint32_t *starts,
    Py_ssize_t size, Py_ssize_t buckets, int shift,
) noexcept nogil:
    """Sort by hash, stably; `starts` gets the first index of each bucket, and the size at its end."""
    cdef Py_ssize_t i, at, bucket
    cdef uint32_t total = 0
    cdef uint32_t count
    memset(starts, 0, (buckets + 1) * sizeof(uint32_t))
    for i in range(size):
        starts[hashes[i] >> shift] += 1
    for bucket in range(buckets):
        count = starts[bucket]
        starts[bucket] = total
        total += count
    for i in range(size):
        bucket = <Py_ssize_t>(hashes[i] >> shift)
        at = starts[bucket]
        starts[bucket] += 1
        to_hashes[at] = hashes[i]
        to_hosts[at] = hosts[i]
    # Each start has moved to the start of the next bucket.
    for bucket in range(buckets, 0, -1):
        starts[bucket] = starts[bucket - 1]
    starts[0] = 0
    _insertion_sort(to_hashes, to_hosts, size)


cdef void _fill_lines(
    RingLine *lines, const uint64_t *hashes, const uint32_t *hosts, const uint32_t *starts, Py_ssize_t size,
    Py_ssize_t buckets, int shift,
) noexcept nogil:
    """A bucket of more entries than fit in its line says of those behind them that it does not tell."""
    cdef Py_ssize_t bucket, at, end
    cdef int place
    for bucket in range(buckets):
        at, end = starts[bucket], starts[bucket + 1]
        lines[bucket].start = <uint32_t>at
        for place in range(RING_INLINE):
            lines[bucket].bits[place] = <uint32_t>(hashes[at] >> (shift - 32)) if at < end else EMPTY
            lines[bucket].hosts[place] = hosts[at if at < size else 0]
            at += at < end
        lines[bucket].hosts[RING_INLINE] = EMPTY if at < end else hosts[at if at < size else 0]


cdef void _insertion_sort(uint64_t *hashes, uint32_t *hosts, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t i, at
    cdef uint64_t hash
    cdef uint32_t host
    for i in range(1, size):
        hash = hashes[i]
        if hashes[i - 1] <= hash:
            continue
        host = hosts[i]
        at = i
        while at > 0 and hashes[at - 1] > hash:
            hashes[at] = hashes[at - 1]
            hosts[at] = hosts[at - 1]
            at -= 1
        hashes[at] = hash
        hosts[at] = host


cdef Entry _entry(bytes key, double weight, uint32_t host, uint32_t size):
    cdef const unsigned char *text = <const unsigned char *>PyBytes_AS_STRING(key)
    cdef Py_ssize_t length = PyBytes_GET_SIZE(key)
    return Entry(xxh64_of(text, length, 0) % size, xxh64_of(text, length, 1) % (size - 1) + 1, weight, 0.0, host)


cdef void _take_turns(
    uint32_t *slots, uint32_t size, Entry *entries, Py_ssize_t count, double most
) noexcept nogil:
    cdef uint32_t taken = 0
    cdef uint64_t turn = 0
    cdef Py_ssize_t i
    cdef Entry *entry
    memset(slots, 0xFF, size * sizeof(uint32_t))
    while taken < size:
        turn += 1
        for i in range(count):
            if taken == size:
                break
            entry = &entries[i]
            if turn * entry.weight < entry.target:
                continue
            entry.target += most
            while slots[entry.offset] != EMPTY:
                _next(entry, size)
            slots[entry.offset] = entry.host
            _next(entry, size)
            taken += 1


cdef inline void _next(Entry *entry, uint32_t size) noexcept nogil:
    """(offset + skip · n) % size, for the next n."""
    entry.offset += entry.skip
    if entry.offset >= size:
        entry.offset -= size

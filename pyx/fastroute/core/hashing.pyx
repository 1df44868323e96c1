# cython: boundscheck=True, nonecheck=True
"""XXH64 and the 64-bit MurmurHash2 of libstdc++, as Envoy uses them (RA-131, LB-61).

Facts:
- Both read their input as little-endian words, whatever the machine: words are put together
  from bytes, which compilers turn into one load where they may.
- XXH64 works on stripes of 32 bytes in four lanes, then on what is left in steps of 8, 4 and 1.
- libstdc++'s MurmurHash2 ("_Hash_bytes", 64 bit) mixes each whole word *before* it is folded in,
  with a shift of 47, and takes the tail as one little-endian number.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t

cdef uint64_t PRIME_1 = 0x9E3779B185EBCA87ULL
cdef uint64_t PRIME_2 = 0xC2B2AE3D27D4EB4FULL
cdef uint64_t PRIME_3 = 0x165667B19E3779F9ULL
cdef uint64_t PRIME_4 = 0x85EBCA77C2B2AE63ULL
cdef uint64_t PRIME_5 = 0x27D4EB2F165667C5ULL
cdef uint64_t MURMUR_MULTIPLIER = 0xC6A4A7935BD1E995ULL


cdef inline uint64_t rotate(uint64_t value, int bits) noexcept nogil:
    return (value << bits) | (value >> (64 - bits))


cdef inline uint64_t word_at(const unsigned char *p) noexcept nogil:
    return (
        (<uint64_t>p[0]) | (<uint64_t>p[1]) << 8 | (<uint64_t>p[2]) << 16 | (<uint64_t>p[3]) << 24
        | (<uint64_t>p[4]) << 32 | (<uint64_t>p[5]) << 40 | (<uint64_t>p[6]) << 48 | (<uint64_t>p[7]) << 56
    )


cdef inline uint32_t half_at(const unsigned char *p) noexcept nogil:
    return (<uint32_t>p[0]) | (<uint32_t>p[1]) << 8 | (<uint32_t>p[2]) << 16 | (<uint32_t>p[3]) << 24


cdef inline uint64_t lane(uint64_t state, uint64_t word) noexcept nogil:
    return rotate(state + word * PRIME_2, 31) * PRIME_1


cdef inline uint64_t merge(uint64_t state, uint64_t value) noexcept nogil:
    return (state ^ lane(0, value)) * PRIME_1 + PRIME_4


cdef inline uint64_t stripes(const unsigned char **at, const unsigned char *end, uint64_t seed) noexcept nogil:
    cdef const unsigned char *p = at[0]
    cdef uint64_t a = seed + PRIME_1 + PRIME_2
    cdef uint64_t b = seed + PRIME_2
    cdef uint64_t c = seed
    cdef uint64_t d = seed - PRIME_1
    while end - p >= 32:
        a = lane(a, word_at(p))
        b = lane(b, word_at(p + 8))
        c = lane(c, word_at(p + 16))
        d = lane(d, word_at(p + 24))
        p += 32
    at[0] = p
    return merge(merge(merge(merge(rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18), a), b), c), d)


cdef uint64_t xxh64_of(const unsigned char *data, size_t length, uint64_t seed) noexcept nogil:
    cdef const unsigned char *p = data
    cdef const unsigned char *end = data + length
    cdef uint64_t h = stripes(&p, end, seed) if length >= 32 else seed + PRIME_5
    h += length
    while end - p >= 8:
        h = rotate(h ^ lane(0, word_at(p)), 27) * PRIME_1 + PRIME_4
        p += 8
    if end - p >= 4:
        h = rotate(h ^ (half_at(p) * PRIME_1), 23) * PRIME_2 + PRIME_3
        p += 4
    while p < end:
        h = rotate(h ^ (p[0] * PRIME_5), 11) * PRIME_1
        p += 1
    h = (h ^ (h >> 33)) * PRIME_2
    h = (h ^ (h >> 29)) * PRIME_3
    return h ^ (h >> 32)


cdef inline uint64_t shift_mix(uint64_t value) noexcept nogil:
    return value ^ (value >> 47)


cdef uint64_t murmur2_of(const unsigned char *data, size_t length, uint64_t seed) noexcept nogil:
    cdef const unsigned char *p = data
    cdef const unsigned char *aligned = data + (length & ~<size_t>7)
    cdef uint64_t h = seed ^ (<uint64_t>length * MURMUR_MULTIPLIER)
    cdef uint64_t tail = 0
    cdef int left = length & 7
    while p != aligned:
        h = (h ^ (shift_mix(word_at(p) * MURMUR_MULTIPLIER) * MURMUR_MULTIPLIER)) * MURMUR_MULTIPLIER
        p += 8
    if left:
        while left:
            left -= 1
            tail = (tail << 8) | p[left]
        h = (h ^ tail) * MURMUR_MULTIPLIER
    h = shift_mix(h) * MURMUR_MULTIPLIER
    return shift_mix(h)


def xxh64(bytes data not None, uint64_t seed=0):
    return xxh64_of(<const unsigned char *>PyBytes_AS_STRING(data), <size_t>PyBytes_GET_SIZE(data), seed)


def murmur2(bytes data not None, uint64_t seed=MURMUR_SEED):
    return murmur2_of(<const unsigned char *>PyBytes_AS_STRING(data), <size_t>PyBytes_GET_SIZE(data), seed)

"""Consistent hashing tables: from a hash to the index of a host. Immutable once built."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef extern from *:
    """
    #include <stdint.h>
    #ifdef __SSE2__
    #include <emmintrin.h>
    #endif
    /* What a look-up reads, in one line of a processor's cache: up to RING_INLINE entries of one bucket of hashes. */
    enum { RING_INLINE = 7, RING_NOWHERE = -1 };
    typedef struct {
        uint32_t start;                         /* the first entry of the bucket */
        uint32_t bits[RING_INLINE];             /* of their hashes, behind those that choose the bucket; ascending */
        uint32_t hosts[RING_INLINE + 1];        /* theirs, and then that of the entry behind them */
    } RingLine;

    /* How many of the entries are below, or that only the whole hash tells: RING_NOWHERE. */
    static inline int ring_below(const RingLine *line, uint32_t bits) {
    #ifdef __SSE2__
        const __m128i sign = _mm_set1_epi32((int)0x80000000), wanted = _mm_set1_epi32((int)bits);
        __m128i one = _mm_loadu_si128((const __m128i *)line), two = _mm_loadu_si128((const __m128i *)line + 1);
        __m128i same = _mm_or_si128(_mm_cmpeq_epi32(two, wanted), _mm_slli_si128(_mm_srli_si128(
            _mm_cmpeq_epi32(one, wanted), 4), 4));                              /* the start is no entry */
        __m128i least = _mm_xor_si128(wanted, sign);
        int below = _mm_movemask_ps(_mm_castsi128_ps(_mm_cmplt_epi32(_mm_xor_si128(one, sign), least))) >> 1
            | _mm_movemask_ps(_mm_castsi128_ps(_mm_cmplt_epi32(_mm_xor_si128(two, sign), least))) << 3;
        return _mm_movemask_epi8(same) ? RING_NOWHERE : __builtin_ctz(~(unsigned)below);
    #else
        int below = 0;
        for (int at = 0; at < RING_INLINE; at++) {
            if (line->bits[at] == bits) return RING_NOWHERE;
            below += line->bits[at] < bits;
        }
        return below;
    #endif
    }
    /* The host of a hash by the line of its bucket; RING_NOWHERE where the line does not tell. */
    static inline int64_t ring_host(const RingLine *line, uint32_t bits) {
        int below = ring_below(line, bits);
        return below < 0 || line->hosts[below] == UINT32_MAX ? RING_NOWHERE : (int64_t)line->hosts[below];
    }
    """
    enum:
        RING_INLINE
        RING_NOWHERE

    ctypedef struct RingLine:
        uint32_t start
        uint32_t[7] bits
        uint32_t[8] hosts

    int64_t ring_host(const RingLine *line, uint32_t bits) noexcept nogil


cdef class HashTable:
    # What the table was built from: two tables of equal inputs are equal.
    cdef readonly tuple inputs
    # The index of the host for `hash`; -1 when the table is empty. `attempt` counts from 0 (LB-62, LB-66).
    cdef Py_ssize_t lookup(self, uint64_t hash, uint32_t attempt) noexcept nogil

cdef class Ring(HashTable):
    cdef Py_ssize_t size
    cdef uint64_t *hashes
    cdef uint32_t *hosts
    cdef char *room                     # of the lines
    cdef RingLine *lines                # one for each bucket of hashes, by their upper bits
    cdef int shift

cdef class Maglev(HashTable):
    cdef uint32_t size
    cdef uint32_t *slots
    cdef Py_ssize_t filled

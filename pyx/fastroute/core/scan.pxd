"""One pass over header pairs: types, sizes and bytes of all of them, and which may be a header that the table looks at.

Headers are most of what a request brings, and every byte of them decides whether Envoy answers 400. So the pass
only collects evidence, without a branch for each text: `high` is the greatest (byte - 0x20) of the values, and
`plain` tells whether the names are of letters, digits and "-". Evidence of anything else does not mean that it is
wrong (a tab in a value, "_" in a name): then the pairs are looked at again, one by one (`chars`).

PERF: callgrind, 12 headers: 2 074 instructions when each text was judged alone, 1 100 in one pass, 700 with names
known by their address and texts of any length taken by one load of their last sixteen bytes.
"""

from cpython.object cimport PyObject
from libc.stdint cimport int32_t

from fastroute.core.chars cimport chars_bad_value      # its C code, and that of slices, comes before this module's
from fastroute.core.slices cimport slices_quick

cdef extern from *:
    """
    /* Kept out of its caller, so that a loop has the registers for itself. */
    #if defined(__GNUC__)
    #define SCAN_APART static __attribute__((noinline))
    #else
    #define SCAN_APART static
    #endif

    enum { SCAN_END, SCAN_MATCH, SCAN_ODD };

    typedef struct {
        PyObject *value;              /* of the pair at which the pass stopped, with the texts of both */
        const char *name_text;
        Py_ssize_t name_size;
        const char *value_text;
        Py_ssize_t value_size;
        Py_ssize_t bytes;             /* of all names and values so far */
        int bucket;                   /* of the name at which it stopped */
        int stop;
        int dirty;
    #ifdef __SSE2__
        __m128i high, plain;
    #endif
    } ScanRun;

    enum { SCAN_BUCKETS = 256 };

    /* A bucket of names; without case, for "or 0x20" makes letters lower and keeps "-" and digits. */
    static inline int scan_bucket(const char *name, Py_ssize_t size) {
        return (int)((unsigned)size * 37 + (name[0] | 0x20) * 3 + (name[size - 1] | 0x20)) & (SCAN_BUCKETS - 1);
    }

    static inline void scan_clear(ScanRun *run) {
        run->dirty = 0;
    #ifdef __SSE2__
        run->high = _mm_setzero_si128();
        run->plain = _mm_set1_epi8(-1);
    #endif
    }

    #ifdef __SSE2__
    /* The last 16 bytes of a text, and which of them are its own. A shorter one has its object's head before it. */
    static const unsigned char scan_own[32] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255,
    };
    static inline __m128i scan_last16(const char *text, Py_ssize_t size) {
        return _mm_loadu_si128((const __m128i *)(text + size - 16));
    }
    static inline __m128i scan_mask(Py_ssize_t size) {                                  /* size <= 16 */
        return _mm_loadu_si128((const __m128i *)(scan_own + size));
    }
    static inline __m128i scan_above16(const char *text) {
        return _mm_sub_epi8(_mm_loadu_si128((const __m128i *)text), _mm_set1_epi8(0x20));
    }
    static inline __m128i scan_value(__m128i high, const char *text, Py_ssize_t size) {
        const char *end = text + size - 16;
        __m128i last = scan_above16(end);
        if (size <= 16) return _mm_max_epu8(high, _mm_and_si128(last, scan_mask(size)));
        high = _mm_max_epu8(high, last);
        do high = _mm_max_epu8(high, scan_above16(text)); while ((text += 16) < end);
        return high;
    }
    /* Letters, digits and "-" stay set in `plain`. Each range is moved to the end of the signed bytes. */
    static inline __m128i scan_plain16(__m128i v) {
        __m128i lowered = _mm_or_si128(v, _mm_set1_epi8(0x20));
        __m128i letter = _mm_cmpgt_epi8(_mm_add_epi8(lowered, _mm_set1_epi8(0x7f - 'z')), _mm_set1_epi8(0x7f - 26));
        __m128i digit = _mm_cmpgt_epi8(_mm_add_epi8(v, _mm_set1_epi8(0x7f - '9')), _mm_set1_epi8(0x7f - 10));
        __m128i dash = _mm_cmpeq_epi8(v, _mm_set1_epi8('-'));
        return _mm_or_si128(_mm_or_si128(letter, digit), dash);
    }
    static inline __m128i scan_name(__m128i plain, const char *text, Py_ssize_t size) {   /* 1 <= size <= 32 */
        __m128i last = scan_plain16(scan_last16(text, size));
        if (size >= 16)
            return _mm_and_si128(_mm_and_si128(plain, last), scan_plain16(_mm_loadu_si128((const __m128i *)text)));
        return _mm_andnot_si128(_mm_andnot_si128(last, scan_mask(size)), plain);
    }
    /* Whether anything calls for a closer look: a value with a byte below 0x20 or above 0x7e, an odd name. */
    static inline int scan_is_dirty(const ScanRun *run) {
        __m128i limit = _mm_set1_epi8(0x5e);
        __m128i fine = _mm_cmpeq_epi8(_mm_max_epu8(run->high, limit), limit);
        return run->dirty || _mm_movemask_epi8(_mm_and_si128(run->plain, fine)) != 0xffff;
    }
    #else
    static inline int scan_is_dirty(const ScanRun *run) { return run->dirty; }
    #endif

    /* Names that were good and come again as the same object, as those that are written in a program do, and those of
       a decoder's table. A place holds a reference, so no other text can lie at that address; a name takes it when it
       is the second in turn to want it. Names of one request alone seldom do. */
    enum { SCAN_KNOWN = 512, SCAN_LONGEST = 64 };
    typedef struct { PyObject *text; uint64_t told; } ScanKnown;               /* NULL: no plain text */
    enum { SCAN_SIZE_BITS = 56 };                                 /* of what is told; above them the bucket */
    static ScanKnown scan_known[SCAN_KNOWN];
    static PyObject *scan_wanted[SCAN_KNOWN];                                  /* addresses alone */

    static inline ScanKnown *scan_place(PyObject *name) {
        return &scan_known[((uintptr_t)name >> 4) & (SCAN_KNOWN - 1)];
    }
    SCAN_APART ScanKnown scan_stranger(PyObject *name, ScanRun *run) {
        const char *text;
        Py_ssize_t size;
        if (!slices_quick(name, &text, &size) || size > INT32_MAX) return (ScanKnown){ NULL, 0 };
        uint64_t bucket = size ? (uint64_t)scan_bucket(text, size) : 0;
        ScanKnown found = { name, bucket << SCAN_SIZE_BITS | (uint64_t)size }, *place = scan_place(name);
        PyObject **wanted = &scan_wanted[place - scan_known], *before = place->text;
    #ifdef __SSE2__
        if (size >= 1 && size <= 32) run->plain = scan_name(run->plain, text, size);
        else
    #endif
            run->dirty |= chars_name_kind(text, size);
        if (*wanted != name) {
            *wanted = name;
        } else if (size <= SCAN_LONGEST && chars_name_kind(text, size) <= 1) {
            Py_INCREF(name);
            *place = found;
            Py_XDECREF(before);
        }
        return found;
    }

    /* Pairs from `at` on; returns the next one to look at. SCAN_MATCH: the pair before it may be a header of the
       table. SCAN_ODD: it is no tuple of two plain texts, and was not looked at. */
    SCAN_APART Py_ssize_t scan_pairs(PyObject *const *items, Py_ssize_t at, Py_ssize_t count, const int32_t *buckets,
                                     ScanRun *run) {
        uint64_t bytes = (uint64_t)run->bytes;                                 /* above SCAN_SIZE_BITS: anything */
        Py_ssize_t value_size;
        const char *value;
        run->stop = SCAN_END;
    #ifdef __SSE2__
        __m128i high = run->high;
    #endif
        for (; at < count; at++) {
            PyObject *pair = items[at];
            if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2
                || !slices_quick(PyTuple_GET_ITEM(pair, 1), &value, &value_size)) {
                run->stop = SCAN_ODD;
                break;
            }
            PyObject *text = PyTuple_GET_ITEM(pair, 0);
            ScanKnown name = *scan_place(text);
            if (!SLICES_OFTEN(name.text == text)) {
                name = scan_stranger(text, run);
                if (name.text == NULL) {
                    run->stop = SCAN_ODD;
                    break;
                }
            }
            bytes += name.told + (uint64_t)value_size;
    #ifdef __SSE2__
            high = scan_value(high, value, value_size);
    #else
            run->dirty |= chars_bad_value(value, value_size);
    #endif
            unsigned char bucket = (unsigned char)(name.told >> SCAN_SIZE_BITS);
            if (!SLICES_OFTEN(buckets[bucket] < 0)) {
                slices_quick(text, &run->name_text, &run->name_size);
                run->value = PyTuple_GET_ITEM(pair, 1);
                run->value_text = value;
                run->value_size = value_size;
                run->bucket = bucket;
                run->stop = SCAN_MATCH;
                at++;
                break;
            }
        }
        run->bytes = (Py_ssize_t)(bytes & ((1ull << SCAN_SIZE_BITS) - 1));
    #ifdef __SSE2__
        run->high = high;
    #endif
        return at;
    }
    """
    enum:
        SCAN_END
        SCAN_MATCH
        SCAN_ODD
        SCAN_BUCKETS

    ctypedef struct ScanRun:
        PyObject *value
        const char *name_text
        Py_ssize_t name_size
        const char *value_text
        Py_ssize_t value_size
        Py_ssize_t bytes
        int bucket
        int stop

    void scan_clear(ScanRun *run) noexcept
    bint scan_is_dirty(const ScanRun *run) noexcept
    int scan_bucket(const char *name, Py_ssize_t size) noexcept nogil
    Py_ssize_t scan_pairs(PyObject **items, Py_ssize_t at, Py_ssize_t count, const int32_t *buckets,
                          ScanRun *run) noexcept

"""One pass over a request target, and one over an authority, sixteen bytes at a time where the machine has SSE2.

line_target   classes of the bytes that occur, and where the query begins (-1: nowhere). FOREIGN: not ASCII, a space,
              or a control character. UNUSUAL: normalisation may change it; without `closely` only "#" counts.
line_host     the text in lower case; 0 where a byte is no letter, digit, "-", "." or ":", for others do not have
              what "or 0x20" relies on, and some are refused. Such authorities are rare and looked at one by one.

PERF: callgrind, a target of 29 bytes 206 instructions before, 132 in one pass; an authority of 16 bytes 265 and 45.
"""

from fastroute.core.chars cimport chars_bad_value      # its C code, with the loads of short texts, comes before this

cdef extern from *:
    """
    enum { LINE_FOREIGN = 1, LINE_UNUSUAL = 2 };

    static inline int line_is_unusual(unsigned char c, int closely) {
        return c == '#' || (closely && c && strchr("%\\\\.\\"<>^`{|}", c) != NULL);
    }
    static inline int line_target_bytes(const char *text, Py_ssize_t size, int closely, Py_ssize_t *query) {
        int seen = 0;
        *query = -1;
        for (Py_ssize_t at = 0; at < size; at++) {
            unsigned char c = (unsigned char)text[at];
            if (c < 0x21 || c > 0x7e) seen |= LINE_FOREIGN;
            if (line_is_unusual(c, closely)) seen |= LINE_UNUSUAL;
            if (c == '?' && *query < 0) *query = at;
        }
        return seen;
    }

    #ifdef __SSE2__
    typedef struct { __m128i high, unusual; } LineSeen;

    static inline __m128i line_unusual16(__m128i v) {
        __m128i one = _mm_or_si128(v, _mm_set1_epi8(1)), two = _mm_or_si128(v, _mm_set1_epi8(2));
        __m128i found = _mm_cmpeq_epi8(one, _mm_set1_epi8('#'));                          /* double quote, # */
        found = _mm_or_si128(found, _mm_cmpeq_epi8(two, _mm_set1_epi8('>')));             /* <, > */
        found = _mm_or_si128(found, _mm_cmpeq_epi8(two, _mm_set1_epi8('^')));             /* backslash, ^ */
        found = _mm_or_si128(found, _mm_cmpeq_epi8(v, _mm_set1_epi8('%')));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(v, _mm_set1_epi8('.')));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(v, _mm_set1_epi8('`')));
        return _mm_or_si128(found, _mm_cmpgt_epi8(_mm_add_epi8(v, _mm_set1_epi8(2)), _mm_set1_epi8('|')));  /* {|} */
    }
    /* Returns the bits of the question marks. */
    static inline int line_target16(LineSeen *seen, __m128i v, int closely) {
        seen->high = _mm_max_epu8(seen->high, _mm_sub_epi8(v, _mm_set1_epi8(0x21)));
        seen->unusual = _mm_or_si128(
            seen->unusual, closely ? line_unusual16(v) : _mm_cmpeq_epi8(v, _mm_set1_epi8('#')));
        return _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('?')));
    }
    static inline int line_classes(LineSeen seen) {
        __m128i limit = _mm_set1_epi8(0x7e - 0x21);
        int fine = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(seen.high, limit), limit));
        return (fine != 0xffff ? LINE_FOREIGN : 0) | (_mm_movemask_epi8(seen.unusual) ? LINE_UNUSUAL : 0);
    }
    static inline int line_target(const char *text, Py_ssize_t size, int closely, Py_ssize_t *query) {
        LineSeen seen = { _mm_setzero_si128(), _mm_setzero_si128() };
        Py_ssize_t at = 0, found = -1;
        int marks;
        if (size < 8) return line_target_bytes(text, size, closely, query);
        if (size < 16) {                                        /* its first and its last eight bytes */
            marks = line_target16(&seen, chars_load(text, size), closely);
            if (marks) found = __builtin_ctz(marks);
            if (found >= 8) found += size - 16;
        } else {
            for (; at < size - 16; at += 16) {
                marks = line_target16(&seen, _mm_loadu_si128((const __m128i *)(text + at)), closely);
                if (marks && found < 0) found = at + __builtin_ctz(marks);
            }
            marks = line_target16(&seen, _mm_loadu_si128((const __m128i *)(text + size - 16)), closely);
            if (marks && found < 0) found = size - 16 + __builtin_ctz(marks);
        }
        *query = found;
        return line_classes(seen);
    }

    static inline __m128i line_host16(__m128i plain, __m128i v, __m128i lowered) {
        __m128i letter = _mm_cmpgt_epi8(_mm_add_epi8(lowered, _mm_set1_epi8(0x7f - 'z')), _mm_set1_epi8(0x7f - 26));
        __m128i digit = _mm_cmpgt_epi8(_mm_add_epi8(v, _mm_set1_epi8(0x7f - ':')), _mm_set1_epi8(0x7f - 11));
        __m128i dash = _mm_cmpgt_epi8(_mm_add_epi8(v, _mm_set1_epi8(0x7f - '.')), _mm_set1_epi8(0x7f - 2));
        return _mm_and_si128(plain, _mm_or_si128(_mm_or_si128(letter, digit), dash));
    }
    static inline int line_host(const char *text, Py_ssize_t size, char *out) {
        __m128i plain = _mm_set1_epi8(-1), fold = _mm_set1_epi8(0x20), v, lowered;
        Py_ssize_t at = 0;
        if (size >= 16) {
            for (;;) {
                v = _mm_loadu_si128((const __m128i *)(text + at));
                lowered = _mm_or_si128(v, fold);
                _mm_storeu_si128((__m128i *)(out + at), lowered);
                plain = line_host16(plain, v, lowered);
                if (at == size - 16) break;
                at = at + 32 <= size ? at + 16 : size - 16;
            }
        } else if (size >= 8) {
            v = chars_load(text, size);
            lowered = _mm_or_si128(v, fold);
            _mm_storel_epi64((__m128i *)out, lowered);
            _mm_storel_epi64((__m128i *)(out + size - 8), _mm_unpackhi_epi64(lowered, lowered));
            plain = line_host16(plain, v, lowered);
        } else {
            for (; at < size; at++) {
                unsigned char c = (unsigned char)text[at], low = c | 0x20;
                if (!((low >= 'a' && low <= 'z') || (c >= '0' && c <= ':') || c == '-' || c == '.')) return 0;
                out[at] = (char)low;
            }
            return 1;
        }
        return _mm_movemask_epi8(plain) == 0xffff;
    }
    #else
    #define line_target line_target_bytes
    static inline int line_host(const char *text, Py_ssize_t size, char *out) {
        for (Py_ssize_t at = 0; at < size; at++) {
            unsigned char c = (unsigned char)text[at], low = c | 0x20;
            if (!((low >= 'a' && low <= 'z') || (c >= '0' && c <= ':') || c == '-' || c == '.')) return 0;
            out[at] = (char)low;
        }
        return 1;
    }
    #endif
    """
    const int LINE_FOREIGN
    const int LINE_UNUSUAL
    int line_target(const char *text, Py_ssize_t size, bint closely, Py_ssize_t *query) noexcept nogil
    bint line_host(const char *text, Py_ssize_t size, char *out) noexcept nogil

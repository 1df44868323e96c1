"""Which bytes a header may have: token characters in a name, no control characters but TAB in a value.

Sixteen bytes at a time where the machine has SSE2: a request brings some hundred bytes of headers, which would
otherwise cost more than the routing itself.
"""

cdef extern from *:
    """
    #include <string.h>
    #ifdef __SSE2__
    #include <emmintrin.h>

    static inline __m128i chars_load(const char *text, Py_ssize_t size) {      /* 8 <= size <= 16 */
        return _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)text),
                                  _mm_loadl_epi64((const __m128i *)(text + size - 8)));
    }
    static inline __m128i chars_load_short(const char *text, Py_ssize_t size) {    /* 4 <= size < 8 */
        int first, last;
        memcpy(&first, text, 4);
        memcpy(&last, text + size - 4, 4);
        __m128i v = _mm_unpacklo_epi32(_mm_cvtsi32_si128(first), _mm_cvtsi32_si128(last));
        return _mm_unpacklo_epi64(v, v);
    }
    static inline int chars_bad_value16(__m128i v) {
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
        __m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x09));
        __m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));
        return _mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, control), del));
    }
    static inline int chars_plain_name16(__m128i v) {                           /* letters, digits, "-" alone */
        __m128i letter = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
        __m128i digit = _mm_sub_epi8(v, _mm_set1_epi8('0'));
        __m128i good = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter),
                                    _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit));
        good = _mm_or_si128(good, _mm_cmpeq_epi8(v, _mm_set1_epi8('-')));
        return _mm_movemask_epi8(good) == 0xffff;
    }
    #endif

    static inline int chars_bad_value(const char *text, Py_ssize_t size) {
        Py_ssize_t at = 0;
    #ifdef __SSE2__
        if (size >= 16) {
            for (; at + 16 <= size; at += 16)
                if (chars_bad_value16(_mm_loadu_si128((const __m128i *)(text + at)))) return 1;
            return chars_bad_value16(_mm_loadu_si128((const __m128i *)(text + size - 16))) != 0;
        }
        if (size >= 8) return chars_bad_value16(chars_load(text, size)) != 0;
        if (size >= 4) return chars_bad_value16(chars_load_short(text, size)) != 0;
    #endif
        for (; at < size; at++) {
            unsigned char c = (unsigned char)text[at];
            if ((c < 0x20 && c != 0x09) || c == 0x7f) return 1;
        }
        return 0;
    }

    /* 0: letters, digits and "-"; 1: another token; 2: a token with "_"; 3: no token */
    static inline int chars_name_kind(const char *text, Py_ssize_t size) {
        int kind = 0;
        Py_ssize_t at = 0;
    #ifdef __SSE2__
        if (size >= 8 && size <= 16) { if (chars_plain_name16(chars_load(text, size))) return 0; }
        else if (size >= 4 && size < 8) { if (chars_plain_name16(chars_load_short(text, size))) return 0; }
        else if (size > 16 && size <= 32) {
            if (chars_plain_name16(_mm_loadu_si128((const __m128i *)text))
                && chars_plain_name16(_mm_loadu_si128((const __m128i *)(text + size - 16)))) return 0;
        }
    #endif
        if (size == 0) return 3;
        for (; at < size; at++) {
            unsigned char c = (unsigned char)text[at];
            if ((unsigned char)((c | 0x20) - 'a') <= 25 || (unsigned char)(c - '0') <= 9 || c == '-') continue;
            if (c == '_') { kind = 2; continue; }
            if (c == 0 || c >= 0x7f || strchr("!#$%&'*+.^`|~", c) == NULL) return 3;
            if (kind == 0) kind = 1;
        }
        return kind;
    }
    """
    bint chars_bad_value(const char *text, Py_ssize_t size) noexcept nogil
    int chars_name_kind(const char *text, Py_ssize_t size) noexcept nogil

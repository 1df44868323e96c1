"""Byte slices: text as a pointer and a length, and the comparisons that routing needs. All inline."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_AsUTF8String
from libc.string cimport memcmp


cdef struct Slice:
    const char *data
    Py_ssize_t size


cdef inline bytes text_of(object value):
    """Request text as bytes; `str` is taken as UTF-8."""
    if value is None or type(value) is bytes:
        return value
    if isinstance(value, str):
        return PyUnicode_AsUTF8String(value)
    if isinstance(value, bytes):
        return bytes(value)
    raise TypeError(f"str or bytes expected, not {type(value).__name__}")


cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    /* The state bits of a str that say: its text lies right behind its head, one ASCII byte a character. */
    static inline uint32_t slices_state(PyObject *text) {
        uint32_t bits;
        memcpy(&bits, &((PyASCIIObject *)text)->state, 4);
        return bits;
    }
    static inline uint32_t slices_ascii(void) {                   /* a constant to the compiler */
        PyASCIIObject sample;
        memset(&sample, 0, sizeof sample);
        sample.state.compact = 1;
        sample.state.ascii = 1;
        return slices_state((PyObject *)&sample);
    }

    #if defined(__GNUC__)
    #define SLICES_OFTEN(fact) __builtin_expect(!!(fact), 1)
    #else
    #define SLICES_OFTEN(fact) (fact)
    #endif
    /* The bytes of a bytes or an ASCII str, at the cost of two comparisons; 0 for everything else. */
    static inline int slices_quick(PyObject *value, const char **data, Py_ssize_t *size) {
        const uint32_t ascii = slices_ascii();
        if (SLICES_OFTEN(Py_IS_TYPE(value, &PyUnicode_Type) && (slices_state(value) & ascii) == ascii)) {
            *data = (const char *)((PyASCIIObject *)value + 1);
            *size = ((PyASCIIObject *)value)->length;
            return 1;
        }
        if (Py_IS_TYPE(value, &PyBytes_Type)) {
            *data = PyBytes_AS_STRING(value);
            *size = PyBytes_GET_SIZE(value);
            return 1;
        }
        return 0;
    }
    """
    bint slices_quick(object value, const char **data, Py_ssize_t *size) noexcept


cdef inline int view(object value, Slice *out) except -1:
    """The bytes of `value` without a copy; valid as long as `value` lives."""
    if slices_quick(value, &out.data, &out.size):
        return 0
    return view_slowly(value, out)


cdef inline int view_slowly(object value, Slice *out) except -1:
    if isinstance(value, str):
        out.data = PyUnicode_AsUTF8AndSize(value, &out.size)
    elif isinstance(value, bytes):
        out.data = PyBytes_AS_STRING(value)
        out.size = PyBytes_GET_SIZE(value)
    else:
        raise TypeError(f"str or bytes expected, not {type(value).__name__}")
    return 0


cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    /* memcmp(a, b, size) == 0 without a call: routing compares short texts, where the call costs more than the work. */
    static inline int slices_same(const char *a, const char *b, size_t size) {
        uint64_t x, y;
        uint32_t v, w;
        if (size >= 8 && size <= 16) {
            uint64_t p, q;
            memcpy(&x, a, 8);
            memcpy(&y, b, 8);
            memcpy(&p, a + size - 8, 8);
            memcpy(&q, b + size - 8, 8);
            return ((x ^ y) | (p ^ q)) == 0;
        }
        if (size > 16) {
            const char *last = a + size - 8;
            for (; a < last; a += 8, b += 8) {
                memcpy(&x, a, 8);
                memcpy(&y, b, 8);
                if (x != y) return 0;
            }
            b -= a - last;
            memcpy(&x, last, 8);
            memcpy(&y, b, 8);
            return x == y;
        }
        if (size >= 4) {
            memcpy(&v, a, 4);
            memcpy(&w, b, 4);
            if (v != w) return 0;
            memcpy(&v, a + size - 4, 4);
            memcpy(&w, b + size - 4, 4);
            return v == w;
        }
        for (; size; size--)
            if (a[size - 1] != b[size - 1]) return 0;
        return 1;
    }
    """
    bint slices_same(const char *a, const char *b, size_t size) noexcept nogil


cdef extern from *:
    """
    /* Whether an ASCII text has a letter in upper case: eight bytes at a time, of which none exceeds 0x7f. */
    static inline uint64_t slices_upper8(const char *text) {
        const uint64_t ones = ~0ull / 255;
        uint64_t eight;
        memcpy(&eight, text, 8);
        return (eight + (0x80 - 'A') * ones) & ~(eight + (0x7f - 'Z') * ones) & 0x80 * ones;
    }
    static inline int slices_has_upper(const char *text, Py_ssize_t size) {
        uint64_t found = 0;
        if (size < 8) {
            for (; size; size--) found |= text[size - 1] >= 'A' && text[size - 1] <= 'Z';
        } else {
            const char *last = text + size - 8;
            for (; text < last; text += 8) found |= slices_upper8(text);
            found |= slices_upper8(last);
        }
        return found != 0;
    }
    """
    bint slices_has_upper(const char *text, Py_ssize_t size) noexcept nogil


cdef inline char lower(char c) noexcept nogil:
    return c + 32 if c"A" <= c <= c"Z" else c


cdef inline bint equal(const char *a, Py_ssize_t a_size, const char *b, Py_ssize_t b_size) noexcept nogil:
    return a_size == b_size and memcmp(a, b, <size_t>a_size) == 0


cdef inline bint same_folded(const char *text, const char *lowered, Py_ssize_t size) noexcept nogil:
    """Whether `text` without its case (ASCII) is `lowered`."""
    cdef Py_ssize_t at
    for at in range(size):
        if lower(text[at]) != lowered[at]:
            return False
    return True


cdef inline Py_ssize_t find_char(const char *data, Py_ssize_t size, char wanted) noexcept nogil:
    """The first position of `wanted`, or -1."""
    cdef Py_ssize_t at
    for at in range(size):
        if data[at] == wanted:
            return at
    return -1

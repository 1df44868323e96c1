"""The keys of a text as shared strings: a configuration has few, and each many times."""

cimport cython
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_DecodeASCII
from libc.stdint cimport uint32_t
from libc.string cimport memcmp

cdef enum:
    MOST = 512                     # remembered; a power of two


@cython.final
cdef class Keys:
    """See the stub."""

    def __cinit__(self):
        self.known = [None] * MOST

    cdef str get(self, const char *text, Py_ssize_t size):
        """The string of ASCII bytes."""
        cdef uint32_t hashed = 2166136261
        cdef Py_ssize_t at, known_size
        cdef const char *known_text
        for at in range(size):
            hashed = (hashed ^ <unsigned char>text[at]) * <uint32_t>16777619
        hashed &= MOST - 1
        known = self.known[hashed]
        if known is not None:
            known_text = PyUnicode_AsUTF8AndSize(known, &known_size)
            if known_size == size and memcmp(known_text, text, <size_t>size) == 0:
                return <str>known
        known = PyUnicode_DecodeASCII(text, size, NULL)
        self.known[hashed] = known
        return <str>known

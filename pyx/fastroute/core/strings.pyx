# cython: boundscheck=True, nonecheck=True
"""String matchers (RM-36): exact, prefix, suffix and contains, each with or without ASCII case, and regex."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memcmp

from fastroute.core.regexes cimport Regex
from fastroute.core.slices cimport same_folded

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <string.h>
    """
    void *memmem(const void *text, size_t size, const void *wanted, size_t length) noexcept nogil

cdef enum:
    EXACT
    PREFIX
    SUFFIX
    CONTAINS
    REGEX

cdef dict CODES = {"exact": EXACT, "prefix": PREFIX, "suffix": SUFFIX, "contains": CONTAINS, "regex": REGEX}


@cython.final
cdef class StringMatcher:
    """See the stub."""

    def __cinit__(self, str kind not None, text not None, *, bint ignore_case=False):
        self.code = CODES[kind]
        self.ignore_case = ignore_case and self.code != REGEX
        if self.code == REGEX:
            self.regex = <Regex?>text
            self.text = self.regex.pattern
        else:
            self.text = (<bytes?>text).lower() if ignore_case else <bytes?>text

    @property
    def kind(self):
        return next(name for name, code in CODES.items() if code == self.code)

    cdef bint is_exact(self) noexcept:
        """Whether it compares with one text, case and all."""
        return self.code == EXACT and not self.ignore_case

    cdef int matches(self, const char *data, Py_ssize_t size) except -1:
        cdef const char *text = PyBytes_AS_STRING(self.text)
        cdef Py_ssize_t length = PyBytes_GET_SIZE(self.text), at
        if self.code == REGEX:
            return self.regex.match_full(data, size)
        if length > size or (self.code == EXACT and length != size):
            return 0
        if self.code == SUFFIX:
            data += size - length
        if self.code != CONTAINS:
            return same_folded(data, text, length) if self.ignore_case else memcmp(data, text, <size_t>length) == 0
        if not self.ignore_case:
            return memmem(data, <size_t>size, text, <size_t>length) != NULL
        for at in range(size - length + 1):
            if same_folded(data + at, text, length):
                return 1
        return 0

    def match(self, bytes text not None):
        return self.matches(PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text)) == 1

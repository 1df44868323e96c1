"""Layout of a string matcher."""

from fastroute.core.regexes cimport Regex


cdef class StringMatcher:
    cdef int code
    cdef readonly bytes text           # lower case where ignore_case
    cdef readonly bint ignore_case
    cdef readonly Regex regex

    cdef int matches(self, const char *data, Py_ssize_t size) except -1
    cdef bint is_exact(self) noexcept

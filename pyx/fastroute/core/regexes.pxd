"""Layout of a compiled regular expression. For other modules of the core: `match_full` and `find`."""


cdef class Regex:
    cdef void *native          # RE2 of the linked library; NULL where google-re2 does the work
    cdef object raw            # google-re2's raw object; None where the library is linked
    cdef object anchor         # google-re2's (unanchored, both ends)
    cdef readonly bytes pattern
    cdef readonly int program_size
    cdef readonly int groups
    cdef void *steps           # the same expression as a plain sequence; NULL as long as nobody asked

    cdef int sequence(self) except -1
    cdef int compile_native(self) except -1
    cdef int compile_google(self) except -1
    cdef int match_full(self, const char *data, Py_ssize_t size) except -1
    cdef int find(self, const char *data, Py_ssize_t size, Py_ssize_t start, bint full,
                  Py_ssize_t *spans, int count) except -1
    cdef int rewrite(self, list out, bytes template, const char *data, Py_ssize_t *spans, int count) except -1

"""Layout of the HTTP/1 codec: which requests it takes, and how it hands them over."""

from fastroute.core.decision cimport Decision
from fastroute.core.headers cimport View
from fastroute.core.slices cimport Slice

cdef enum Underscores:
    ALLOW
    REJECT_REQUEST
    DROP_HEADER


cdef class Codec:
    cdef readonly Py_ssize_t max_headers
    cdef readonly Py_ssize_t max_header_bytes
    cdef int on_underscores
    cdef readonly bint custom_methods
    cdef readonly bint absolute_urls

    cdef int take(self, View *view, Decision decision) except -1
    cdef str problem(self, Decision decision, bytes method, bytes target, list headers)
    cdef str line_problem(self, bytes method, bytes target, bytes authority)
    cdef bint is_too_large(self, bytes target, bytes authority, list headers) except -1
    cdef str header_problem(self, list headers)
    cdef Py_ssize_t first_underscore(self, list headers) except -1
    cdef str take_target(self, Decision decision, bytes method, bytes target, bytes authority)
    cdef list receive(self, bytes authority, list given)


cdef bint is_known(Slice method) noexcept
cdef bint is_plain_connection(View *view) noexcept nogil
cdef int store(list headers, bytes name, bytes value) except -1
cdef list tokens(bytes value)
cdef bint is_upgrade(list headers) except -1
cdef bytes first_of(list headers, bytes name)
cdef int drop(list headers, bytes name) except -1

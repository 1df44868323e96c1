"""Layout of the predicates of a route."""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memchr, memcmp

from fastroute.core.headers cimport HeaderNames, View
from fastroute.core.regexes cimport Regex
from fastroute.core.slices cimport Slice
from fastroute.core.strings cimport StringMatcher


cdef class Predicate:
    cdef int bind(self, HeaderNames names) except -1
    cdef int holds(self, View *view) except -1


cdef class HeaderPredicate(Predicate):
    cdef readonly bytes name
    cdef readonly StringMatcher matcher     # None: presence, or a range
    cdef readonly bint ranged
    cdef int64_t low
    cdef int64_t high
    cdef readonly bint absent               # presence is asked for, and must not be
    cdef readonly bint invert
    cdef readonly bint missing_as_empty
    cdef int slot

    cdef int test(self, Slice text) except -1
    cdef bytes exact_value(self)


cdef class QueryPredicate(Predicate):
    cdef readonly bytes name
    cdef readonly StringMatcher matcher     # None: presence
    cdef readonly bint absent

    cdef bytes exact_value(self)


cdef class CookiePredicate(Predicate):
    cdef readonly bytes name
    cdef readonly StringMatcher matcher
    cdef readonly bint invert
    cdef int slot


cdef class FractionPredicate(Predicate):
    cdef readonly uint64_t numerator
    cdef readonly uint64_t denominator


cdef class PathPredicate(Predicate):
    cdef readonly Regex regex
    cdef readonly bint template


cdef class GrpcPredicate(Predicate):
    cdef int slot


cdef class TlsPredicate(Predicate):
    cdef readonly object presented
    cdef readonly object validated


cdef class CallPredicate(Predicate):
    cdef readonly object call


cdef class NeverPredicate(Predicate):
    pass


cdef inline bint query_value(View *view, const char *name, Py_ssize_t size, Slice *out) noexcept nogil:
    """The raw value of the first parameter `name` (RM-40)."""
    cdef const char *at = view.target.data + view.path_size
    cdef const char *end = view.target.data + view.target.size
    cdef const char *stop
    cdef const char *equals
    while at < end:
        at += 1                             # behind "?" or "&"
        stop = <const char *>memchr(at, c"&", <size_t>(end - at)) if at < end else end
        if stop == NULL:
            stop = end
        equals = <const char *>memchr(at, c"=", <size_t>(stop - at)) if at < stop else stop
        if equals == NULL:
            equals = stop
        if equals - at == size and memcmp(at, name, <size_t>size) == 0:
            out.data = equals + 1 if equals < stop else stop
            out.size = stop - out.data
            return True
        at = stop
    return False

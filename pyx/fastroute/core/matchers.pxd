"""Layout of matcher trees: from a request to the number of a list of routes."""

from libc.stdint cimport int32_t

from fastroute.core.headers cimport HeaderNames, View
from fastroute.core.strings cimport StringMatcher


cdef class Input:
    cdef readonly bytes header       # the request header, or None
    cdef readonly str key            # the filter state's key, or None
    cdef int slot

    cdef int bind(self, HeaderNames names) except -1
    cdef bytes read(self, View *view)


cdef class TreePredicate:
    cdef int code                    # single, or, and, not
    cdef readonly Input input
    cdef readonly StringMatcher matcher
    cdef readonly object call        # a custom matcher: bytes -> bool
    cdef readonly tuple parts

    cdef int bind(self, HeaderNames names) except -1
    cdef int holds(self, View *view) except -1
    cdef int some_hold(self, View *view) except -1


cdef class TreeNode:
    cdef readonly object action      # number of a list of routes, or None: this node is a matcher
    cdef readonly tuple entries      # matcher list: pairs of predicate and node
    cdef readonly Input input        # of a map
    cdef readonly dict exact         # exact map: text -> node
    cdef readonly dict prefixes      # prefix map: text -> node
    cdef readonly list lengths       # of its texts, longest first
    cdef readonly object candidates  # custom map: bytes -> iterable of nodes, in the order to ask
    cdef readonly TreeNode otherwise

    cdef int bind(self, HeaderNames names) except -1
    cdef int bind_all(self, HeaderNames names) except -1
    cdef int32_t evaluate(self, View *view) except -2
    cdef int32_t matched(self, View *view) except -2
    cdef int32_t from_map(self, View *view) except -2

# cython: boundscheck=True, nonecheck=True
"""Matcher trees of virtual hosts (`xds.type.matcher.v3.Matcher`).

FC-21  Custom maps bring their entries in the order in which they are asked.
FC-22  matcher_list: the first entry whose predicate holds and whose node yields an action; one that yields none
       lets the list go on. exact_match_map: the hit, or else on_no_match. prefix_match_map: the longest
       prefix that yields an action. At the end on_no_match; a nested matcher's own counts as its result.
FC-23  A predicate on an absent input is false; a map with one goes to on_no_match.
VH-13  The lines of a header input are joined with ",".
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport INT32_MAX, int32_t

from fastroute.core.decision cimport Decision
from fastroute.core.headers cimport UNBOUND, HeaderNames, View, bound, first_line, next_line
from fastroute.core.recursion cimport enter, leave
from fastroute.core.slices cimport Slice
from fastroute.core.strings cimport StringMatcher

cdef enum:
    SINGLE
    ANY
    ALL
    NOT
    NOTHING = -1

cdef const char *DEEP = b" in a matcher tree"
cdef dict CODES = {"single": SINGLE, "or": ANY, "and": ALL, "not": NOT}


@cython.final
cdef class Input:
    """See the stub."""

    def __cinit__(self, *, bytes header=None, str key=None):
        if (header is None) == (key is None):
            raise ValueError("an input is a header or an object of the filter state")
        self.header = None if header is None else header.lower()
        self.slot = UNBOUND
        self.key = key

    cdef int bind(self, HeaderNames names) except -1:
        if self.header is not None:
            self.slot = bound(self.slot, names.number(self.header))
        return 0

    cdef bytes read(self, View *view):
        """The value, or None when it is absent."""
        cdef Slice text
        cdef int32_t cursor
        cdef bytes value
        if self.header is None:
            found = (<Decision>view.decision).filter_state.get(self.key)
            return None if found is None else found.encode("utf-8")
        if not first_line(view, self.slot, &text, &cursor):
            return None
        value = text.data[:text.size]
        while next_line(view, &text, &cursor):
            value = value + b"," + text.data[:text.size]
        return value


@cython.final
cdef class TreePredicate:
    """See the stub."""

    def __cinit__(self, str kind not None, *, Input input=None, StringMatcher matcher=None, call=None, tuple parts=()):
        self.code = CODES[kind]
        self.input = input
        self.matcher = matcher
        self.call = call
        self.parts = parts
        if (self.code == SINGLE) != (input is not None) or (self.code == NOT and len(parts) != 1):
            raise ValueError("a single predicate has an input, a negation one part")

    cdef int bind(self, HeaderNames names) except -1:
        if self.input is not None:
            self.input.bind(names)
        enter(DEEP)
        try:
            for part in self.parts:
                (<TreePredicate?>part).bind(names)
        finally:
            leave()
        return 0

    cdef int holds(self, View *view) except -1:
        cdef bytes value
        if self.code == SINGLE:
            value = self.input.read(view)
            if value is None:
                return 0
            if self.matcher is not None:
                return self.matcher.matches(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
            return bool(self.call(value))
        enter(DEEP)
        try:
            return self.some_hold(view)
        finally:
            leave()

    cdef int some_hold(self, View *view) except -1:
        if self.code == NOT:
            return not (<TreePredicate?>self.parts[0]).holds(view)
        for part in self.parts:
            if (<TreePredicate?>part).holds(view) == (self.code == ANY):
                return self.code == ANY
        return self.code == ALL


@cython.final
@cython.trashcan(True)
cdef class TreeNode:
    """See the stub."""

    def __cinit__(self, *, action=None, tuple entries=(), Input input=None, dict exact=None, dict prefixes=None,
                  candidates=None, TreeNode otherwise=None):
        if action is not None and not 0 <= action <= INT32_MAX:
            raise ValueError(f"an action is the number of a list, not {action}")
        self.action = action
        self.entries = entries
        self.input = input
        self.exact = exact
        self.prefixes = prefixes
        self.lengths = sorted({len(text) for text in prefixes or ()}, reverse=True)
        self.candidates = candidates
        self.otherwise = otherwise

    def children(self):
        nodes = [node for _, node in self.entries] + list((self.exact or {}).values())
        nodes += list((self.prefixes or {}).values()) + list(getattr(self.candidates, "nodes", ()))
        return nodes if self.otherwise is None else [*nodes, self.otherwise]

    cdef int bind(self, HeaderNames names) except -1:
        """Learn where the table keeps the headers that are looked at."""
        enter(DEEP)
        try:
            return self.bind_all(names)
        finally:
            leave()

    cdef int bind_all(self, HeaderNames names) except -1:
        if self.input is not None:
            self.input.bind(names)
        for predicate, _ in self.entries:
            (<TreePredicate?>predicate).bind(names)
        for node in self.children():
            (<TreeNode?>node).bind(names)
        return 0

    cdef int32_t evaluate(self, View *view) except -2:
        """The number of the list of routes that the tree yields, or -1."""
        if self.action is not None:
            return self.action
        enter(DEEP)
        try:
            return self.matched(view)
        finally:
            leave()

    cdef int32_t matched(self, View *view) except -2:
        cdef int32_t found = NOTHING
        if self.input is not None:
            found = self.from_map(view)
        else:
            for predicate, node in self.entries:
                if (<TreePredicate?>predicate).holds(view):
                    found = (<TreeNode?>node).evaluate(view)
                    if found != NOTHING:
                        return found
        if found == NOTHING and self.otherwise is not None:
            return self.otherwise.evaluate(view)
        return found

    cdef int32_t from_map(self, View *view) except -2:
        cdef bytes value = self.input.read(view)
        cdef int32_t found = NOTHING
        if value is None:
            return NOTHING
        if self.exact is not None:
            node = self.exact.get(value)
            return NOTHING if node is None else (<TreeNode?>node).evaluate(view)
        if self.prefixes is not None:
            for length in self.lengths:
                node = self.prefixes.get(value[:length]) if length <= len(value) else None
                if node is not None:
                    found = (<TreeNode?>node).evaluate(view)
                    if found != NOTHING:
                        return found
            return NOTHING
        for node in self.candidates(value):
            found = (<TreeNode?>node).evaluate(view)
            if found != NOTHING:
                return found
        return NOTHING

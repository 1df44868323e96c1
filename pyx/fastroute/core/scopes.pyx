# cython: boundscheck=True, nonecheck=True
"""Scoped routes: which route configuration, by a key made of request headers.

VH-30  Every fragment must yield a string; keys are compared as lists of strings, exactly.
VH-31  The first value of the header counts. With an index: the element at that place, untrimmed; out of range is
       a failure. Without separator the whole value is the only element.
VH-32  With a key: the first element whose text before its separator is the key; what follows is the fragment.
VH-33  Of scopes with one key the last wins.
"""

cimport cython

from fastroute.core.slices cimport text_of


@cython.final
cdef class ScopedRoutes:
    """See the stub."""

    def __cinit__(self, tuple fragments not None, scopes):
        self.fragments = fragments
        self.names = frozenset([fragment[0] for fragment in fragments])
        self.scopes = dict(scopes)

    def key(self, authority, headers):
        cdef list made = []
        cdef bytes value, fragment
        for each in self.fragments:
            value = first_value(each[0], authority, headers)
            fragment = None if value is None else self.extract(each, value)
            if fragment is None:
                return None
            made.append(fragment)
        return tuple(made)

    def find(self, authority, headers, tables):
        key = self.key(authority, headers)
        found = None if key is None else self.scopes.get(key)
        return tables.get(found) if isinstance(found, str) else found

    def is_certain(self, headers not None):
        """Whether the codec hands on the headers that the key is made of as they are."""
        cdef set seen = set()
        cdef bytes name
        for pair in headers.items() if hasattr(headers, "items") else headers:
            name = text_of(pair[0]).lower()
            if name == b"connection" or name in seen or (name in self.names and b"_" in name):
                return False
            if name in self.names:
                seen.add(name)
        return True

    cdef bytes extract(self, tuple fragment, bytes value):
        cdef list elements = value.split(fragment[1]) if fragment[1] else [value]
        if fragment[2] is not None:
            return elements[fragment[2]] if fragment[2] < len(elements) else None
        for element in elements:
            name, _, rest = element.partition(fragment[4])
            if name == fragment[3]:
                return rest
        return None


cdef bytes first_value(bytes name, authority, headers):
    """The first value of a header; of inline headers all lines."""
    if name in (b"host", b":authority"):
        return text_of(authority)
    for pair in headers.items() if hasattr(headers, "items") else headers:
        if text_of(pair[0]).lower() == name:
            return text_of(pair[1]).strip(b" \t")
    return None

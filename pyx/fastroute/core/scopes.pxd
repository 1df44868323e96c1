"""Layout of scoped routes."""


cdef class ScopedRoutes:
    cdef readonly tuple fragments    # how each fragment of the key is made
    cdef frozenset names             # the headers that keys are made of
    cdef readonly dict scopes        # key -> RouteTable, or the name of a route configuration

    cdef bytes extract(self, tuple fragment, bytes value)

"""Layout of the routes of a table: what a decision names, in a few bytes each."""

from cpython.object cimport PyObject
from libc.stdint cimport int32_t, uint32_t

from fastroute.core.arena cimport Arena
from fastroute.core.entries cimport Entry, RouteSpec, Target


cdef struct RouteRow:
    uint32_t name              # offset of its bytes
    uint32_t name_size
    uint32_t host              # number of the virtual host
    uint32_t target            # number of the target
    int32_t index              # place in the list; -1 for one that comes out of a matcher


cdef class RouteRows:
    cdef Arena rows
    cdef Arena names
    cdef list targets
    cdef dict numbers          # while rows are added: target -> its number
    cdef list entries          # by route number: Entry, or None as long as nobody asked
    cdef list hosts            # Entry by number of the virtual host

    cdef bint add(self, RouteSpec route, uint32_t host) except -1
    cdef Entry entry(self, uint32_t number)
    cdef int trim(self) except -1


cdef extern from "Python.h":
    PyObject *borrowed_item "PyList_GET_ITEM" (PyObject *items, Py_ssize_t at) noexcept nogil


cdef inline Target target_of(RouteRows rows, uint32_t number):
    """Where a route sends a request."""
    return <Target>borrowed_item(<PyObject *>rows.targets, (<RouteRow *>rows.rows.data)[number].target)


cdef inline int32_t index_of(RouteRows rows, uint32_t number) noexcept:
    return (<RouteRow *>rows.rows.data)[number].index

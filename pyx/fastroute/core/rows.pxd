"""Layout of the routes of a table: what a decision names, in a few bytes each."""

from cpython.list cimport PyList_GET_ITEM
from libc.stdint cimport int32_t, uint32_t

from fastroute.core.arena cimport Arena
from fastroute.core.entries cimport Entry, RouteSpec, Target


cdef struct RouteRow:
    uint32_t name              # offset of its bytes
    uint32_t name_size
    uint32_t host              # number of the virtual host
    uint32_t target            # number of the target, or NONE
    int32_t index              # place in the list; -1 for one that comes out of a matcher


cdef class RouteRows:
    cdef Arena rows
    cdef Arena names
    cdef list targets
    cdef dict numbers          # while rows are added: target -> its number
    cdef list entries          # by route number: Entry, or None as long as nobody asked

    cdef bint add(self, RouteSpec route, uint32_t host) except -1
    cdef Entry make_entry(self, uint32_t number, list hosts)
    cdef int trim(self) except -1


cdef inline Entry entry_of(RouteRows rows, uint32_t number, list hosts):
    """The entry of a route; `hosts` are those of the virtual hosts."""
    found = <object>PyList_GET_ITEM(rows.entries, number)
    return rows.make_entry(number, hosts) if found is None else <Entry>found

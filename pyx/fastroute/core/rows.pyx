# cython: boundscheck=True, nonecheck=True
"""The routes of a table as rows; the entry of a route is made when somebody first asks a decision for it, and kept.

A large table has few targets, and most of its routes are never asked for. A request reads a row, and no entry:
an entry is an object, whose count of references would be one more line of memory to fetch and to write.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int32_t, uint32_t
from libc.string cimport memcpy

from fastroute.core.arena cimport Arena
from fastroute.core.entries cimport Entry, RouteSpec


@cython.final
cdef class RouteRows:
    """See the stub."""

    def __cinit__(self):
        self.rows = Arena(sizeof(RouteRow))
        self.names = Arena(1)
        self.targets = []
        self.numbers = {}
        self.entries = []
        self.hosts = []

    def __len__(self):
        return self.rows.size

    cdef bint add(self, RouteSpec route, uint32_t host) except -1:
        """A row for a route of a virtual host; whether its target is new here."""
        cdef bytes name = route.name.encode("utf-8")
        cdef uint32_t at = self.rows.add(1), known = <uint32_t>len(self.targets)
        cdef RouteRow row
        row.name_size = <uint32_t>len(name)
        row.name = self.names.add(row.name_size)
        memcpy(self.names.data + row.name, PyBytes_AS_STRING(name), row.name_size)
        row.host = host
        row.index = <int32_t>route.index
        row.target = self.numbers.setdefault(route.target, known)
        if row.target == known:
            self.targets.append(route.target)
        (<RouteRow *>self.rows.data)[at] = row
        self.entries.append(None)
        return row.target == known

    cdef Entry entry(self, uint32_t number):
        cdef RouteRow *row = &(<RouteRow *>self.rows.data)[number]
        cdef Entry host
        found = self.entries[number]
        if found is not None:
            return <Entry>found
        host = <Entry>self.hosts[row.host]
        name = PyUnicode_DecodeUTF8(self.names.data + row.name, row.name_size, NULL)
        target = self.targets[row.target]
        found = self.entries[number] = Entry(name, host.virtual_host, host.route_config, row.index, target)
        return <Entry>found

    cdef int trim(self) except -1:
        """Give back what only adding needs; what is added later is compared with nothing before it."""
        self.numbers = {}
        self.rows.trim()
        return self.names.trim()

"""Layout of a route table."""

from libc.stdint cimport uint32_t

from fastroute.core.arena cimport Arena
from fastroute.core.candidates cimport CandidateLists
from fastroute.core.domains cimport DomainIndex
from fastroute.core.entries cimport Entry, RouteSpec, Target
from fastroute.core.headers cimport HeaderNames
from fastroute.core.paths cimport PathIndex, Terminal
from fastroute.core.rows cimport RouteRows


cdef enum:
    ENDING = 64                # bytes of an expression's end that are looked at


cdef struct HostRow:           # one virtual host
    uint32_t routes            # its list of routes; NONE where a matcher tree chooses among several
    int require_tls


cdef struct ListRow:           # one list of routes
    uint32_t root              # tree over the paths, or NONE
    uint32_t folded            # tree over the lower-case paths of routes without case, or NONE
    uint32_t endings           # tree over the last bytes of expressions, each backwards, or NONE
    uint32_t pathless          # routes that need no path (connect_matcher): a list of candidates, or NONE


cdef struct Place:             # where a virtual host of a revised table is
    uint32_t part              # number of the part; NONE: there is no such virtual host any more
    uint32_t host              # its number there


cdef class RouteTable:
    cdef readonly str name
    cdef DomainIndex domains
    cdef PathIndex paths
    cdef CandidateLists candidates
    cdef HeaderNames names
    cdef Arena hosts
    cdef Arena lists
    cdef RouteRows rows        # by route number
    cdef list predicates       # tuple of Predicate by route number
    cdef list unrouted         # Entry by virtual host: no route of it matched
    cdef list firsts           # number of the first route by virtual host
    cdef Arena places          # of a revised table: Place by virtual host; None otherwise
    cdef list parts            # of a revised table: the tables that hold its virtual hosts
    cdef list free             # of a revised table: numbers that no virtual host has
    cdef Py_ssize_t count      # of routes
    cdef Entry unhosted        # no virtual host has the authority
    cdef readonly bint ignore_port
    cdef readonly bint ignore_parameters
    cdef readonly bytes vhost_header
    cdef int vhost_slot
    cdef readonly tuple internal_only_headers
    cdef dict trees            # number of a virtual host -> its matcher tree
    cdef bint inspects         # routes look at headers
    cdef bint managed          # and at some that connection managers change

    cdef int build_host(self, spec) except -1
    cdef int finish(self) except -1
    cdef Py_ssize_t routes_of(self, uint32_t number) except -1
    cdef DomainIndex revised_domains(self, object gone, object fresh, list numbers)
    cdef int keep_places(self, RouteTable before, list gone, list numbers) except -1
    cdef list used_parts(self, list parts, uint32_t known)
    cdef RouteTable part(self)
    cdef uint32_t build_list(self, routes, uint32_t host) except? 0xFFFFFFFF
    cdef int add_route(self, RouteSpec route, uint32_t host) except -1
    cdef uint32_t build_tree(self, dict by_text, uint32_t base, bytearray hows) except? 0xFFFFFFFF
    cdef int fill_terminal(self, Terminal *terminal, list numbers, uint32_t base, bytearray hows) except -1
    cdef int trim(self) except -1
    cdef int bind_target(self, Target target) except -1

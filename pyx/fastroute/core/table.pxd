"""Layout of a route table, and the one function that the engine calls.

    table.decide(authority, path, method, headers, scheme, random, context, manager, clusters)

`authority`, `method`, `scheme`: str or bytes; `path`: str, bytes, or None for CONNECT.
`headers`: a list or tuple of pairs (str or bytes), a mapping, or any iterable of pairs; None for no headers.
`random`: an int, a callable that returns one (called once at most, and only when the decision depends on it),
or None when none can be given (then such a decision raises ValueError).
`context`: a `core.request.Context` with what is known of the connection, or None.
`manager`: the HTTP connection manager's options; None for Envoy's defaults.
`clusters`: the live clusters: name -> the embedder's object (None when none is bound), which becomes
`Decision.value`; None when every cluster name is taken to exist.

Raises TypeError and ValueError for values that are no request; everything else is a Decision.
"""

from libc.stdint cimport uint32_t

from fastroute.core.arena cimport Arena
from fastroute.core.candidates cimport CandidateLists, Runs
from fastroute.core.decision cimport Decision
from fastroute.core.domains cimport DomainIndex
from fastroute.core.entries cimport Entry, RouteSpec, Target
from fastroute.core.hcm cimport HttpManager
from fastroute.core.headers cimport HeaderNames, View
from fastroute.core.paths cimport Found, PathIndex, Terminal
from fastroute.core.request cimport Context
from fastroute.core.rows cimport RouteRows


cdef struct HostRow:           # one virtual host
    uint32_t routes            # its list of routes; NONE where a matcher tree chooses among several
    int require_tls


cdef struct ListRow:           # one list of routes
    uint32_t root              # tree over the paths, or NONE
    uint32_t folded            # tree over the lower-case paths of routes without case, or NONE
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

    cdef Decision decide(self, object authority, object path, object method, object headers, object scheme,
                         object random, Context context, HttpManager manager, dict clusters)
    cdef inline int routed(self, View *view, Decision decision, HttpManager manager, dict clusters) except -1
    cdef int process(self, View *view, Decision decision) except -1
    cdef int rescan(self, View *view, list headers) except -1
    cdef int answer_grpc(self, View *view, Decision decision) except -1
    cdef inline uint32_t find_host(self, View *view) noexcept
    cdef inline int check_tls(self, View *view, Decision decision, HostRow *row, HttpManager manager) except -1
    cdef inline uint32_t choose(self, View *view, uint32_t host, HostRow *row) except? 0xFFFFFFFE
    cdef int strip_parameters(self, View *view, Decision decision) except -1
    cdef inline uint32_t find_route(self, View *view, ListRow *routes) except? 0xFFFFFFFE
    cdef uint32_t resolve(self, View *view, Found *found) except? 0xFFFFFFFE
    cdef int walk_folded(self, View *view, uint32_t root, Found *found) except -1
    cdef bint holds(self, uint32_t number, View *view) except -1
    cdef inline int conclude(self, View *view, Decision decision, dict clusters) except -1
    cdef Target fallen_on(self, View *view, Decision decision, Target target)
    cdef Target weighted(self, View *view, Decision decision, Target target)
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

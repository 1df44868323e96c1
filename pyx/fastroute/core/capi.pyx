# cython: boundscheck=True, nonecheck=True
"""The C API's functions and their capsule: see `fastroute/capi.h`.

`find` answers where nothing but authority and path decides, without the GIL and without an object: the same steps
as a table's own, in the same order, that end in ASK at the first one that would look at anything else.
"""

from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport uint32_t, uint64_t

from fastroute.capi cimport (
    FASTROUTE_API_CAPSULE, FASTROUTE_API_VERSION, FASTROUTE_ASK, FASTROUTE_FOUND, FASTROUTE_NO_ROUTE, fastroute_api,
    fastroute_found,
)
from fastroute.core.arena cimport NONE
from fastroute.core.domains cimport host_for
from fastroute.core.engine cimport Engine
from fastroute.core.entries cimport FORWARD, Target
from fastroute.core.normalise cimport port_start
from fastroute.core.paths cimport Found, descend, found_init
from fastroute.core.request_line cimport line_host, line_target
from fastroute.core.rows cimport borrowed_item, target_of
from fastroute.core.slices cimport Slice, view
from fastroute.core.table cimport HostRow, ListRow, Place, RouteTable

cdef extern from "Python.h":
    Py_ssize_t size_of_bytes "PyBytes_GET_SIZE" (PyObject *text) noexcept nogil

ctypedef int (*find_t)(PyObject *table, const char *authority, Py_ssize_t authority_size, const char *target,
                       Py_ssize_t target_size, fastroute_found *found) noexcept nogil
ctypedef int (*in_part_t)(PyObject *part, uint32_t host, const char *path, Py_ssize_t size,
                          uint32_t *route) noexcept nogil

cdef enum:
    ROOM = 256
    MAX_TARGET = 32768         # longer ones may exceed the limit on a request's bytes


cdef int find(RouteTable table, const char *authority, Py_ssize_t authority_size, const char *target,
              Py_ssize_t target_size, fastroute_found *found) noexcept nogil:
    cdef char[ROOM] host
    cdef Py_ssize_t query = -1, colon
    cdef uint32_t number
    cdef PyObject *part = <PyObject *>table
    found.part = found.route = 0
    if target_size == 0 or target_size > MAX_TARGET or target[0] != c"/" or authority_size > ROOM:
        return FASTROUTE_ASK
    if line_target(target, target_size, False, &query) or not line_host(authority, authority_size, host):
        return FASTROUTE_ASK
    if table.ignore_parameters or size_of_bytes(<PyObject *>table.vhost_header):
        return FASTROUTE_ASK
    if table.ignore_port:
        colon = port_start(host, authority_size)
        authority_size = authority_size if colon < 0 else colon
    number = table.domains.any_host if table.domains.only_any else host_for(table.domains, host, authority_size)
    if number == NONE:
        return FASTROUTE_NO_ROUTE
    if table.places is not None:
        found.part = (<Place *>table.places.data)[number].part
        number = (<Place *>table.places.data)[number].host
        part = borrowed_item(<PyObject *>table.parts, found.part)
    return (<in_part_t>in_part)(part, number, target, target_size if query < 0 else query, &found.route)


cdef int in_part(RouteTable part, uint32_t host, const char *path, Py_ssize_t size, uint32_t *route) noexcept nogil:
    """The route of one virtual host, whose number is that of the part it was compiled into."""
    cdef HostRow *row = &(<HostRow *>part.hosts.data)[host]
    cdef ListRow *routes
    cdef Found found
    if row.routes == NONE or row.require_tls:
        return FASTROUTE_ASK
    routes = &(<ListRow *>part.lists.data)[row.routes]
    if routes.folded != NONE or routes.endings != NONE:
        return FASTROUTE_ASK
    found_init(&found)
    found.whether = True
    descend(part.paths, routes.root, path, size, &found)
    if found.count:
        return FASTROUTE_ASK
    route[0] = found.sure
    return FASTROUTE_NO_ROUTE if found.sure == NONE else FASTROUTE_FOUND


cdef RouteTable part_of(RouteTable table, uint32_t part):
    return table if table.places is None else <RouteTable>table.parts[part]


cdef int cluster(RouteTable table, const fastroute_found *found, const char **text, Py_ssize_t *size) except -1:
    cdef RouteTable part = part_of(table, found.part)
    cdef Target target = target_of(part.rows, found.route)
    cdef Slice name
    if target.code != FORWARD or not target.cluster:
        return 1
    view(target.cluster, &name)
    text[0], size[0] = name.data, name.size
    return 0


cdef int cluster_or_none(PyObject *table, const fastroute_found *found, const char **text, Py_ssize_t *size) noexcept:
    """What C is told: 0 or -1, and no exception is left behind."""
    try:
        return -1 if cluster(<RouteTable>table, found, text, size) else 0
    except (MemoryError, UnicodeError):
        return -1


cdef object table_of(PyObject *router, PyObject *name):
    cdef Engine engine = <Engine?><object>router
    if name == NULL:
        if engine.tables.single is None:
            raise LookupError("say which route configuration: there is not exactly one")
        return engine.tables.single
    return engine.tables.routes[<object>name]


cdef object route(PyObject *router, PyObject *authority, PyObject *path, PyObject *method, PyObject *headers):
    return (<object>router).route(
        <object>authority, <object>path, <object>method, () if headers == NULL else <object>headers
    )


cdef object pick(PyObject *router, PyObject *target, uint64_t hash, int has_hash):
    return (<object>router).pick(<object>target, hash=hash if has_hash else None)


cdef fastroute_api API
API.version = FASTROUTE_API_VERSION
API.size = sizeof(fastroute_api)
API.table = <PyObject *(*)(PyObject *, PyObject *) noexcept>table_of
API.find = <find_t>find
API.cluster = cluster_or_none
API.route = <PyObject *(*)(PyObject *, PyObject *, PyObject *, PyObject *, PyObject *) noexcept>route
API.pick = <PyObject *(*)(PyObject *, PyObject *, uint64_t, int) noexcept>pick

_v1 = PyCapsule_New(&API, FASTROUTE_API_CAPSULE, NULL)


def repeat_find(RouteTable table not None, bytes authority not None, list paths not None, int rounds,
                bint bare=False):
    """See the stub."""
    cdef Found found
    cdef fastroute_found answer
    cdef uint32_t root = NONE
    cdef Slice text, host
    cdef uint64_t total = 0
    cdef int _
    if bare:
        if table.lists.size == 0 or table.hosts.size == 0 or (<HostRow *>table.hosts.data).routes == NONE:
            raise ValueError("a bare descent needs a table whose first virtual host has a list of routes")
        root = (<ListRow *>table.lists.data)[(<HostRow *>table.hosts.data).routes].root
    view(authority, &host)
    for _ in range(rounds):
        for path in paths:
            view(path, &text)
            if bare:
                found_init(&found)
                found.whether = True
                descend(table.paths, root, text.data, text.size, &found)
                total += found.sure
            else:
                API.find(<PyObject *>table, host.data, host.size, text.data, text.size, &answer)
                total += answer.route
    return total

# cython: binding=False, embedsignature=True, embedsignature.format=clinic, boundscheck=True, nonecheck=True
"""The calls of the hot path, `connect`, `route` and `pick`, over the tables of one snapshot.

A call reads the pointer to the tables once and stays with them: whoever swaps the snapshot meanwhile
changes what later calls see, never what this one does.
"""

cimport cython
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_SIZE
from libc.stdint cimport uint64_t

from fastroute.core.chain cimport Chain
from fastroute.core.clusters cimport Cluster
from fastroute.core.deciding cimport decide
from fastroute.core.decision cimport Decision
from fastroute.core.entries cimport LiveClusters
from fastroute.core.filter_chains cimport ListenerTable
from fastroute.core.hcm cimport HttpManager
from fastroute.core.request cimport Context
from fastroute.core.table cimport RouteTable

# Policies that never look at a hash: for them the route's hash is not even computed.
cdef frozenset HASHLESS = frozenset(["round_robin", "least_request", "random", "original_dst"])
cdef RouteTable NO_ROUTES = RouteTable("", ())
cdef ListenerTable NO_LISTENERS = ListenerTable(())


@cython.final
cdef class Tables:
    """See the stub."""

    def __cinit__(self, dict routes not None, dict clusters not None, dict values, marks=None,
                  ListenerTable listeners=None, bint any_name=False):
        self.listeners = NO_LISTENERS if listeners is None else listeners
        self.marks = marks
        self.routes = routes
        self.clusters = clusters
        self.values = values
        self.live = LiveClusters(values, any_name)
        self.single = next(iter(routes.values())) if len(routes) == 1 else None


cdef Tables NO_TABLES = Tables({}, {}, None)


cdef class Engine:
    """Routes requests and picks endpoints; `Router` adds what is not on the hot path.

    `random` gives 64-bit values to the calls that are given none.
    """

    def __cinit__(self, *given, **named):
        self.tables = NO_TABLES

    def __init__(self, Tables tables not None, random not None):
        self.tables = tables
        self.random = random

    def exchange(self, Tables tables not None):
        """Put other tables in force for all later calls; returns the old ones."""
        cdef Tables old = self.tables
        self.tables = tables
        return old

    def connect(self, connection):
        """The filter chain for a connection: once per connection, then `route(…, chain=chain)`.

        None when no listener takes connections to that address. A chain of kind `closed` says why in
        its `reason`.
        """
        cdef Tables tables = self.tables
        cdef Chain chain = tables.listeners.accept(connection, self.random)
        if chain is not None and tables.marks is not None:
            chain.marks = tables.marks
        return chain

    def route(self, authority, path, method=b"GET", headers=(), *, scheme=b"http", Chain chain=None, route_config=None,
              random=None, connection=None, dynamic_metadata=None, filter_state=None):
        """What Envoy does with this request. Always a decision: no route is a 404 decision.

        `authority` is the Host header, `path` the raw request target with its query, None for CONNECT.
        `chain` (from `Router.connect`) gives the HTTP connection manager and what is known of the
        connection; otherwise `route_config` names a route configuration, which may be left out when
        there is only one, and the manager has Envoy's defaults. `random` is the stream's 64-bit random
        value or where it comes from; the router's source otherwise, asked only when the decision
        depends on it. `dynamic_metadata` and `filter_state` are what earlier filters left.
        Raises LookupError for a route configuration that is not there, TypeError and ValueError for
        values that no request can have.
        """
        cdef Tables tables = self.tables
        cdef RouteTable table
        cdef HttpManager manager = None
        cdef Context context = None
        cdef Decision decision
        cdef bint scoped = False
        if chain is not None:
            if chain.kind != "http":
                raise ValueError(f"no HTTP on this connection: its chain is of kind {chain.kind}")
            manager = chain.manager
            table = manager.route_table
            if table is None:
                if manager.scopes is None:
                    table = tables.routes.get(manager.route_config_name, NO_ROUTES)
                else:
                    if type(headers) is not list and type(headers) is not tuple and not hasattr(headers, "items"):
                        headers = list(headers)
                    found = manager.scopes.find(authority, headers, tables.routes)
                    table = NO_ROUTES if found is None else found
                    scoped = True
            context = chain.surroundings
            if context is None:
                context = chain.surroundings = context_of(chain, None, None)
        else:
            table = named_table(tables, route_config)
        if dynamic_metadata is not None or filter_state is not None:
            context = context_of(connection if chain is None else chain, dynamic_metadata, filter_state)
        elif connection is not None and context is None:
            context = context_of(connection, None, None)
        decision = decide(table, tables.live, authority, path, method, headers, scheme,
                          self.random if random is None else random, context, manager)
        if scoped:
            other = rescoped(table, tables, manager, decision, authority, headers)
            if other is not table:
                decision = decide(other, tables.live, authority, path, method, headers, scheme,
                                  self.random if random is None else random, context, manager)
        if tables.marks is not None:
            decision.more().marks = tables.marks
            decision.more().chain = chain
        return decision

    def pick(self, target, *, hash=None, skip=None, random=None, context=None):
        """The endpoint for one request, or None where Envoy would answer 503 (no healthy upstream).

        `target` is a decision, a TCP chain or the name of a cluster. `hash` replaces the hash of the
        decision's hash policies; `skip` holds endpoints to avoid. Raises LookupError for an unknown
        cluster, ValueError for a decision that goes to none.
        """
        return self.picked(target, hash, skip, self.random if random is None else random, context)

    cdef object picked(self, object target, object given, object skip, object random, object context):
        cdef Tables tables = self.tables
        cdef Cluster cluster
        cdef Decision decision
        cdef uint64_t number = 0
        if type(target) is Decision:
            decision = <Decision>target
            if decision.cluster is None:
                raise ValueError(f"this decision goes to no cluster: it is of kind {decision.kind}")
            cluster = self.cluster_of(tables, decision.cluster)
            if context is None:
                context = decision
            if given is None and cluster.policy.kind not in HASHLESS:
                given = decision.hash
        elif type(target) is Chain:
            if (<Chain>target).cluster is None:
                raise ValueError(f"this chain goes to no cluster: it is of kind {(<Chain>target).kind}")
            cluster = self.cluster_of(tables, (<Chain>target).cluster)
            if context is None:
                context = target
            if given is None:
                given = target.hash
        else:
            cluster = self.cluster_of(tables, target)
        if given is not None:
            number = given
        if skip is not None and not skip:
            skip = None
        return cluster.choose(number, given is not None, random, skip, context)

    cdef Cluster cluster_of(self, Tables tables, str name):
        found = tables.clusters.get(name)
        if found is None:
            raise LookupError(f"no cluster {name!r} in this snapshot")
        return <Cluster?>found


cdef RouteTable rescoped(RouteTable table, Tables tables, HttpManager manager, Decision decision, object authority,
                         object headers):
    """VH-34: the table of the scope by the headers that the codec handed over, and still by those that routes see."""
    if decision.reason is not None and decision.reason.startswith("http1."):
        return table
    if not manager.scopes.is_certain(headers):
        found = manager.scopes.find(authority, decision.received_headers(), tables.routes)
        table = NO_ROUTES if found is None else found
    if table.internal_only_headers and manager.scopes.key(authority, decision.processed_headers()) is None:
        return NO_ROUTES
    return table


cdef RouteTable named_table(Tables tables, object route_config):
    """The route configuration that a call names, or the only one."""
    if route_config is not None:
        found = tables.routes.get(route_config)
        if found is None:
            raise LookupError(f"no route configuration {route_config!r}; there are: {listed(tables.routes)}")
        return <RouteTable?>found
    if tables.single is None:
        if not tables.routes:
            raise LookupError("no route configuration stands by itself: give a connection's chain (connect)")
        raise LookupError(f"say which route_config, or give a chain; there are: {listed(tables.routes)}")
    return tables.single


cdef Context context_of(object connection, object dynamic_metadata, object filter_state):
    """What surrounds a request on `connection`: a Chain, a fastroute.request.Connection, or None."""
    if connection is None:
        return Context(dynamic_metadata=dynamic_metadata, filter_state=filter_state)
    restored = connection.original_destination if type(connection) is Chain else redirected(connection)
    tls = connection.tls
    return Context(
        source=connection.source,
        direct_source=connection.direct_source,
        destination=connection.destination,
        restored=restored,
        tls=tls is not None or connection.transport_protocol == "tls",
        presented=tls is not None and tls.presented,
        validated=tls is not None and tls.validated,
        dynamic_metadata=dynamic_metadata,
        filter_state=filter_state,
        server_name=connection.server_name or "",
        certificate=tls,
        local_address=connection.local_address,
    )


cdef object redirected(object connection):
    """The original destination of a connection that another address accepted."""
    accepted = connection.accepted
    return None if accepted is None or accepted == connection.destination else connection.destination


cdef str listed(dict names):
    shown = sorted(names)
    more = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    return (", ".join(repr(name) for name in shown[:10]) or "none") + more


# PERF: `route` takes eleven parameters, and telling them apart costs more than a look-up. Nearly every call gives two
# to four of them by place and asks the only route configuration: those go straight to the table. So with `pick`.

cdef extern from "Python.h":
    ctypedef struct PyMethodDef:
        void *ml_meth

    ctypedef struct PyMethodDescrObject:
        PyMethodDef *d_method

    PyObject *PyTuple_GET_ITEM(object items, Py_ssize_t at) noexcept

ctypedef object (*call_t)(PyObject *self, PyObject **given, Py_ssize_t count, PyObject *names)

# The same function, as it takes what the caller holds anyway, without a reference for each.
ctypedef object (*decide_t)(PyObject *table, PyObject *clusters, PyObject *authority, PyObject *path, PyObject *method,
                            PyObject *headers, PyObject *scheme, PyObject *random, PyObject *context,
                            PyObject *manager)

cdef call_t whole_call, whole_pick
cdef object GET = b"GET"
cdef object HTTP = b"http"
cdef object NOTHING = ()
cdef object HASH = "hash"          # as the names of parameters are: there is one object of each


cdef object short_call(PyObject *self, PyObject **given, Py_ssize_t count, PyObject *names):
    cdef Tables tables = (<Engine>self).tables
    if names != NULL or not 2 <= count <= 4 or tables.single is None or tables.marks is not None:
        return whole_call(self, given, count, names)
    return (<decide_t>decide)(
        <PyObject *>tables.single, <PyObject *>tables.live, given[0], given[1],
        given[2] if count > 2 else <PyObject *>GET, given[3] if count > 3 else <PyObject *>NOTHING, <PyObject *>HTTP,
        <PyObject *>(<Engine>self).random, <PyObject *>None, <PyObject *>None,
    )


cdef object short_pick(PyObject *self, PyObject **given, Py_ssize_t count, PyObject *names):
    """A pick with a target and no more than a hash, which is nearly every one."""
    cdef bint hashed = names != NULL and PyTuple_GET_SIZE(<object>names) == 1 and (
        PyTuple_GET_ITEM(<object>names, 0) == <PyObject *>HASH)
    if count != 1 or not (hashed or names == NULL):
        return whole_pick(self, given, count, names)
    return (<Engine>self).picked(
        <object>given[0], <object>given[1] if hashed else None, None, (<Engine>self).random, None
    )


cdef call_t replaced(str name, call_t by):
    """Put a function in the place of a method's own, which is returned."""
    cdef PyMethodDef *method = (<PyMethodDescrObject *>Engine.__dict__[name]).d_method
    cdef call_t before = <call_t>method.ml_meth
    method.ml_meth = <void *>by
    return before


whole_call = replaced("route", short_call)
whole_pick = replaced("pick", short_pick)

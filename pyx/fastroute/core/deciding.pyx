"""From a request to a decision: the first route of a table that matches, and what its target does.

VH-02  `ignore_port_in_host_matching` cuts the port off the key only.
VH-10  A virtual host that matches and has no matching route is the end: 404, never a less specific one.
VH-11  Without x-forwarded-proto there is no route; `require_tls` answers with a redirect before any route.
VH-15  A request without a path can only take routes that need none.
RM-01  A route matches when its path and all its predicates do; the first in list order wins.
RA-03, RA-04, RA-06, RA-10, RA-11  clusters named by a header or a matcher, unknown clusters, weighted clusters.

A call reads the table, which nothing changes; what it finds is the caller's alone.
"""

from cpython.object cimport PyObject
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr

from fastroute.core.arena cimport NONE
from fastroute.core.candidates cimport Runs, next_candidate, runs_init
from fastroute.core.codec cimport first_of
from fastroute.core.decision cimport Decision
from fastroute.core.decision_pool cimport DECISION_GIVEN, made_with, use_pool
from fastroute.core.domains cimport host_for
from fastroute.core.entries cimport (
    CLUSTER_HEADER, FORWARD, NO_CLUSTER, REDIRECT, WEIGHTED, Entry, LiveClusters, Target,
)
from fastroute.core.hcm cimport HttpManager, answer, is_connect, is_grpc
from fastroute.core.headers cimport (
    FORWARDED_PROTO, UPGRADE, HeaderNames, View, close_view, first_line, may_be_grpc, next_line, open_view,
    scan_headers,
)
from fastroute.core.matchers cimport TreeNode
from fastroute.core.normalise cimport port_start, without_parameters
from fastroute.core.paths cimport Found, descend, found_init
from fastroute.core.predicates cimport Predicate
from fastroute.core.preparing cimport prepare
from fastroute.core.request cimport Context
from fastroute.core.rows cimport target_of
from fastroute.core.slices cimport Slice, lower, text_of, view as view_of
from fastroute.core.table cimport ENDING, HostRow, ListRow, Place, RouteTable

cdef HttpManager DEFAULT = HttpManager()
cdef Entry NOWHERE = Entry()

use_pool(Decision)


def route(RouteTable table not None, authority, path, method="GET", headers=(), *, scheme="http", random=None,
          Context context=None, HttpManager manager=None, dict clusters=None):
    """See the stub."""
    return decide(table, LiveClusters(clusters), authority, path, method, headers, scheme, random, context, manager)


cdef Decision decide(RouteTable table, LiveClusters clusters, object authority, object path, object method,
                     object headers, object scheme, object random, Context context, HttpManager manager):
    if type(headers) is not list and type(headers) is not tuple and type(headers) is not dict:
        return decide(table, clusters, authority, path, method, collected(headers), scheme, random, context, manager)
    return decided(table, clusters, authority, path, method, headers, scheme, random, context,
                   DEFAULT if manager is None else manager)


cdef inline Decision decided(RouteTable table, LiveClusters clusters, object authority, object path, object method,
                             object headers, object scheme, object random, Context context, HttpManager manager):
    cdef PyObject *given[DECISION_GIVEN]
    cdef HeaderNames names = table.names
    cdef Decision decision
    cdef View view
    see_request(&view, authority, path, method, scheme)
    given[:] = [
        <PyObject *>authority, <PyObject *>path, <PyObject *>method, <PyObject *>scheme, <PyObject *>headers,
        <PyObject *>random, <PyObject *>context, <PyObject *>manager, <PyObject *>table,
    ]
    decision = made_with(given)
    view.decision = <PyObject *>decision
    if context is not None and context.http2:
        decision.more().scheme_given = text_of(scheme)
    open_view(names, &view)
    try:
        scan_headers(names, &view, headers)
        conduct(table, &view, decision, manager, clusters)
    finally:
        close_view(&view)
    return decision


cdef inline int see_request(View *view, object authority, object path, object method, object scheme) except -1:
    """The texts of the request line."""
    view.unusual = 0
    view.lowered = view.measured = view.processed = False
    view.authority.size = 0
    if authority is not None:
        view_of(authority, &view.authority)
    view_of(method, &view.method)
    view_of(scheme, &view.scheme)
    view.has_path = path is not None
    view.target.size = view.path.size = view.path_size = 0
    if view.has_path:
        view_of(path, &view.target)
    return 0


cdef inline int conduct(RouteTable table, View *view, Decision decision, HttpManager manager,
                        LiveClusters clusters) except -1:
    if prepare(manager, view, decision):
        # The codec answers before anybody asks for a route configuration.
        early = decision.status != 403 and decision.reason.startswith("http1.")
        decision.named_by = NOWHERE if early else table.unhosted
    else:
        if decision.further is not None and decision.further.headers_received is not None:
            rescan(table, view, decision.further.headers_received)
        find_route(table, view, decision, manager, clusters)
        if manager.access is not None and decision.reason != "upgrade_failed":
            manager.check_access(decision)
    if decision.status and not decision.reason.startswith("http"):
        answer_grpc(view, decision)
    return 0


cdef inline int find_route(RouteTable table, View *view, Decision decision, HttpManager manager,
                           LiveClusters clusters) except -1:
    """Choose virtual host, route and target."""
    cdef uint32_t host, number
    cdef HostRow *row
    cdef RouteTable part = table
    if table.managed or (table.inspects and manager.rewrites_any_header):
        process(table, view, decision)
    host = find_host(table, view)
    if host == NONE:
        decision.named_by = table.unhosted
        return answer(decision, "respond", 404, "route_not_found")
    if table.places is not None:
        part = <RouteTable>table.parts[(<Place *>table.places.data)[host].part]
        host = (<Place *>table.places.data)[host].host
    decision.named_by = part.rows
    decision.host = host
    decision.number = NONE
    row = &(<HostRow *>part.hosts.data)[host]
    if (row.require_tls or view.slots[FORWARDED_PROTO].first >= 0) and check_tls(view, decision, row, manager):
        return 1
    if table.ignore_parameters and view.has_path:
        strip_parameters(view, decision)
    number = choose(part, view, host, row)
    if number == NONE:
        return answer(decision, "respond", 404, "route_not_found")
    decision.number = number
    conclude(view, decision, target_of(part.rows, number), clusters)
    if view.slots[UPGRADE].first >= 0 or is_connect(view):
        return manager.check_upgrade(view, decision)
    return 0


cdef int process(RouteTable table, View *view, Decision decision) except -1:
    """Look at the headers as the connection manager hands them on (RM-54)."""
    rescan(table, view, decision.processed_headers())
    view.processed = True
    view_of(decision.further.scheme_processed, &view.scheme)
    return 0


cdef int rescan(RouteTable table, View *view, list headers) except -1:
    close_view(view)
    open_view(table.names, view)
    return scan_headers(table.names, view, headers)


cdef int answer_grpc(View *view, Decision decision) except -1:
    """Envoy's own answer to a gRPC request has the status 200; grpc-status and grpc-message tell its own."""
    if not view.has_path or not (view.processed or may_be_grpc(decision.request_headers_given)):
        return 0
    headers = decision.further.headers_processed if view.processed else decision.received_headers()
    if is_grpc(first_of(headers, b"content-type")):
        decision.more().grpc_answered = decision.status
        decision.status = 200
    return 0


cdef inline uint32_t find_host(RouteTable table, View *view) noexcept:
    cdef Slice host = view.authority
    cdef bint lowered = view.lowered
    cdef int32_t cursor
    cdef Py_ssize_t colon
    if table.domains.only_any:
        return table.domains.any_host
    if lowered:
        host.data = view.host
    if table.vhost_header:
        lowered = False
        if not first_line(view, table.vhost_slot, &host, &cursor):
            return NONE
    if table.ignore_port:
        colon = port_start(host.data, host.size)
        host.size = host.size if colon < 0 else colon
    return host_for(table.domains, host.data, host.size) if lowered else table.domains.find(host.data, host.size)


cdef int check_tls(View *view, Decision decision, HostRow *row, HttpManager manager) except -1:
    """VH-11: x-forwarded-proto must not be empty, and must be https where TLS is required."""
    cdef Slice proto
    cdef int32_t cursor
    if row.require_tls == 0:
        if not first_line(view, FORWARDED_PROTO, &proto, &cursor) or proto.size > 0:
            return 0
    headers = dict(decision.processed_headers())
    told = headers.get(b"x-forwarded-proto", text_of(decision.request_scheme))
    if not told:
        return answer(decision, "respond", 404, "route_not_found")
    if row.require_tls == 0 or told == b"https":
        return 0
    if row.require_tls == 1 and headers.get(b"x-envoy-internal") == b"true":
        return 0
    if manager.check_upgrade(view, decision):
        return 1
    if decision.original_path is not None:
        decision.more().answer_location = b"https://" + decision.original_authority + decision.original_path
    return answer(decision, "redirect", 301, "direct_response")


cdef int strip_parameters(View *view, Decision decision) except -1:
    """RM-12: routes are matched on the path without parameters; templates on the path as it is."""
    cdef bytes path
    if memchr(view.path.data, c";", <size_t>view.path.size) == NULL:
        return 0
    path = without_parameters(view.path.data[:view.path.size])
    decision.more().compared = path
    view_of(path, &view.path)
    return 0


cdef inline uint32_t choose(RouteTable part, View *view, uint32_t host, HostRow *row) except? 0xFFFFFFFE:
    """The route of a virtual host: from its list, or from the one that its matcher tree yields (VH-14)."""
    cdef int32_t action
    cdef uint32_t routes = row.routes
    if routes == NONE:
        tree, base, count = part.trees[host]
        action = (<TreeNode>tree).evaluate(view)
        if action < 0:
            return NONE
        if action >= count:
            raise IndexError(f"the matcher tree yields list {action} of {count} lists of routes")
        routes = base + action
    return first_route(part, view, &(<ListRow *>part.lists.data)[routes])


cdef inline uint32_t first_route(RouteTable part, View *view, ListRow *routes) except? 0xFFFFFFFE:
    """The number of the first route of the list that matches, or NONE."""
    cdef Found found
    found_init(&found)
    try:
        if not view.has_path:
            if routes.pathless == NONE:
                return NONE
            found.lists[0] = routes.pathless
            found.count = 1
        else:
            descend(part.paths, routes.root, view.path.data, view.path.size, &found)
            if routes.folded != NONE:
                descend_folded(part, view, routes.folded, &found)
            if routes.endings != NONE:
                descend_backwards(part, view, routes.endings, &found)
        return found.sure if found.count == 0 else resolve(part, view, &found)
    finally:
        if found.lists != found.small:
            free(found.lists)


cdef int descend_folded(RouteTable part, View *view, uint32_t root, Found *found) except -1:
    cdef char[256] small
    cdef char *folded = small
    cdef Py_ssize_t at
    if view.path.size > 256:
        folded = <char *>malloc(<size_t>view.path.size)
        if folded == NULL:
            raise MemoryError()
    for at in range(view.path.size):
        folded[at] = lower(view.path.data[at])
    try:
        return descend(part.paths, root, folded, view.path.size, found)
    finally:
        if folded != small:
            free(folded)


cdef int descend_backwards(RouteTable part, View *view, uint32_t root, Found *found) except -1:
    """The expressions that the end of the path allows."""
    cdef char[ENDING] backwards
    cdef Py_ssize_t size = min(view.path.size, ENDING), at
    for at in range(size):
        backwards[at] = view.path.data[view.path.size - 1 - at]
    return descend(part.paths, root, backwards, size, found)


cdef uint32_t resolve(RouteTable part, View *view, Found *found) except? 0xFFFFFFFE:
    """Ask the routes of all lists in ascending order, up to the first that holds for certain."""
    cdef Runs runs
    cdef uint32_t number
    cdef Py_ssize_t at
    runs_init(&runs)
    try:
        for at in range(found.count):
            part.candidates.open_runs(found.lists[at], view, &runs)
        while True:
            number = next_candidate(&runs)
            if number >= found.sure:
                return found.sure
            if holds(part, number, view):
                return number
    finally:
        if runs.items != runs.small:
            free(runs.items)


cdef inline bint holds(RouteTable part, uint32_t number, View *view) except -1:
    for predicate in <tuple>part.predicates[number]:
        if not (<Predicate>predicate).holds(view):
            return False
    return True


cdef inline int conclude(View *view, Decision decision, Target target, LiveClusters clusters) except -1:
    """Say what the chosen route's target does."""
    if target.code == FORWARD:
        return forward(decision, target, clusters)
    return conclude_otherwise(view, decision, target, clusters)


cdef inline int forward(Decision decision, Target target, LiveClusters clusters) except -1:
    decision.action = target.action
    if target.asked != clusters.number:
        clusters.find_for(target)
    if target.known is NO_CLUSTER:
        return answer(decision, "respond", target.status, "cluster_not_found")
    decision.kind = "forward"
    decision.cluster = target.cluster
    decision.value = target.known
    return 0


cdef int conclude_otherwise(View *view, Decision decision, Target target, LiveClusters clusters) except -1:
    """The same for a target that does not name one cluster."""
    if target.code >= WEIGHTED:
        target = fallen_on(view, decision, target)
    if target.code == FORWARD:
        return forward(decision, target, clusters)
    decision.action = target.action
    if target.code == CLUSTER_HEADER:
        return forward_by_name(decision, named_cluster(view, target), clusters, target.status)
    if target.code == REDIRECT:
        return answer(decision, "redirect", target.status, "direct_response")
    return answer(decision, "respond", target.status, "undecidable" if target.action is None else "direct_response")


cdef int forward_by_name(Decision decision, str cluster, LiveClusters clusters, int status) except -1:
    known = clusters.find(cluster)
    if known is NO_CLUSTER:
        return answer(decision, "respond", status, "cluster_not_found")
    decision.kind = "forward"
    decision.cluster = cluster
    decision.value = known
    return 0


cdef str named_cluster(View *view, Target target):
    """RA-03: the cluster that a header names; "" names none."""
    cdef Slice text
    cdef int32_t cursor
    found = first_line(view, target.slot, &text, &cursor)
    return text.data[:text.size].decode("utf-8", "replace") if found else ""


cdef Target fallen_on(View *view, Decision decision, Target target):
    """Which of several targets: RA-06 a tree that yields nothing leads to the last, which names no cluster."""
    if target.code == WEIGHTED:
        return weighted(view, decision, target)
    number = target.tree.evaluate(view)
    last = len(target.entries) - 1
    if number > last:
        raise IndexError(f"the matcher tree yields entry {number} of {last + 1}")
    return <Target>target.entries[number if number >= 0 else last]


cdef Target weighted(View *view, Decision decision, Target target):
    """RA-11: the selection value is a header's, the hash policy's, or the stream's random value."""
    cdef Slice text
    cdef int32_t cursor
    cdef uint64_t value
    if target.header and first_line(view, target.slot, &text, &cursor):
        if parse_uint64(text, &value) and not next_line(view, &text, &cursor):
            return target.pick(value)
    if target.use_hash_policy:
        decision.action = (<Target>target.entries[0]).action
        hashed = decision.action.selection_hash(decision)
        if hashed is not None:
            return target.pick(hashed)
    return target.pick(decision.draw())


cdef object collected(object headers):
    """Headers of any other shape as a list of pairs."""
    if headers is None:
        return ()
    if hasattr(headers, "items"):
        return list(headers.items())
    if isinstance(headers, (str, bytes)):
        raise TypeError(f"headers are pairs or a mapping, not {type(headers).__name__}")
    return list(headers)


cdef bint parse_uint64(Slice text, uint64_t *out) noexcept nogil:
    """A decimal uint64 and nothing else but an optional "+" and white space around it."""
    cdef uint64_t number = 0, digit
    cdef Py_ssize_t at
    while text.size and text.data[0] == c" ":
        text.data += 1
        text.size -= 1
    while text.size and text.data[text.size - 1] == c" ":
        text.size -= 1
    if text.size and text.data[0] == c"+":
        text.data += 1
        text.size -= 1
    for at in range(text.size):
        digit = <uint64_t>(<unsigned char>text.data[at]) - c"0"
        if digit > 9 or number > (<uint64_t>0xFFFFFFFFFFFFFFFF - digit) // 10:
            return False
        number = number * 10 + digit
    out[0] = number
    return text.size > 0

"""A route configuration, compiled: from a request to the first route that matches.

VH-02  `ignore_port_in_host_matching` cuts the port off the key only.
VH-10  A virtual host that matches and has no matching route is the end: 404, never a less specific one.
VH-11  Without x-forwarded-proto there is no route; `require_tls` answers with a redirect before any route.
VH-15  A request without a path can only take routes that need none.
RM-01  A route matches when its path and all its predicates do; the first in list order wins.
RA-03, RA-04, RA-06, RA-10, RA-11  clusters named by a header or a matcher, unknown clusters, weighted clusters.

Nothing changes after construction, so any number of threads may decide at once.
"""

cimport cython
from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr

from fastroute.core.arena cimport NONE, Arena
from fastroute.core.candidates cimport CandidateLists, Runs, next_candidate, runs_init
from fastroute.core.decision cimport Decision
from fastroute.core.domains cimport DomainIndex
from fastroute.core.entries cimport CLUSTER_HEADER, REDIRECT, RESPOND, UNMATCHED, WEIGHTED, Entry, RouteSpec, Target
from fastroute.core.hcm cimport HttpManager, answer, is_grpc
from fastroute.core.codec cimport first_of
from fastroute.core.headers cimport (
    FORWARDED_PROTO, OWN_SLOTS, HeaderNames, View, close_view, first_line, may_be_grpc, next_line,
)
from fastroute.core.matchers cimport TreeNode
from fastroute.core.normalise cimport port_start, without_parameters
from fastroute.core.paths cimport EXACT, HOWS, PREFIX, SEPARATED, Found, PathIndex, Terminal, found_init
from fastroute.core.predicates cimport Predicate
from fastroute.core.request cimport Context
from fastroute.core.rows cimport RouteRows
from fastroute.core.slices cimport Slice, lower, text_of, view as view_of

cdef dict HOW = {"prefix": PREFIX, "path": EXACT, "path_separated_prefix": SEPARATED}
cdef dict TLS = {"none": 0, "external_only": 1, "all": 2}
cdef HttpManager DEFAULT = HttpManager()
cdef Entry NOWHERE = Entry()


@cython.final
cdef class RouteTable:
    """See the stub."""

    def __cinit__(self, str name, virtual_hosts, *, bint ignore_port=False, bint ignore_parameters=False,
                  bytes vhost_header=b"", tuple internal_only_headers=()):
        cdef list domains = []
        self.name = name
        self.ignore_port = ignore_port
        self.ignore_parameters = ignore_parameters
        self.vhost_header = vhost_header.lower()
        self.internal_only_headers = tuple([text.lower() for text in internal_only_headers])
        self.trees = {}
        self.paths = PathIndex()
        self.candidates = CandidateLists()
        self.names = HeaderNames()
        self.hosts = Arena(sizeof(HostRow))
        self.lists = Arena(sizeof(ListRow))
        self.rows = RouteRows()
        self.predicates = []
        self.unrouted = []
        self.firsts = []
        self.places = None
        self.parts = []
        self.free = []
        self.unhosted = Entry("", "", name)
        for number, spec in enumerate(virtual_hosts):
            domains.extend([(domain, number) for domain in spec.domains])
            self.build_host(spec)
        self.domains = DomainIndex(domains)
        if self.vhost_header:
            self.vhost_slot = self.names.number(self.vhost_header)
        self.count = len(self.rows)
        self.finish()

    cdef int finish(self) except -1:
        self.inspects = len(self.names) > OWN_SLOTS
        self.managed = self.names.managed or any([text in self.names for text in self.internal_only_headers])
        return self.trim()

    def __len__(self):
        return self.count

    # Building.

    cdef int build_host(self, spec) except -1:
        cdef uint32_t number = self.hosts.add(1), routes = NONE
        cdef HostRow *row
        self.firsts.append(len(self.rows))
        if spec.tree is None:
            routes = self.build_list(spec.routes, number)
        else:
            base = self.lists.size
            for listed in spec.lists:
                self.build_list(listed, number)
            (<TreeNode?>spec.tree).bind(self.names)
            self.trees[number] = (spec.tree, base)
        row = &(<HostRow *>self.hosts.data)[number]
        row.routes = routes
        row.require_tls = TLS[spec.require_tls]
        self.unrouted.append(Entry("", spec.name, self.name))
        return 0

    cdef uint32_t build_list(self, routes, uint32_t host) except? 0xFFFFFFFF:
        """Number the routes of one list and index their paths."""
        cdef dict plain = {}, folded = {}, tree
        cdef list pathless = []
        cdef uint32_t base = <uint32_t>len(self.rows), number = base, at
        cdef bytearray hows = bytearray(len(routes))
        cdef RouteSpec route
        cdef ListRow row
        cdef bytes text
        for each in routes:
            route = <RouteSpec?>each
            self.add_route(route, host)
            if route.target is not None and route.target.code == UNMATCHED:
                pass  # RA-06: it has a number, and nothing finds it
            elif route.how == "pathless":
                pathless.append(number)
            elif route.how != "never":
                tree, text = (plain, route.text) if route.case_sensitive else (folded, route.text.lower())
                hows[number - base] = <int>HOW[route.how]
                before = tree.setdefault(text, number)
                if type(before) is list:
                    (<list>before).append(number)
                elif before != number:
                    tree[text] = [before, number]
            number += 1
        row.root = self.build_tree(plain, base, hows)
        row.folded = self.build_tree(folded, base, hows)
        row.pathless = self.candidates.add(pathless, self.predicates, self.names) if pathless else NONE
        at = self.lists.add(1)
        (<ListRow *>self.lists.data)[at] = row
        return at

    cdef int add_route(self, RouteSpec route, uint32_t host) except -1:
        if self.rows.add(route, host):
            self.bind_target(route.target)
        self.predicates.append(route.predicates)
        for predicate in route.predicates:
            (<Predicate?>predicate).bind(self.names)
        return 0

    cdef uint32_t build_tree(self, dict by_text, uint32_t base, bytearray hows) except? 0xFFFFFFFF:
        """A tree over texts with their routes: a number or a list of them, counted from `base` in `hows`."""
        cdef list keys = sorted(by_text)
        cdef uint32_t first = self.paths.terminals.add(len(keys)), at = first
        for key in keys:
            found = by_text[key]
            numbers = found if type(found) is list else [found]
            self.fill_terminal(&(<Terminal *>self.paths.terminals.data)[at], <list>numbers, base, hows)
            at += 1
        return self.paths.build(keys, first)

    cdef int fill_terminal(self, Terminal *terminal, list numbers, uint32_t base, bytearray hows) except -1:
        """The routes that one text leads to; one behind a route that always holds there is left out."""
        cdef list maybes = [None] * HOWS
        cdef uint32_t number
        cdef int how
        for how in range(HOWS):
            terminal.sure[how] = terminal.maybe[how] = NONE
        for number in numbers:
            how = hows[number - base]
            if terminal.sure[how] != NONE:
                continue
            if not self.predicates[number]:
                terminal.sure[how] = number
            elif maybes[how] is None:
                maybes[how] = [number]
            else:
                (<list>maybes[how]).append(number)
        for how in range(HOWS):
            if maybes[how] is not None:
                terminal.maybe[how] = self.candidates.add(<list>maybes[how], self.predicates, self.names)
        return 0

    cdef int trim(self) except -1:
        """Give back what was allocated ahead: nothing is added any more."""
        self.rows.trim()
        for arena in (self.hosts, self.lists, self.paths.nodes, self.paths.terminals, self.paths.labels,
                      self.paths.edges, self.candidates.lists, self.candidates.numbers):
            (<Arena>arena).trim()
        return 0

    cdef int bind_target(self, Target target) except -1:
        if target.header:
            target.slot = self.names.number(target.header.lower())
        for entry in target.entries:
            self.bind_target(entry)
        if target.tree is not None:
            target.tree.bind(self.names)
        return 0

    # Revising. A revised table holds the virtual hosts that it was made with; the others stay in the tables
    # that they were compiled into, its `parts`. A place says for each number of a virtual host where it is.

    def revised(self, gone, fresh):
        cdef RouteTable made = RouteTable.__new__(
            RouteTable, self.name, (), ignore_port=self.ignore_port, ignore_parameters=self.ignore_parameters,
            internal_only_headers=self.internal_only_headers,
        )
        cdef list numbers = [number for number, _ in gone] + self.free
        cdef Py_ssize_t known = self.hosts.size if self.places is None else self.places.size
        numbers.extend(range(known, known + len(fresh) - len(numbers)))
        made.free = numbers[len(fresh):]
        numbers = numbers[:len(fresh)]
        made.names = self.names.copy()
        made.vhost_header, made.vhost_slot = self.vhost_header, self.vhost_slot
        for spec in fresh:
            made.build_host(spec)
        made.count = self.count + len(made.rows) - sum([self.routes_of(number) for number, _ in gone])
        made.keep_places(self, [number for number, _ in gone], numbers)
        made.domains = self.revised_domains(gone, fresh, numbers)
        made.finish()
        return made, numbers

    cdef Py_ssize_t routes_of(self, uint32_t number) except -1:
        """How many routes a virtual host has."""
        cdef RouteTable part = self
        if self.places is not None:
            part = <RouteTable>self.parts[(<Place *>self.places.data)[number].part]
            number = (<Place *>self.places.data)[number].host
        end = part.firsts[number + 1] if number + 1 < <uint32_t>len(part.firsts) else len(part.rows)
        return end - part.firsts[number]

    cdef DomainIndex revised_domains(self, object gone, object fresh, list numbers):
        """The same index where the virtual hosts that take the place of others have their domains."""
        if [tuple(domains) for _, domains in gone] == [tuple(spec.domains) for spec in fresh]:
            return self.domains
        added = [(domain, number) for spec, number in zip(fresh, numbers, strict=True) for domain in spec.domains]
        return self.domains.revised([domain for _, domains in gone for domain in domains], added)

    cdef int keep_places(self, RouteTable before, list gone, list numbers) except -1:
        """Say where each virtual host is; parts of which none is left are let go."""
        cdef uint32_t known = <uint32_t>before.hosts.size, number, own
        cdef Place *places
        cdef list parts = [before.part()] if before.places is None else before.parts
        self.places = Arena(sizeof(Place))
        if before.places is not None:
            known = <uint32_t>before.places.size
        self.places.add(max([known] + [number + 1 for number in numbers]))
        places = <Place *>self.places.data
        for number in range(known):
            if before.places is None:
                places[number] = Place(0, number)
            else:
                places[number] = (<Place *>before.places.data)[number]
        for number in before.free + gone:
            places[number].part = NONE
        self.parts = self.used_parts(parts, known)
        own = <uint32_t>len(self.parts)
        for number in range(<uint32_t>len(numbers)):
            places[<uint32_t>numbers[number]] = Place(own, number)
        self.parts.append(self.part())
        return 0

    cdef list used_parts(self, list parts, uint32_t known):
        """The parts that places are in, and these places numbered by them."""
        cdef Arena marks = Arena(sizeof(uint32_t))
        cdef Place *places = <Place *>self.places.data
        cdef uint32_t *new
        cdef uint32_t number
        cdef list used = []
        marks.add(<size_t>len(parts) + 1)
        new = <uint32_t *>marks.data
        for number in range(known):
            if places[number].part != NONE:
                new[places[number].part] = 1
        for number in range(<uint32_t>len(parts)):
            if new[number]:
                new[number] = <uint32_t>len(used)
                used.append(parts[number])
        for number in range(known):
            if places[number].part != NONE:
                places[number].part = new[places[number].part]
        return used

    cdef RouteTable part(self):
        """The virtual hosts that were compiled into this table, without the way to find them."""
        cdef RouteTable part = RouteTable.__new__(RouteTable, self.name, ())
        part.paths = self.paths
        part.candidates = self.candidates
        part.hosts = self.hosts
        part.lists = self.lists
        part.trees = self.trees
        part.rows = self.rows
        part.predicates = self.predicates
        part.unrouted = self.unrouted
        part.firsts = self.firsts
        return part

    # Deciding.

    def route(self, authority, path, method="GET", headers=(), *, scheme="http", random=None, Context context=None,
              HttpManager manager=None, dict clusters=None):
        return self.decide(authority, path, method, headers, scheme, random, context, manager, clusters)

    cdef Decision decide(self, object authority, object path, object method, object headers, object scheme,
                         object random, Context context, HttpManager manager, dict clusters):
        cdef Decision decision = Decision.__new__(Decision)
        cdef View view
        if manager is None:
            manager = DEFAULT
        if type(headers) is not list and type(headers) is not tuple and type(headers) is not dict:
            headers = collected(headers)
        decision.request_authority = authority
        decision.request_path = path
        decision.request_method = method
        decision.request_scheme = scheme
        if context is not None and context.http2:
            decision.scheme_given = text_of(scheme)
        decision.request_headers_given = headers
        decision.random_source = random
        decision.context = context
        decision.entry = self.unhosted
        decision.manager = manager
        decision.table = self
        view.decision = <PyObject *>decision
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
        self.names.open(&view)
        try:
            self.names.scan(&view, headers)
            if manager.prepare(&view, decision):
                # The codec answers before anybody asks for a route configuration.
                if decision.status != 403 and decision.reason.startswith("http1."):
                    decision.entry = NOWHERE
            else:
                if decision.headers_received is not None:
                    self.rescan(&view, decision.headers_received)
                self.routed(&view, decision, manager, clusters)
                if manager.access is not None and decision.reason != "upgrade_failed":
                    manager.check_access(decision)
            if decision.status and not decision.reason.startswith("http"):
                self.answer_grpc(&view, decision)
        finally:
            close_view(&view)
        return decision

    cdef inline int routed(self, View *view, Decision decision, HttpManager manager, dict clusters) except -1:
        """Choose virtual host, route and target."""
        cdef uint32_t host, number
        cdef HostRow *row
        cdef RouteTable part = self
        if manager.must_process(view, self.managed, self.inspects):
            self.process(view, decision)
        host = self.find_host(view)
        if host == NONE:
            return answer(decision, "respond", 404, "route_not_found")
        if self.places is not None:
            part = <RouteTable>self.parts[(<Place *>self.places.data)[host].part]
            host = (<Place *>self.places.data)[host].host
        decision.entry = <Entry>part.unrouted[host]
        row = &(<HostRow *>part.hosts.data)[host]
        if self.check_tls(view, decision, row, manager):
            return 1
        if self.ignore_parameters and view.has_path:
            self.strip_parameters(view, decision)
        number = part.choose(view, host, row)
        if number == NONE:
            return answer(decision, "respond", 404, "route_not_found")
        decision.entry = part.rows.entry(number, part.unrouted)
        return self.conclude(view, decision, clusters) or manager.check_upgrade(view, decision)

    cdef int process(self, View *view, Decision decision) except -1:
        """Look at the headers as the connection manager hands them on (RM-54)."""
        self.rescan(view, decision.processed_headers())
        view.processed = True
        view_of(decision.scheme_processed, &view.scheme)
        return 0

    cdef int rescan(self, View *view, list headers) except -1:
        close_view(view)
        self.names.open(view)
        return self.names.scan(view, headers)

    cdef int answer_grpc(self, View *view, Decision decision) except -1:
        """Envoy's own answer to a gRPC request has the status 200; grpc-status and grpc-message tell its own."""
        if not view.has_path or not (view.processed or may_be_grpc(decision.request_headers_given)):
            return 0
        headers = decision.headers_processed if view.processed else decision.received_headers()
        if is_grpc(first_of(headers, b"content-type")):
            decision.status = 200
            decision.grpc_answer = True
        return 0

    cdef inline uint32_t find_host(self, View *view) noexcept:
        cdef Slice host = view.authority
        cdef bint lowered = view.lowered
        cdef int32_t cursor
        cdef Py_ssize_t colon
        if self.domains.only_any:
            return self.domains.any_host
        if lowered:
            host.data = view.host
        if self.vhost_header:
            lowered = False
            if not first_line(view, self.vhost_slot, &host, &cursor):
                return NONE
        if self.ignore_port:
            colon = port_start(host.data, host.size)
            host.size = host.size if colon < 0 else colon
        if lowered:
            return self.domains.find_lowered(host.data, host.size)
        return self.domains.find(host.data, host.size)

    cdef inline int check_tls(self, View *view, Decision decision, HostRow *row, HttpManager manager) except -1:
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
        decision.answer_location = b"https://" + decision.original_authority + (decision.original_path or b"")
        return answer(decision, "redirect", 301, "direct_response")

    cdef int strip_parameters(self, View *view, Decision decision) except -1:
        """RM-12: routes are matched on the path without parameters; templates on the path as it is."""
        cdef bytes path
        if memchr(view.path.data, c";", <size_t>view.path.size) == NULL:
            return 0
        path = without_parameters(view.path.data[:view.path.size])
        decision.compared = path
        view_of(path, &view.path)
        return 0

    cdef inline uint32_t choose(self, View *view, uint32_t host, HostRow *row) except? 0xFFFFFFFE:
        """The route of a virtual host: from its list, or from the one that its matcher tree yields (VH-14)."""
        cdef int32_t action
        if row.routes != NONE:
            return self.find_route(view, &(<ListRow *>self.lists.data)[row.routes])
        tree, base = self.trees[host]
        action = (<TreeNode>tree).evaluate(view)
        if action < 0:
            return NONE
        return self.find_route(view, &(<ListRow *>self.lists.data)[base + action])

    cdef inline uint32_t find_route(self, View *view, ListRow *routes) except? 0xFFFFFFFE:
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
                self.paths.walk(routes.root, view.path.data, view.path.size, &found)
                if routes.folded != NONE:
                    self.walk_folded(view, routes.folded, &found)
            return found.sure if found.count == 0 else self.resolve(view, &found)
        finally:
            if found.lists != found.small:
                free(found.lists)

    cdef int walk_folded(self, View *view, uint32_t root, Found *found) except -1:
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
            return self.paths.walk(root, folded, view.path.size, found)
        finally:
            if folded != small:
                free(folded)

    cdef uint32_t resolve(self, View *view, Found *found) except? 0xFFFFFFFE:
        """Ask the routes of all lists in ascending order, up to the first that holds for certain."""
        cdef Runs runs
        cdef uint32_t number
        cdef Py_ssize_t at
        runs_init(&runs)
        try:
            for at in range(found.count):
                self.candidates.open_runs(found.lists[at], view, &runs)
            while True:
                number = next_candidate(&runs)
                if number >= found.sure:
                    return found.sure
                if self.holds(number, view):
                    return number
        finally:
            if runs.items != runs.small:
                free(runs.items)

    cdef bint holds(self, uint32_t number, View *view) except -1:
        for predicate in <tuple>self.predicates[number]:
            if not (<Predicate>predicate).holds(view):
                return False
        return True

    cdef inline int conclude(self, View *view, Decision decision, dict clusters) except -1:
        """Say what the chosen route's target does."""
        cdef Target target = decision.entry.target
        cdef Slice text
        cdef int32_t cursor
        cdef str cluster
        cdef PyObject *known
        if target.code >= WEIGHTED:
            target = self.fallen_on(view, decision, target)
        decision.action = target.action
        if target.code == REDIRECT:
            return answer(decision, "redirect", target.status, "direct_response") - 1
        if target.code == RESPOND:
            reason = "undecidable" if target.action is None else "direct_response"
            return answer(decision, "respond", target.status, reason) - 1
        cluster = target.cluster
        if target.code == CLUSTER_HEADER:
            found = first_line(view, target.slot, &text, &cursor)
            cluster = text.data[:text.size].decode("utf-8", "replace") if found else ""
        known = <PyObject *>cluster if clusters is None else PyDict_GetItemWithError(clusters, cluster)
        if known == NULL or not cluster:
            return answer(decision, "respond", target.status, "cluster_not_found") - 1
        decision.kind = "forward"
        decision.cluster = cluster
        if clusters is not None:
            decision.value = <object>known
        return 0

    cdef Target fallen_on(self, View *view, Decision decision, Target target):
        """Which of several targets: RA-06 a tree that yields nothing leads to the last, which names no cluster."""
        if target.code == WEIGHTED:
            return self.weighted(view, decision, target)
        number = target.tree.evaluate(view)
        return <Target>target.entries[number if number >= 0 else len(target.entries) - 1]

    cdef Target weighted(self, View *view, Decision decision, Target target):
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

# cython: boundscheck=True, nonecheck=True
"""A route configuration, compiled: virtual hosts, lists of routes, and the indexes over them.

Nothing changes after construction, so any number of threads may decide (`deciding`) at once.
"""

cimport cython
from libc.stdint cimport uint32_t

from fastroute.core.arena cimport NONE, Arena
from fastroute.core.candidates cimport CandidateLists
from fastroute.core.domains cimport DomainIndex
from fastroute.core.entries cimport UNMATCHED, Entry, RouteSpec, Target
from fastroute.core.headers cimport OWN_SLOTS, HeaderNames, bound
from fastroute.core.matchers cimport TreeNode
from fastroute.core.paths cimport EXACT, HOWS, PREFIX, SEPARATED, PathIndex, Terminal
from fastroute.core.predicates cimport PathPredicate, Predicate
from fastroute.core.recursion cimport enter, leave
from fastroute.core.rows cimport RouteRows
from fastroute.core.sequences cimport literal_ending

cdef dict HOW = {"prefix": PREFIX, "path": EXACT, "path_separated_prefix": SEPARATED}
cdef dict TLS = {"none": 0, "external_only": 1, "all": 2}

cdef enum:
    SHARED = 4                 # routes with one beginning are worth looking at their endings


cdef bytes pattern_of(RouteSpec route):
    """The expression that the path of a route has to match, or None."""
    for predicate in route.predicates:
        if type(predicate) is PathPredicate and not (<PathPredicate>predicate).template:
            return (<PathPredicate>predicate).regex.pattern
    return None


cdef dict endings_of(routes):
    """What the paths of routes end with, backwards, by their place; of those that fewer routes share than a beginning.

    Where many expressions begin alike, `/.*/[a-z]+-7` say, each would be asked in turn.
    """
    cdef dict patterns = {}, beginnings = {}, endings = {}, found = {}
    for place, route in enumerate(routes):
        if (<RouteSpec?>route).how == "prefix" and (<RouteSpec>route).predicates:
            pattern = pattern_of(<RouteSpec>route)
            if pattern is not None:
                patterns[place] = pattern
                beginnings[(<RouteSpec>route).text] = beginnings.get((<RouteSpec>route).text, 0) + 1
    for place, pattern in patterns.items():
        if beginnings[(<RouteSpec>routes[place]).text] >= SHARED:
            ending = literal_ending(pattern)[:-ENDING - 1:-1]
            if ending:
                found[place] = ending
                endings[ending] = endings.get(ending, 0) + 1
    return {place: ending for place, ending in found.items()
            if endings[ending] < beginnings[(<RouteSpec>routes[place]).text]}


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
        self.unrouted = self.rows.hosts
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
            self.trees[number] = (spec.tree, base, self.lists.size - base)
        row = &(<HostRow *>self.hosts.data)[number]
        row.routes = routes
        row.require_tls = TLS[spec.require_tls]
        self.unrouted.append(Entry("", spec.name, self.name))
        return 0

    cdef uint32_t build_list(self, routes, uint32_t host) except? 0xFFFFFFFF:
        """Number the routes of one list and index their paths."""
        cdef dict plain = {}, folded = {}, backwards = {}, tree
        cdef dict endings = endings_of(routes)
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
                if number - base in endings:
                    tree, text = backwards, endings[number - base]
                else:
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
        row.endings = self.build_tree(backwards, base, hows)
        row.pathless = self.candidates.add(pathless, self.predicates, self.names) if pathless else NONE
        at = self.lists.add(1)
        (<ListRow *>self.lists.data)[at] = row
        return at

    cdef int add_route(self, RouteSpec route, uint32_t host) except -1:
        if route.target is None:
            raise ValueError(f"route {route.name!r} has no target")
        if self.rows.add(route, host):
            self.bind_target(route.target)
        self.predicates.append(route.predicates)
        for predicate in route.predicates:
            (<Predicate?>predicate).bind(self.names)
        return 0

    cdef uint32_t build_tree(self, dict by_text, uint32_t base, bytearray hows) except? 0xFFFFFFFF:
        """A tree over texts with their routes: a number or a list of them, counted from `base` in `hows`."""
        cdef list keys = sorted(by_text)
        cdef Arena ends = Arena(sizeof(Terminal))
        cdef uint32_t at = ends.add(<size_t>len(keys))
        for key in keys:
            found = by_text[key]
            numbers = found if type(found) is list else [found]
            self.fill_terminal(&(<Terminal *>ends.data)[at], <list>numbers, base, hows)
            at += 1
        return self.paths.build(keys, ends)

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
        self.paths.trim()
        for arena in (self.hosts, self.lists, self.candidates.lists, self.candidates.numbers):
            (<Arena>arena).trim()
        return 0

    cdef int bind_target(self, Target target) except -1:
        if target.header:
            target.slot = bound(target.slot, self.names.number(target.header.lower()))
        enter(b" in the entries of a target")
        try:
            for entry in target.entries:
                self.bind_target(entry)
        finally:
            leave()
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

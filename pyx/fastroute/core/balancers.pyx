# cython: boundscheck=True, nonecheck=True
"""Round robin, least request and random, over priorities, health and localities.

Order of one selection:
1. a level and a health class by the loads (LB-12);
2. a level in panic gives all its hosts, or none with fail_traffic_on_panic (LB-13, LB-23);
3. with locality weights, the next locality of that class (LB-20);
4. else zone-aware routing on level 0, where it is on (LB-22);
5. else all hosts of the class; then whose turn it is by the policy.

LB-33: least request draws `choices` hosts with replacement, the strictly less busy one wins; a full
scan picks uniformly among the least busy. LB-35: random uses the very draw that chose the level.
"""

cimport cython
from libc.stdint cimport int64_t, uint64_t

from fastroute.core.draws cimport draw
from fastroute.core.endpoint cimport Endpoint
from fastroute.core.hosts cimport HostSet
from fastroute.core.priorities cimport Counts, Loads, compute
from fastroute.core.recursion cimport enter, leave
from fastroute.core.sources cimport (
    ALL, DEGRADED_HOSTS, HEALTHY_HOSTS, LOCALITY_DEGRADED, LOCALITY_HEALTHY, LocalityTurns, Memory, Source, Weigher,
    make_source, make_turns,
)
from fastroute.core.zones cimport Zones

cdef int MANY_ATTEMPTS = 64
cdef const char *DEEP = b" in the policies of a policy"


@cython.final
cdef class Policy:
    def __cinit__(self, str kind not None, dict parameters=None, tuple children=()):
        self.kind = kind
        self.children = () if children is None else children
        self.parameters = parameters if parameters is not None else {}

    cdef object get(self, str name, object default):
        return self.parameters.get(name, default)

    @property
    def leaf(self):
        cdef Policy policy = self
        while policy.kind in ("subset", "override_host") and policy.children:
            policy = <Policy?>policy.children[0]
        return policy

    @property
    def hashes(self):
        return self.leaf.kind in ("ring_hash", "maglev")

    def __eq__(self, other):
        if not isinstance(other, Policy) or self.kind != (<Policy>other).kind:
            return False
        enter(DEEP)
        try:
            return self.parameters == (<Policy>other).parameters and self.children == (<Policy>other).children
        finally:
            leave()

    def __hash__(self):
        enter(DEEP)
        try:
            return hash((self.kind, self.children))
        finally:
            leave()

    def __repr__(self):
        return f"Policy({self.kind!r}, {self.parameters!r}, {self.children!r})"


@cython.final
cdef class Reselect:
    def __cinit__(self, previous=(), *, predicates=(), int attempts=1, tried=()):
        self.previous = previous
        self.predicates = tuple(predicates)
        self.attempts = attempts
        self.tried = frozenset(tried)

    cdef bint rejects(self, Endpoint host) except -1:
        for predicate in self.predicates:
            if predicate(host, self.previous):
                return True
        return False


cdef bint skipped(object skip, Endpoint host) except -1:
    if isinstance(skip, Reselect):
        return (<Reselect>skip).rejects(host)
    return host in skip or host.text in skip


cdef Loads loads_of_sets(list sets, Policy policy):
    cdef Counts counts[129]
    cdef HostSet hosts
    cdef int levels = 0
    if not 1 <= len(sets) <= 129:
        raise ValueError(f"a cluster has 1 to 129 priority levels, not {len(sets)}")
    for hosts in sets:
        counts[levels] = hosts.counts()
        levels += 1
    return compute(counts, levels, (<HostSet?>sets[0]).factor, policy.get("panic_threshold", 50))


cdef class Balancer:
    def tried(self, context):
        """What a pick tries one after the other until it has a host: (kind, what it goes by, host sets)."""
        return [("policy", (), self.sets)]

    cdef Endpoint once(self, uint64_t hash, bint has_hash, int attempt, object random, object skip, object context):
        return None

    cdef Endpoint choose(self, uint64_t hash, bint has_hash, object random, object skip, object context):
        cdef Endpoint host = self.once(hash, has_hash, 0, random, skip, context)
        if skip is None or host is None or not skipped(skip, host):
            return host
        return self.again(host, hash, has_hash, random, skip, context)

    cdef Endpoint again(
        self, Endpoint first, uint64_t hash, bint has_hash, object random, object skip, object context
    ):
        """Further selections after `first` was skipped; the last one counts, whatever it is (LB-37)."""
        cdef bint exact = isinstance(skip, Reselect)
        cdef int attempts = (<Reselect>skip).attempts if exact else MANY_ATTEMPTS
        cdef int attempt
        cdef Endpoint host = first
        for attempt in range(1, attempts + 1):
            host = self.once(hash, has_hash, attempt, random, skip, context)
            if host is None or not skipped(skip, host):
                return host
        return host if exact else self._any(host, skip)

    def _any(self, Endpoint last not None, skip):
        """A plain collection of skipped hosts is not Envoy's: any usable host goes before a skipped one."""
        cdef HostSet level
        for level in sorted(self.sets, key=lambda level: (<HostSet?>level).priority != last.priority):
            for host in level.healthy or level.degraded or level.hosts:
                if not skipped(skip, host):
                    return host
        return last


@cython.final
cdef class SourceBalancer(Balancer):
    def __cinit__(self, list sets not None, Policy policy not None, Memory memory not None, Zones zones=None):
        cdef Weigher weigher = _weigher(policy)
        cdef HostSet level
        self.sets = sets
        self.given = policy
        self.memory = memory
        self.loads = loads_of_sets(sets, policy)
        self.policy = {"round_robin": ROUND_ROBIN, "random": RANDOM}.get(policy.kind, LEAST_REQUEST)
        if self.policy == LEAST_REQUEST and policy.get("full_scan", False):
            self.policy = LEAST_REQUEST_SCAN
        self.choices = policy.get("choices", 2)
        self.weighted_localities = policy.get("locality_weighted", False)
        self.fail_on_panic = policy.get("fail_traffic_on_panic", False)
        self.zones = zones
        self.all = []
        self.healthy = []
        self.degraded = []
        self.healthy_localities = []
        self.degraded_localities = []
        self.healthy_turns = []
        self.degraded_turns = []
        for level in sets:
            self._add(level, memory, weigher)

    def _add(self, HostSet level, Memory memory, Weigher weigher):
        cdef int p = level.priority
        self.all.append(make_source(level.hosts, memory, weigher, p, ALL, 0))
        self.healthy.append(make_source(level.healthy, memory, weigher, p, HEALTHY_HOSTS, 0))
        self.degraded.append(make_source(level.degraded, memory, weigher, p, DEGRADED_HOSTS, 0))
        if self.weighted_localities or self.zones is not None:
            self.healthy_localities.append([
                make_source(hosts, memory, weigher, p, LOCALITY_HEALTHY, i)
                for i, hosts in enumerate(level.healthy_by_locality)
            ])
            self.degraded_localities.append([
                make_source(hosts, memory, weigher, p, LOCALITY_DEGRADED, i)
                for i, hosts in enumerate(level.degraded_by_locality)
            ])
        if self.weighted_localities:
            weights = level.weights if level.weights is not None else [0] * len(level.localities)
            self.healthy_turns.append(_turns(level, level.healthy_by_locality, weights, memory))
            self.degraded_turns.append(_turns(level, level.degraded_by_locality, weights, memory))

    cdef Source source(self, uint64_t u, object random, object skip):
        """The source that this selection is made from; None where panic fails the traffic."""
        cdef bint degraded = False
        cdef Loads loads = self.loads
        cdef Loads other
        cdef int level, locality
        cdef list localities
        if _spreads(skip):
            other = loads.without((<Reselect>skip).tried)
            loads = loads if other is None else other
        level = loads.single if loads.single >= 0 else loads.choose(u, &degraded)
        if loads.panic[level]:
            return None if self.fail_on_panic else <Source>self.all[level]
        locality = -1
        if self.weighted_localities:
            locality = (<LocalityTurns>(self.degraded_turns if degraded else self.healthy_turns)[level]).turn(random)
        if locality == -1 and self.zones is not None and level == 0:
            locality = (<Zones>self.zones).locality(random)
        if locality == -2:
            return None
        if locality >= 0:
            localities = self.degraded_localities if degraded else self.healthy_localities
            return <Source>(<list>localities[level])[locality]
        return <Source>(self.degraded if degraded else self.healthy)[level]

    cdef Endpoint once(self, uint64_t hash, bint has_hash, int attempt, object random, object skip, object context):
        cdef uint64_t u = 0
        cdef Source source
        # A level that takes everything needs no draw, unless the policy itself uses it.
        if self.policy == RANDOM or self.loads.single < 0 or _spreads(skip):
            u = draw(random)
        source = self.source(u, random, skip)
        if source is None or source.size == 0:
            return None
        if self.policy == ROUND_ROBIN:
            return source.turn(random)
        if self.policy == RANDOM:
            return <Endpoint?>source.hosts[<Py_ssize_t>(u % <uint64_t>source.size)]
        return self.least(source, random)

    cdef SourceBalancer forced(self, int level, bint degraded):
        cdef SourceBalancer made = SourceBalancer(self.sets, self.given, self.memory, self.zones)
        made.loads.force(level, degraded)
        made.all, made.healthy, made.degraded = self.all, self.healthy, self.degraded
        made.healthy_localities, made.degraded_localities = self.healthy_localities, self.degraded_localities
        made.healthy_turns, made.degraded_turns = self.healthy_turns, self.degraded_turns
        return made

    cdef Endpoint least(self, Source source, object random):
        cdef Endpoint host, best
        cdef int64_t ties = 1
        cdef Py_ssize_t i
        if source.weighted and not source.opened:
            source.open(random)
        if source.edf is not None:
            return source.scheduled()
        if self.policy == LEAST_REQUEST_SCAN:
            best = <Endpoint?>source.hosts[0]
            for i in range(1, source.size):
                host = <Endpoint?>source.hosts[i]
                if host.state.active < best.state.active:
                    best = host
                    ties = 1
                elif host.state.active == best.state.active:
                    ties += 1
                    if draw(random) % <uint64_t>ties == 0:
                        best = host
            return best
        best = <Endpoint?>source.hosts[<Py_ssize_t>(draw(random) % <uint64_t>source.size)]
        for _ in range(1, self.choices):
            host = <Endpoint?>source.hosts[<Py_ssize_t>(draw(random) % <uint64_t>source.size)]
            if host.state.active < best.state.active:
                best = host
        return best


cdef inline bint _spreads(object skip):
    """Whether a retry excludes priorities."""
    return skip is not None and isinstance(skip, Reselect) and len((<Reselect>skip).tried) > 0


cdef LocalityTurns _turns(HostSet level, list eligible, list weights, Memory memory):
    return make_turns(weights, eligible, level.by_locality, level.excluded_by_locality, level.factor, memory)


cdef Weigher _weigher(Policy policy):
    cdef Weigher weigher = Weigher()
    if policy.kind == "least_request":
        weigher.bias = policy.get("active_request_bias", 1.0)
        if not weigher.bias >= 0:
            weigher.bias = 1.0  # Envoy: an invalid bias counts as 1.0
    weigher.window = policy.get("slow_start_window", 0.0)
    weigher.aggression = policy.get("slow_start_aggression", 1.0)
    if not weigher.aggression > 0:
        weigher.aggression = 1.0
    weigher.least = policy.get("slow_start_min_weight", 0.1)
    weigher.reported = policy.get("reported_weights", False)
    return weigher

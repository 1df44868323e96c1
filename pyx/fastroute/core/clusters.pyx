# cython: boundscheck=True, nonecheck=True
"""A cluster: a policy, the state of its hosts, and the balancer in force.

Rules:
- Readers take the balancer once and finish with it. Writers build a new one beside it and put it in
  its place, one writer at a time; after an update has returned no pick starts on the old hosts.
- A host that stays (the same address) keeps its state: active requests, reported health, ejection,
  slow start. So does the cluster its seed and its places in the rounds (LB-30).
- A cluster and those that take its place in later snapshots are kin: they have one state of their hosts
  and one lock of writers, and what is reported to one of them changes what all of them pick.
- DO-01 drop_overloads draws before a host is chosen.
"""

cimport cython
from cpython.weakref cimport PyWeakref_NewRef
from libc.stdint cimport uint32_t, uint64_t

from threading import RLock

from fastroute.core.aggregates cimport Aggregate
from fastroute.core.balancers cimport Balancer, Policy, Reselect, SourceBalancer
from fastroute.core.draws cimport draw
from fastroute.core.endpoint cimport (
    ACTIVE_DEGRADED, ACTIVE_FAILED, ACTIVE_PENDING, Activity, EDS_UNHEALTHY, REMOVED, Endpoint, HostState, Locality,
)
from fastroute.core.hash_balancers cimport HashBalancer
from fastroute.core.hosts cimport HostSet
from fastroute.core.leaves cimport build_leaf
from fastroute.core.override_host cimport OverrideHost
from fastroute.core.recursion cimport enter, leave
from fastroute.core.sources cimport Memory
from fastroute.core.subsets cimport SubsetBalancer

_REPORTED = {"healthy": 0, "degraded": ACTIVE_DEGRADED, "unhealthy": ACTIVE_FAILED}


@cython.final
cdef class Cluster:
    def __cinit__(
        self,
        str name not None,
        Policy policy not None,
        *,
        str kind="STATIC",
        Cluster previous=None,
        Locality local=None,
        object info=None,
        bint continues=False,
    ):
        self.name = name
        self.kind = kind
        self.policy = policy
        self.local = local
        self.info = info
        self.writer = RLock() if previous is None else previous.writer
        self.kin = [] if previous is None else previous.kin
        self.by_address = {} if previous is None else dict(previous.by_address)
        self.memory = Memory() if previous is None else previous.memory
        self.activity = Activity() if previous is None else previous.activity
        self.value = None if previous is None else previous.value
        self.detector = None
        self.breakers = {}
        self.links = []
        self.seen = []
        self.before = None if previous is None else previous.balancer
        self.balancer = previous.balancer if continues else self.build([HostSet([])])
        with self.writer:
            self.kin[:] = [other for other in self.kin if other() is not None] + [PyWeakref_NewRef(self, None)]

    cdef Balancer build(self, list sets):
        return self.balancer_of(self.policy, sets, self.before)

    cdef Balancer balancer_of(self, Policy policy, list sets, Balancer before):
        cdef Cluster other
        cdef Balancer fallback
        cdef HostSet peers = None
        if policy.kind == "subset":
            return SubsetBalancer(sets, policy, before)
        if policy.kind == "override_host":
            fallback = (<OverrideHost>before).fallback if isinstance(before, OverrideHost) else None
            enter(b" in the policies of a cluster")
            try:
                fallback = self.balancer_of(policy.children[0], sets, fallback)
            finally:
                leave()
            return OverrideHost(policy, fallback, self.by_address)
        if policy.kind == "aggregate":
            return Aggregate(policy, [other.balancer for other in self.links])
        if len(self.links) == 1:
            peers = <HostSet?>(<Cluster>self.links[0]).balancer.sets[0]
        return build_leaf(policy, sets, self.memory, before, peers)

    def link(self, clusters, Cluster peers=None):
        cdef Cluster other
        with self.writer:
            if self.policy.kind == "aggregate":
                # CL-07: an aggregate has no hosts of its own, so that another one gets nothing from it.
                listed = [clusters[name] for name in self.policy.get("clusters", ()) if name in clusters]
                self.links = [other for other in listed if other.policy.kind != "aggregate"]
            else:
                self.links = [peers] if peers is not None and peers is not self else []
            self.sort()

    cdef bint follow(self) except -1:
        """Build anew when a cluster that this one depends on has changed."""
        enter(b" in clusters that depend on each other")
        try:
            return self.follow_links()
        finally:
            leave()

    cdef bint follow_links(self) except -1:
        cdef Cluster other
        cdef Py_ssize_t i
        for i in range(len(self.links)):
            other = <Cluster>self.links[i]
            if other.links:
                other.follow()
            if other.balancer is not self.seen[i]:
                self.sort()
                return True
        return False

    cdef Endpoint choose(self, uint64_t hash, bint has_hash, object random, object skip, object context):
        cdef Balancer balancer
        if self.drop_of and draw(random) % self.drop_of < self.drop:
            return None
        if skip is not None and not isinstance(skip, Reselect) and not skip:
            skip = None
        if self.links:
            self.follow()
        with cython.critical_section(self):
            balancer = self.balancer
        return balancer.choose(hash, has_hash, random, skip, context)

    def pick(self, hash=None, *, random=None, skip=None, context=None):
        if hash is None:
            return self.choose(0, False, random, skip, context)
        return self.choose(<uint64_t>hash, True, random, skip, context)

    def replace(self, list levels not None, *, uint32_t drop=0, uint32_t drop_of=0, uint32_t factor=140,
                bint weighted_health=False, bint checked=False, bint keep_removed=False):
        cdef dict used = {}
        cdef list sets = []
        cdef list before
        cdef Endpoint host
        with self.writer:
            by_address = {}
            before = self.balancer.sets if keep_removed else []
            if keep_removed:
                levels = levels + [([], None)] * (len(before) - len(levels))
            named = {(<Endpoint?>host).text for hosts, _ in levels for host in hosts} if keep_removed else ()
            for priority, (hosts, weights) in enumerate(levels):
                kept = [self._kept(<Endpoint?>host, used, checked) for host in hosts]
                if priority < len(before):
                    kept += [host for host in (<HostSet?>before[priority]).hosts if _stays(host, named)]
                for host in kept:
                    by_address.setdefault(host.text, host)
                sets.append(
                    HostSet(kept, priority, weights, self.local, factor=factor, weighted_health=weighted_health)
                )
            self.by_address = by_address
            self.drop = drop
            self.drop_of = drop_of
            self._put(self.build(sets or [HostSet([])]))

    def _kept(self, Endpoint host not None, dict used not None, bint checked):
        """The host with the state that its address had; a repeated address has a state of its own."""
        cdef Endpoint before = self.by_address.get(host.text)
        if host.text in used:
            before = None
        used[host.text] = True
        if before is not None:
            before.state.flags &= ~<uint32_t>REMOVED
            return host.described(before.state, host.weight)
        host.state.total = self.activity
        host.state.since = self.memory.now
        if checked:
            host.state.flags |= ACTIVE_FAILED | (ACTIVE_PENDING if self.policy.get("ignore_new", False) else 0)
        return host

    def _put(self, Balancer balancer not None):
        cdef Cluster other
        with cython.critical_section(self):
            self.balancer = balancer
        self.before = balancer
        self.seen = [other.balancer for other in self.links]

    cdef int sort(self) except -1:
        """Sort the hosts of this cluster anew."""
        cdef HostSet level
        with self.writer:
            self._put(self.build([level.rebuilt() for level in self.balancer.sets]))
        return 0

    cdef int drop_host(self, HostState state) except -1:
        self._put(self.build([_without(level, state) for level in self.balancer.sets]))
        return 0

    def refresh(self):
        cdef Cluster other
        with self.writer:
            for known in list(self.kin):
                other = known()
                if other is not None:
                    other.sort()

    def set_health(self, str address not None, str health not None):
        cdef Endpoint host
        cdef Cluster other
        cdef uint32_t flag = _REPORTED[health]
        with self.writer:
            host = self.by_address[address]
            if flag == 0 and host.state.flags & (ACTIVE_FAILED | ACTIVE_PENDING):
                host.state.since = self.memory.now
            if flag == 0 and self.detector is not None:
                self.detector.checked(host)
            host.state.flags = host.state.flags & ~(ACTIVE_FAILED | ACTIVE_DEGRADED | ACTIVE_PENDING) | flag
            if host.state.flags & REMOVED and flag == ACTIVE_FAILED:
                for known in list(self.kin):
                    other = known()
                    if other is not None:
                        other.drop_host(host.state)
            else:
                self.refresh()

    def bind(self, values):
        with self.writer:
            for address, value in values.items():
                (<Endpoint?>self.by_address[address]).state.value = value

    @property
    def endpoints(self):
        cdef HostSet level
        return [host for level in self.balancer.sets for host in level.hosts]

    @property
    def levels(self):
        return list(self.balancer.sets)

    @property
    def tables(self):
        return list((<HashBalancer>self.balancer).tables) if isinstance(self.balancer, HashBalancer) else []

    @property
    def loads(self):
        return None if self.balancer.loads is None else self.balancer.loads.as_dict()

    @property
    def dropped(self):
        return self.drop, self.drop_of

    @property
    def zone_aware(self):
        return isinstance(self.balancer, SourceBalancer) and (<SourceBalancer>self.balancer).zones is not None

    def tried(self, context):
        return self.balancer.tried(context)

    def __getitem__(self, str address not None):
        return self.by_address[address]

    def __repr__(self):
        return f"<Cluster {self.name!r} {self.kind} {self.policy.kind}, {len(self.endpoints)} endpoints>"


cdef bint _stays(Endpoint host, object named):
    """With active checks, a host that the assignment no longer names stays until its check fails."""
    cdef uint32_t flags = host.configured | host.state.flags
    if host.text in named or flags & (ACTIVE_FAILED | EDS_UNHEALTHY):
        return False
    host.state.flags |= REMOVED
    return True


cdef HostSet _without(HostSet level, HostState gone):
    cdef Endpoint host
    return level.of([host for host in level.hosts if host.state is not gone], level.configured_weights, None)

# cython: boundscheck=True, nonecheck=True
"""One priority level's hosts, in the order of the load assignment. Immutable.

Rules:
- Hosts are listed in the order of the assignment; localities are ordered by region, zone and sub
  zone, except that the caller's own locality comes first when it has hosts (LB-22).
- Two locality entries with the same locality are one; the later one's weight counts, and a weight
  without a locality message is no weight (LB-20).
- The partition by health is taken when the set is built; a change of health builds a new set.
"""

cimport cython
from libc.math cimport round
from libc.stdint cimport uint32_t

from fastroute.core.endpoint cimport DEGRADED, HEALTHY, Endpoint, Locality
from fastroute.core.priorities cimport Counts


@cython.final
cdef class HostSet:
    def __cinit__(self, list hosts not None, int priority=0, dict weights=None, Locality local=None,
                  *, uint32_t factor=140, bint weighted_health=False, list places=None):
        cdef Endpoint host
        cdef int coarse
        cdef list group
        cdef dict groups = {} if places is None else {place: [] for place in places}
        self.priority = priority
        self.hosts = hosts
        self.healthy = []
        self.degraded = []
        self.configured_weights = weights
        self.local = local
        self.factor = factor
        self.weighted_health = weighted_health
        for host in hosts:
            group = groups.get(host.locality)
            if group is None:
                group = groups[host.locality] = []
            group.append(host)
            if host.excluded():
                self.excluded += 1
            coarse = host.coarse()
            if coarse == HEALTHY:
                self.healthy.append(host)
            elif coarse == DEGRADED:
                self.degraded.append(host)
        self._divide(groups)

    def _divide(self, dict groups):
        self.localities = sorted(groups) if len(groups) > 1 else list(groups)
        self.has_local = self.local is not None and self.local in groups
        if self.has_local:
            self.localities.remove(self.local)
            self.localities.insert(0, self.local)
        self.by_locality = [groups[locality] for locality in self.localities]
        if len(self.localities) == 1:
            self.healthy_by_locality = [self.healthy]
            self.degraded_by_locality = [self.degraded]
            self.excluded_by_locality = [self.excluded]
        else:
            self.healthy_by_locality = [_of_health(group, HEALTHY) for group in self.by_locality]
            self.degraded_by_locality = [_of_health(group, DEGRADED) for group in self.by_locality]
            self.excluded_by_locality = [_excluded(group) for group in self.by_locality]
        if self.configured_weights is not None:
            self.weights = [self.configured_weights.get(locality, 0) for locality in self.localities]

    cdef Counts counts(self):
        cdef Counts counts
        cdef Endpoint host
        counts.hosts = len(self.hosts)
        counts.excluded = self.excluded
        counts.healthy = len(self.healthy)
        counts.degraded = len(self.degraded)
        if not self.weighted_health:
            counts.basis = counts.hosts - counts.excluded
            counts.basis_healthy = counts.healthy
            counts.basis_degraded = counts.degraded
            return counts
        counts.basis = counts.basis_healthy = counts.basis_degraded = 0
        for host in self.hosts:
            if not host.excluded():
                counts.basis += host.weight
        for host in self.healthy:
            counts.basis_healthy += host.weight
        for host in self.degraded:
            counts.basis_degraded += host.weight
        return counts

    cdef HostSet subset(self, list hosts, bint keep_weights, bint scale):
        """The level with some of its hosts; its locality weights dropped, kept, or scaled (LB-77)."""
        cdef dict weights = self.configured_weights if keep_weights else None
        cdef HostSet made = self.of(hosts, weights, self.localities)
        if weights is not None and scale:
            made.weights = _scaled(made.weights, made.by_locality, self.by_locality)
        return made

    cdef HostSet rebuilt(self):
        """The same hosts, sorted anew by their health."""
        return self.of(self.hosts, self.configured_weights, None)

    cdef HostSet of(self, list hosts, dict weights, list places):
        """The same level with other hosts; `places` are localities that are kept though they are empty."""
        return HostSet(
            hosts, self.priority, weights, self.local,
            factor=self.factor, weighted_health=self.weighted_health, places=places,
        )


cdef list _of_health(list group, int wanted):
    cdef Endpoint host
    return [host for host in group if host.coarse() == wanted]


cdef Py_ssize_t _excluded(list group):
    cdef Endpoint host
    cdef Py_ssize_t count = 0
    for host in group:
        count += host.excluded()
    return count


cdef list _scaled(list weights, list kept, list before):
    """Each weight by the share of its locality's hosts that are kept, rounded; it may well become 0."""
    return [
        <uint32_t>round(weight * <double>(<float>len(some) / <float>len(every)))
        for weight, some, every in zip(weights, kept, before, strict=True)
    ]

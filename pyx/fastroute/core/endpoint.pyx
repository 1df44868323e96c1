# cython: boundscheck=True, nonecheck=True
"""One upstream host: an immutable description and a state shared by its descriptions over time.

Rules:
- LB-01 a host is unhealthy when its active check failed, it is ejected, or the assignment says
  UNHEALTHY, TIMEOUT or DRAINING; else degraded when the assignment or the active check says so;
  else healthy (UNKNOWN and HEALTHY alike).
- LB-02 draining hosts, and hosts that wait for their first check where the cluster ignores those,
  are excluded: they count in no denominator.
"""

cimport cython
from libc.stdint cimport uint32_t

_NAMES = ("healthy", "degraded", "unhealthy")


@cython.final
cdef class Locality:
    """Where a host runs (Envoy's core.v3.Locality). Ordered by region, zone, sub zone."""

    def __cinit__(self, str region="", str zone="", str sub_zone=""):
        self.region = region
        self.zone = zone
        self.sub_zone = sub_zone

    def __eq__(self, other):
        return isinstance(other, Locality) and self._key() == (<Locality>other)._key()

    def __lt__(self, Locality other not None):
        return self._key() < other._key()

    def __hash__(self):
        return hash(self._key())

    def __repr__(self):
        return f"Locality({self.region!r}, {self.zone!r}, {self.sub_zone!r})"

    def _key(self):
        return (self.region, self.zone, self.sub_zone)


@cython.final
cdef class Activity:
    """The requests of a whole cluster."""


@cython.final
cdef class HostState:
    """What is known of a host beyond its configuration; shared by its successive descriptions."""

    def __cinit__(self):
        self.since = -1.0
        self.total = Activity()


@cython.final
cdef class Endpoint:
    """One host of a cluster, as configured. Read-only; `active`, `health` and `value` read its shared state.

    `address` is an IP address, or the path of a pipe; then `port`, `hostname`, `weight`, `locality`, `priority`,
    `metadata` (name space to values) and `state`, which successive descriptions of the host share.
    """

    def __cinit__(
        self,
        str address not None,
        int port=0,
        *,
        str hostname="",
        uint32_t weight=1,
        Locality locality=None,
        int priority=0,
        object metadata=None,
        uint32_t flags=0,
        str hash_key="",
        dict criteria=None,
        HostState state=None,
    ):
        self.address = address
        self.port = port
        self.hostname = hostname
        self.weight = weight
        self.locality = locality if locality is not None else Locality()
        self.priority = priority
        self.metadata = metadata if metadata is not None else {}
        self.configured = flags
        self.hash_key = hash_key
        self.criteria = criteria if criteria is not None else {}
        self.state = state if state is not None else HostState()
        self.text = _text(address, port)

    cdef int coarse(self) noexcept:
        cdef uint32_t flags = self.configured | self.state.flags
        if flags & (ACTIVE_FAILED | OUTLIER_EJECTED | EDS_UNHEALTHY | EDS_TIMEOUT | EDS_DRAINING):
            return UNHEALTHY
        return DEGRADED if flags & (EDS_DEGRADED | ACTIVE_DEGRADED) else HEALTHY

    cdef bint excluded(self) noexcept:
        return (self.configured | self.state.flags) & (EDS_DRAINING | ACTIVE_PENDING) != 0

    @property
    def health(self):
        """Coarse health (LB-01)."""
        return _NAMES[self.coarse()]

    @property
    def active(self):
        """Requests begun and not yet ended."""
        return self.state.active

    @property
    def value(self):
        """The object that the embedder bound to this host."""
        return self.state.value

    @property
    def flags(self):
        """_Health flags, configured and reported."""
        return self.configured | self.state.flags

    def begin(self):
        """A request to this host begins: least request and bounded load count it."""
        with cython.critical_section(self.state):
            self.state.active += 1
        with cython.critical_section(self.state.total):
            self.state.total.active += 1

    def end(self):
        """A request to this host ended."""
        with cython.critical_section(self.state):
            self.state.active = max(0, self.state.active - 1)
        with cython.critical_section(self.state.total):
            self.state.total.active = max(0, self.state.total.active - 1)

    cdef Endpoint described(self, HostState state, uint32_t weight):
        """The same description with another state."""
        return Endpoint(
            self.address, self.port, hostname=self.hostname, weight=weight, locality=self.locality,
            priority=self.priority, metadata=self.metadata, flags=self.configured, hash_key=self.hash_key,
            criteria=self.criteria, state=state,
        )

    def __str__(self):
        return self.text

    def __repr__(self):
        return f"<Endpoint {self.text} weight={self.weight} priority={self.priority} {self.health}>"


cdef str _text(str address, int port):
    if port == 0 and not _is_ip(address):
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


cdef bint _is_ip(str address):
    """Whether it can be an IP address at all: pipes and internal addresses have a slash."""
    return "/" not in address and not address.startswith("@")

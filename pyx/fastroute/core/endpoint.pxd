"""Endpoints: what a pick returns, and the state that outlives an update of the host set."""

from libc.stdint cimport int64_t, uint32_t

# Coarse health, as Envoy's Host::Health.
cdef enum:
    HEALTHY = 0
    DEGRADED = 1
    UNHEALTHY = 2

# Health flags; the first four come with the load assignment, the others are reported.
cdef enum:
    EDS_UNHEALTHY = 1
    EDS_DEGRADED = 2
    EDS_DRAINING = 4
    EDS_TIMEOUT = 8
    ACTIVE_FAILED = 16
    ACTIVE_DEGRADED = 32
    ACTIVE_PENDING = 64
    OUTLIER_EJECTED = 128
    REMOVED = 256

cdef class Locality:
    cdef readonly str region
    cdef readonly str zone
    cdef readonly str sub_zone

cdef class Activity:
    cdef readonly int64_t active        # requests of the whole cluster that were begun and not ended

cdef class HostState:
    cdef public Activity total
    cdef public int64_t active          # requests that were begun and not ended
    cdef public uint32_t flags          # health flags that are reported, not configured
    cdef public double since            # when the host was added or last passed its health check; < 0: never
    cdef public uint32_t reported       # weight computed from load reports; 0: none
    cdef public object outlier          # counters of outlier detection, owned by core.outlier
    cdef public object load             # load reports, owned by core.load_reports
    cdef public object value            # the embedder's own object

cdef class Endpoint:
    cdef readonly str address
    cdef readonly int port
    cdef readonly str hostname
    cdef readonly uint32_t weight
    cdef readonly Locality locality
    cdef readonly int priority
    cdef readonly object metadata
    cdef readonly HostState state
    cdef uint32_t configured            # health flags of the load assignment
    cdef str text                       # "ip:port", "[ip]:port" or the path of a pipe
    cdef str hash_key                   # metadata envoy.lb hash_key, "" when there is none
    cdef dict criteria                  # canonical envoy.lb metadata, for subsets
    cdef Endpoint described(self, HostState state, uint32_t weight)
    cdef int coarse(self) noexcept
    cdef bint excluded(self) noexcept

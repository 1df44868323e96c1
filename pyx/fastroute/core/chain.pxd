from libc.stdint cimport int32_t

from fastroute.core.cidr cimport ip_t


cdef class ChainEntry:
    cdef readonly str name
    cdef readonly int32_t index
    cdef readonly str kind
    cdef bint is_tcp
    cdef readonly str reason
    cdef readonly object cluster
    cdef readonly tuple weighted
    cdef readonly object total
    cdef readonly bint from_server_name
    cdef readonly object manager
    cdef readonly str route_config
    cdef readonly object body
    cdef readonly tuple checks
    cdef readonly tuple filters
    cdef readonly object metadata_match
    cdef readonly object hash_policy
    cdef readonly object known_clusters
    cdef readonly object tls


cdef class Chain:
    cdef ip_t destination_ip
    cdef ip_t source_ip
    cdef ip_t direct_ip
    cdef readonly int32_t destination_port
    cdef readonly int32_t source_port
    cdef readonly int32_t direct_port
    cdef readonly bint restored
    cdef readonly str accepting
    cdef readonly str listener
    cdef readonly str kind
    cdef readonly str reason
    cdef readonly object cluster
    cdef readonly object metadata_match
    cdef readonly str transport_protocol
    cdef readonly str server_name
    cdef readonly tuple application_protocols
    cdef readonly object tls
    cdef readonly object local_address
    cdef readonly object policy
    cdef object metadata
    cdef ChainEntry entry
    cdef public object marks        # tells `notices`; None where nothing was let through
    cdef object surroundings        # of the requests on this connection: made by the engine at the first of them

    cdef bint is_local(self) noexcept
    cdef int close(self, str reason) except -1
    cdef int choose(self, ChainEntry entry, object random) except -1
    cdef int pick_weighted(self, ChainEntry entry, object random) except -1

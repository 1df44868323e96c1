from libc.stdint cimport int32_t, uint32_t

from fastroute.core.bytemap cimport ByteMap
from fastroute.core.chain cimport Chain, ChainEntry
from fastroute.core.cidr cimport ip_t
from fastroute.core.sieve cimport Sieve


cdef enum FilterKind:
    INERT = 0
    TLS_INSPECTOR = 1
    HTTP_INSPECTOR = 2
    PROXY_PROTOCOL = 3
    ORIGINAL_DST = 4


cdef class ListenerFilter:
    cdef readonly str name
    cdef FilterKind kind
    cdef readonly object disabled
    cdef readonly object options


cdef class Listener:
    cdef readonly str name
    cdef readonly tuple addresses
    cdef readonly str internal_name
    cdef readonly bint bound
    cdef readonly bint hands_off
    cdef readonly bint continues
    cdef readonly bint waits
    cdef readonly tuple filters
    cdef readonly tuple entries
    cdef readonly ChainEntry default_entry
    cdef readonly Sieve sieve
    cdef readonly object matcher

    cdef bint inspect(self, Chain chain, Arrival arrival) except -1
    cdef int match(self, Chain chain, object random) except -1


cdef class Arrival:
    cdef object connection
    cdef bytes data
    cdef Py_ssize_t offset
    cdef ip_t original_ip
    cdef int32_t original_port
    cdef bint redirected
    cdef bint is_tls
    cdef ip_t stated_ip
    cdef int32_t stated_port

    cdef int take(self, object connection) except -1
    cdef const unsigned char* rest(self) noexcept
    cdef int state_tls(self, Chain chain) except -1
    cdef int inspect_tls(self, Chain chain, ListenerFilter filter) except -1
    cdef int inspect_http(self, Chain chain) except -1
    cdef int read_proxy(self, Chain chain, ListenerFilter filter) except -1
    cdef int restore(self, Chain chain) except -1


cdef class ListenerTable:
    cdef readonly tuple listeners
    cdef ByteMap exact
    cdef ByteMap any4
    cdef ByteMap any6
    cdef ByteMap bound_exact
    cdef ByteMap bound_any4
    cdef ByteMap bound_any6
    cdef dict internal

    cdef int put(self, uint32_t number, bint is_bound, const ip_t* ip, int32_t port) except -1
    cdef ByteMap at_any(self, int family, bint bound)
    cdef Listener lookup(self, const ip_t* ip, int32_t port, bint bound)
    cdef Chain accept(self, object connection, object random)
    cdef Listener receive(self, object connection, Chain chain, Arrival arrival)

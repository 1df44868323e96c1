# cython: boundscheck=True, nonecheck=True
"""Original destination clusters (CL-05).

The first of these that gives a valid ip:port is the host: the filter state
envoy.network.transport_socket.original_dst_address, the metadata key (the first element where it is
a list), the header, the restored local address of the connection. Then the port is overridden.
No source: no host. A connection that was not redirected has no restored address.
"""

cimport cython
from libc.stdint cimport uint64_t


from fastroute.core.balancers cimport Balancer, Policy
from fastroute.core.endpoint cimport Endpoint
from fastroute.core.hosts cimport HostSet
from fastroute.core.selection cimport header_of, metadata_of

FILTER_STATE = "envoy.network.transport_socket.original_dst_address"


@cython.final
cdef class OriginalDestination(Balancer):
    def __cinit__(self, Policy policy not None):
        self.sets = [HostSet([])]
        self.header = policy.get("header", None)
        self.metadata_key = policy.get("metadata_key", None)
        self.port = policy.get("port_override", 0)

    cdef Endpoint once(self, uint64_t hash, bint has_hash, int attempt, object random, object skip, object context):
        cdef object found = self._named(context)
        if found is None:
            found = _restored(context)
        if found is None:
            return None
        return Endpoint(found[0], self.port or found[1])

    def _named(self, context):
        cdef object found = None
        cdef object state = getattr(context, "filter_state", None)
        if state is not None:
            found = _parsed(state.get(FILTER_STATE))
        if found is None and self.metadata_key is not None:
            found = _parsed(_at(metadata_of(context, self.metadata_key[0]), self.metadata_key[1]))
        if found is None and self.header is not None:
            found = _parsed(header_of(context, self.header))
        return found


cdef object _at(object value, object path):
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value[0] if isinstance(value, list) and value else value


cdef object _restored(object context):
    """The original destination, of a connection, a chain, or what surrounds a decision."""
    cdef object connection = getattr(context, "connection", None)
    if connection is None:
        connection = getattr(context, "surroundings", None)
    if connection is None:
        connection = context
    destination = getattr(connection, "destination", None)
    if destination is None or not getattr(connection, "restored", True):
        return None
    accepted = getattr(connection, "accepted", None)
    if accepted is not None and tuple(accepted) == tuple(destination):
        return None
    return tuple(destination)


cdef object _parsed(object text):
    """(address, port) of "1.2.3.4:80" or "[::1]:80"; None when it is neither."""
    cdef str host
    if not isinstance(text, str):
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        return None
    if host.startswith("[") and host.endswith("]"):
        host = host.removeprefix("[").removesuffix("]")
        if ":" not in host:
            return None
    elif ":" in host:
        return None
    import ipaddress
    from socket import AF_INET, AF_INET6, inet_ntop

    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    return inet_ntop(AF_INET if found.version == 4 else AF_INET6, found.packed), int(port)

# cython: boundscheck=True, nonecheck=True
"""From a connection to its filter chain: listeners, their listener filters, hand-off, the match.

Rules:

* LS-01 to LS-03: the socket that accepted a connection names the listener. After its listener filters,
  a listener with `use_original_dst` hands the connection to the listener bound to the restored
  destination: the exact address first, then any-address of the same family; else it keeps it.
* LS-05: the second listener runs its own listener filters, and never hands on.
* LF-12, LF-13: what the match sees of TLS and HTTP is what the listener's own filters found; the
  transport protocol is `raw_buffer` when none was found.
* FC-13, FC-19: without a match the default filter chain; a matcher that names a chain that does not
  exist closes the connection instead.

A connection states what the listener filters would find, or gives the first bytes; then the bytes
decide. All bytes that the client sends before it hears anything are given: a filter that needs more
waits until its timeout.
"""

cimport cython

from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memcmp, memset

from fastroute.core.arena cimport NONE
from fastroute.core.bytemap cimport ByteMap, looked_up
from fastroute.core.chain cimport Chain, ChainEntry
from fastroute.core.cidr cimport ip_t, parse_ip, same_ip, unmap, utf8_of
from fastroute.core.client_hello cimport FOUND, NOT_MINE, REFUSED, inspect_client_hello
from fastroute.core.inspectors cimport proxy_extensions, proxy_t, read_http, read_proxy_header
from fastroute.core.record_slots cimport slots_are_of, slots_offset, slots_read
from fastroute.core.sieve cimport Sieve
from fastroute.core.slices cimport slices_has_upper, slices_quick

from fastroute.errors import RequestError

cdef tuple NO_PROTOCOLS = ()
HTTP_PROTOCOLS = frozenset(("http/1.0", "http/1.1", "h2c"))
INTERNAL = "envoy://"
KINDS = {
    "tls_inspector": TLS_INSPECTOR, "http_inspector": HTTP_INSPECTOR, "proxy_protocol": PROXY_PROTOCOL,
    "original_dst": ORIGINAL_DST, "inert": INERT,
}


cdef int read_address(object address, ip_t* ip, int32_t* port) except -1:
    """An (IP text, port) pair; an internal address (`envoy://name/id`) or a path has family 0."""
    cdef object text
    cdef Py_ssize_t size = 0
    cdef const char* data
    cdef long number
    text, number = address
    if not slices_quick(text, &data, &size) or type(text) is not str:
        data = utf8_of(text, &size)
    if data[0] == 47 or data[0] == 64 or (size >= 8 and memcmp(data, b"envoy://", 8) == 0):
        memset(ip, 0, sizeof(ip_t))
    else:
        if not parse_ip(<const unsigned char*>data, size, ip):
            raise RequestError(f"not an IP address: {text!r}")
        unmap(ip)
    if not 0 <= number <= 65535:
        raise RequestError(f"not a port: {number!r}")
    port[0] = number
    return 0


cdef str internal_name(str text):
    """The key of an internal address without its endpoint id; a path is its own key."""
    if text.startswith(INTERNAL):
        return INTERNAL + text[len(INTERNAL):].partition("/")[0]
    return text


cdef str wire_text(object text):
    """Text as the wire carries it: its UTF-8 bytes, one character each."""
    if (<str?>text).isascii():
        return text
    return (<str>text).encode("utf-8", "surrogatepass").decode("latin-1")


cdef str lower_name(object text):
    """A server name as Envoy stores it: ASCII letters in lower case, every other byte as it is."""
    cdef const char* data
    cdef Py_ssize_t size = 0
    if type(text) is str and slices_quick(text, &data, &size):
        # PERF: nearly every name is in lower case already, and keeps its object and its hash.
        return (<str>text).lower() if slices_has_upper(data, size) else text
    if (<str?>text).isascii():
        return (<str>text).lower()
    return (<str>text).encode("utf-8", "surrogatepass").lower().decode("latin-1")


cdef enum:
    # Facts of a connection, in the order of FACTS.
    TO
    FROM
    FROM_DIRECTLY
    ACCEPTED
    TRANSPORT
    NAME
    PROTOCOLS
    FIRST_BYTES
    TLS
    OWN_ADDRESS
    FACT_COUNT

cdef tuple FACTS = (
    "destination", "source", "direct_source", "accepted", "transport_protocol", "server_name", "application_protocols",
    "first_bytes", "tls", "local_address",
)
cdef PyObject* known_kind = NULL       # the class of the first connection whose facts are slots: one of records
cdef Py_ssize_t[FACT_COUNT] known_offsets


cdef inline object fact(object connection, int which):
    cdef PyObject* found = NULL
    if slots_are_of(known_kind, <PyObject*>connection):
        found = slots_read(<PyObject*>connection, known_offsets[which])
    return getattr(connection, FACTS[which]) if found == NULL else <object>found


cdef int learn_kind(object kind) except -1:
    """Note where a class keeps the facts, if it does so in slots."""
    global known_kind
    cdef Py_ssize_t[FACT_COUNT] offsets
    cdef int which
    for which in range(FACT_COUNT):
        attribute = getattr(kind, FACTS[which], None)
        offsets[which] = slots_offset(<PyObject*>attribute)
        if offsets[which] < 0:
            return 0
    known_offsets[:] = offsets
    Py_INCREF(kind)
    known_kind = <PyObject*>kind
    return 0


cdef struct address_t:
    uint64_t high
    uint64_t low
    int32_t family
    int32_t port


cdef inline uint32_t at_address(ByteMap listeners, const ip_t* ip, int32_t port) noexcept nogil:
    cdef address_t key = address_t(ip.high, ip.low, ip.family, port)
    return looked_up(listeners, <const char*>&key, sizeof(key))


cdef inline uint32_t at_port(ByteMap listeners, int32_t port) noexcept nogil:
    return looked_up(listeners, <const char*>&port, sizeof(port))


cdef inline bint is_any(const ip_t* ip) noexcept nogil:
    return ip.high == 0 and ip.low == 0


cdef int put_first(ByteMap listeners, const char* key, Py_ssize_t size, uint32_t number) except -1:
    """The first listener at an address has it."""
    if listeners.get(key, size) == NONE:
        listeners.put(key, size, number)
    return 0


@cython.final
cdef class ListenerFilter:
    def __cinit__(self, str name, str kind, disabled=None, options=None):
        self.name = name
        self.kind = KINDS[kind]
        self.disabled = disabled
        self.options = options


@cython.final
cdef class Listener:
    def __cinit__(
        self, *, str name, addresses, str internal_name="", bint bound=True, bint hands_off=False, bint continues=False,
        bint waits=False, filters=(), entries=(), ChainEntry default_entry=None, sieve=None, matcher=None,
    ):
        self.name = name
        self.addresses = tuple(addresses)
        self.internal_name = internal_name
        self.bound = bound
        self.hands_off = hands_off
        self.continues = continues
        self.waits = waits
        self.filters = tuple(filters)
        self.entries = tuple(entries)
        for each in self.filters:
            if type(each) is not ListenerFilter:
                raise TypeError(f"a listener filter is a ListenerFilter, not {type(each).__name__}")
        for each in self.entries:
            if type(each) is not ChainEntry:
                raise TypeError(f"a filter chain is a ChainEntry, not {type(each).__name__}")
        self.default_entry = default_entry
        self.sieve = Sieve(sieve or {})
        if self.sieve.last >= <int32_t>len(self.entries):
            raise ValueError(f"the match leads to filter chain {self.sieve.last} of {len(self.entries)}")
        self.matcher = matcher

    cdef bint inspect(self, Chain chain, Arrival arrival) except -1:
        """Run the listener filters; False when they close the connection (the chain says why)."""
        cdef ListenerFilter filter
        cdef int verdict
        chain.listener = self.name
        for each in self.filters:
            filter = <ListenerFilter>each       # all of them are, by `__cinit__`
            if filter.disabled is not None and filter.disabled(chain.destination_port):
                continue
            verdict = 0
            if filter.kind == TLS_INSPECTOR:
                verdict = arrival.inspect_tls(chain, filter)
            elif filter.kind == HTTP_INSPECTOR:
                if not chain.transport_protocol or chain.transport_protocol == "raw_buffer":
                    verdict = arrival.inspect_http(chain)
            elif filter.kind == PROXY_PROTOCOL:
                verdict = arrival.read_proxy(chain, filter)
            elif filter.kind == ORIGINAL_DST:
                arrival.restore(chain)
            if verdict == 1 and self.continues and not self.waits:
                return True
            if verdict == 1:
                chain.close("listener_filter_waiting" if self.waits else "listener_filter_timeout")
                return False
            if verdict == 2:
                chain.close("listener_filter_closed")
                return False
        return True

    cdef int match(self, Chain chain, object random) except -1:
        """Choose the filter chain and what it does."""
        cdef int32_t at = -1
        cdef object name
        if not chain.transport_protocol:
            chain.transport_protocol = "raw_buffer"
        if self.matcher is not None:
            name = self.matcher(chain)
            if name is not None:
                for entry in self.entries:
                    if (<ChainEntry>entry).name == name:
                        return chain.choose(<ChainEntry>entry, random)
                return chain.close("filter_chain_not_found")
        else:
            at = self.sieve.find(chain)
        if at >= 0:
            return chain.choose(<ChainEntry>self.entries[at], random)
        if self.default_entry is not None:
            return chain.choose(self.default_entry, random)
        return chain.close("filter_chain_not_found")


cdef inline int verdict_of(int verdict, bint closes) noexcept:
    """What a listener does about an inspector's verdict: go on (0), wait (1), close (2)."""
    if verdict == NOT_MINE:
        return 2 if closes else 0
    return 2 if verdict == REFUSED else verdict


cdef int keep_extensions(Chain chain, tuple rules, list extensions) except -1:
    """Store the values that the rules ask for as dynamic metadata of the connection (LF-09)."""
    metadata = {} if chain.metadata is None else chain.metadata
    for kind, value in extensions:
        for wanted, namespace, key in rules:
            if wanted == kind:
                metadata.setdefault(namespace, {})[key] = (<bytes>value).decode("utf-8", "replace")
    chain.metadata = metadata
    return 0


@cython.final
@cython.no_gc
@cython.freelist(8)
cdef class Arrival:
    """What one connection brings: its stated facts, or its bytes and how far they are consumed."""

    cdef int take(self, object connection) except -1:
        """Note the bytes, or the facts that the connection states when it has none."""
        cdef object transport = fact(connection, TRANSPORT)
        self.connection = connection
        self.data = fact(connection, FIRST_BYTES)
        if self.data is not None:
            return 0
        if transport is None:
            protocols = fact(connection, PROTOCOLS)
            self.is_tls = bool(fact(connection, NAME)) or not HTTP_PROTOCOLS.issuperset(protocols)
        elif transport == "tls":
            self.is_tls = True
        elif transport != "raw_buffer":
            raise RequestError(f"transport_protocol is 'tls' or 'raw_buffer', not {transport!r}")
        return 0

    cdef const unsigned char* rest(self) noexcept:
        return <const unsigned char*><char*>self.data + self.offset

    cdef int inspect_tls(self, Chain chain, ListenerFilter filter) except -1:
        """Verdict of the TLS inspector: 0 go on, 1 needs more bytes, 2 closes (LF-01 to LF-04)."""
        cdef int verdict
        if self.data is None:
            self.state_tls(chain)
            return 0
        limit, closes = filter.options
        verdict, name, protocols = inspect_client_hello(self.rest(), len(self.data) - self.offset, limit)
        if protocols is not None:
            chain.application_protocols = tuple([(<bytes>each).decode("latin-1") for each in protocols])
        if verdict == FOUND:
            chain.transport_protocol = "tls"
            if name is not None:
                chain.server_name = (<bytes>name).decode("latin-1")
        return verdict_of(verdict, closes)

    cdef int state_tls(self, Chain chain) except -1:
        if self.is_tls:
            chain.transport_protocol = "tls"
            name = fact(self.connection, NAME)
            if name is not None:
                chain.server_name = lower_name(name)
            protocols = fact(self.connection, PROTOCOLS)
            if protocols is not NO_PROTOCOLS and protocols:
                chain.application_protocols = tuple([wire_text(protocol) for protocol in protocols])
        return 0

    cdef int inspect_http(self, Chain chain) except -1:
        cdef const char* protocol = b""
        cdef int verdict
        if self.data is not None:
            verdict = read_http(self.rest(), len(self.data) - self.offset, &protocol)
            if verdict == FOUND:
                chain.application_protocols = ((<bytes>protocol).decode(),)
            return verdict_of(verdict, False)
        if not self.is_tls:
            protocols = fact(self.connection, PROTOCOLS)
            if len(protocols) == 1 and protocols[0] in HTTP_PROTOCOLS:
                chain.application_protocols = (protocols[0],)
        return 0

    cdef int read_proxy(self, Chain chain, ListenerFilter filter) except -1:
        """Take the addresses of the header; a destination other than the socket's is a restored one."""
        cdef proxy_t header
        cdef int verdict
        if self.data is None:
            chain.source_ip = self.stated_ip
            chain.source_port = self.stated_port
            return self.restore(chain)
        optional, allowed, rules = filter.options
        verdict = read_proxy_header(self.rest(), len(self.data) - self.offset, optional, allowed, &header)
        if verdict != FOUND:
            return verdict_of(verdict, False)
        self.offset += header.length
        if rules:
            keep_extensions(chain, rules, proxy_extensions(&header))
        if header.local:
            return 0
        chain.source_ip = header.source
        chain.source_port = header.source_port
        if not same_ip(&header.destination, &chain.destination_ip) or header.destination_port != chain.destination_port:
            chain.destination_ip = header.destination
            chain.destination_port = header.destination_port
            chain.restored = True
        return 0

    cdef int restore(self, Chain chain) except -1:
        """The destination before iptables redirected the connection, where it did (LF-10)."""
        if self.redirected:
            chain.destination_ip = self.original_ip
            chain.destination_port = self.original_port
            chain.restored = True
        return 0


@cython.final
cdef class ListenerTable:
    def __cinit__(self, listeners):
        cdef Listener listener
        cdef ip_t ip
        cdef int32_t port
        cdef uint32_t at
        self.listeners = tuple(listeners)
        if not all([type(each) is Listener for each in self.listeners]):
            raise TypeError("listeners are of the class Listener")
        self.exact = ByteMap()
        self.any4 = ByteMap()
        self.any6 = ByteMap()
        self.bound_exact = ByteMap()
        self.bound_any4 = ByteMap()
        self.bound_any6 = ByteMap()
        self.internal = {}
        compatible = []
        for at, listener in enumerate(self.listeners):
            if listener.internal_name:
                self.internal[listener.internal_name] = listener
            for text, number, compat in listener.addresses:
                read_address((text, number), &ip, &port)
                self.put(at, listener.bound, &ip, port)
                if is_any(&ip) and compat and ip.family == 6:
                    compatible.append((at, port, listener.bound))
        memset(&ip, 0, sizeof(ip_t))
        ip.family = 4
        for at, port, bound in compatible:
            self.put(at, bound, &ip, port)

    cdef int put(self, uint32_t number, bint is_bound, const ip_t* ip, int32_t port) except -1:
        """A listener at an address: among all, and among those that are bound to theirs."""
        cdef address_t key = address_t(ip.high, ip.low, ip.family, port)
        for bound in (False, True)[:1 + is_bound]:
            if is_any(ip):
                put_first(self.at_any(ip.family, bound), <const char*>&port, sizeof(port), number)
            else:
                exact = self.bound_exact if bound else self.exact
                put_first(exact, <const char*>&key, sizeof(key), number)
        return 0

    cdef inline ByteMap at_any(self, int family, bint bound):
        """The listeners at any-address of a family, by port."""
        if bound:
            return self.bound_any4 if family == 4 else self.bound_any6
        return self.any4 if family == 4 else self.any6

    cdef Listener lookup(self, const ip_t* ip, int32_t port, bint bound):
        """The listener at exactly this address, else at any-address of its family (LS-03, LS-04)."""
        cdef uint32_t found = at_address(self.bound_exact if bound else self.exact, ip, port)
        if found == NONE:
            found = at_port(self.at_any(ip.family, bound), port)
        return None if found == NONE else <Listener>self.listeners[found]

    cdef Listener receive(self, object connection, Chain chain, Arrival arrival):
        """Fill in the addresses as the accepting socket has them; the listener of that socket."""
        cdef object accepted = fact(connection, ACCEPTED)
        cdef object direct = fact(connection, FROM_DIRECTLY)
        cdef Listener listener
        read_address(fact(connection, TO), &chain.destination_ip, &chain.destination_port)
        read_address(fact(connection, FROM), &arrival.stated_ip, &arrival.stated_port)
        chain.direct_ip = arrival.stated_ip
        chain.direct_port = arrival.stated_port
        if direct is not None:
            read_address(direct, &chain.direct_ip, &chain.direct_port)
        chain.source_ip = chain.direct_ip
        chain.source_port = chain.direct_port
        if chain.destination_ip.family == 0:
            chain.source_ip.family = 0
            chain.direct_ip.family = 0
            return <Listener>self.internal.get(internal_name(fact(connection, TO)[0]))
        if accepted is None:
            listener = self.lookup(&chain.destination_ip, chain.destination_port, False)
            chain.restored = listener is not None and not listener.bound
            return listener
        arrival.original_ip = chain.destination_ip
        arrival.original_port = chain.destination_port
        read_address(accepted, &chain.destination_ip, &chain.destination_port)
        arrival.redirected = not (
            same_ip(&arrival.original_ip, &chain.destination_ip) and arrival.original_port == chain.destination_port
        )
        return self.lookup(&chain.destination_ip, chain.destination_port, True)

    def connect(self, connection, random=0):
        return self.accept(connection, random)

    cdef Chain accept(self, object connection, object random):
        cdef Chain chain = Chain.__new__(Chain)
        cdef Arrival arrival = Arrival.__new__(Arrival)
        cdef Listener listener
        cdef Listener target
        chain.transport_protocol = ""
        chain.server_name = ""
        chain.application_protocols = ()
        chain.reason = ""
        if known_kind == NULL:
            learn_kind(type(connection))
        listener = self.receive(connection, chain, arrival)
        if listener is None:
            return None
        arrival.take(connection)
        chain.tls = fact(connection, TLS)
        chain.local_address = fact(connection, OWN_ADDRESS)
        chain.accepting = listener.name
        if not listener.inspect(chain, arrival):
            return chain
        if listener.hands_off and chain.restored:
            target = self.lookup(&chain.destination_ip, chain.destination_port, False)
            if target is not None:
                listener = target
                if not listener.inspect(chain, arrival):
                    return chain
        listener.match(chain, random)
        return chain

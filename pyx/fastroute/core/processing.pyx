# cython: boundscheck=True, nonecheck=True
"""The headers of a request as routes and upstreams see them, after the connection manager.

Most requests are routed without this: it runs when a route looks at a header that the manager may change, or
when a value that needs it is read from a decision.

HC-09  Hop-by-hop headers go, unless the request is an upgrade; so does a Referer that is no URL without user
       information and fragment, and no reference. Before all, "Expect: 100-continue", where Envoy itself goes on.
HC-40  use_remote_address: the client is the n-th address from the right of x-forwarded-for, else the peer, who
       is appended to it; a loopback peer as Envoy's own address, or the one that it connected to if that is not known.
HC-41  Otherwise the address after skipping n from the right, else the peer; or the one that the first of the
       detection extensions finds: in a header of its own, or in x-forwarded-for.
HC-42  Internal: the address is in internal_ranges, and may be trusted: with use_remote_address when there was
       no x-forwarded-for, otherwise when it had exactly one address and n is 0.
HC-44, HC-45  What edge and external requests lose. HC-46  x-forwarded-proto and :scheme.
HC-47  x-forwarded-port, via, x-forwarded-client-cert and x-request-id. HC-48  Early header mutations.
"""

cimport cython

from fastroute.core.cidr cimport ip_t, ip_to_str
from fastroute.core.decision cimport Decision
from fastroute.core.codec cimport drop, first_of, is_upgrade, store
from fastroute.core.request cimport Context
from fastroute.core.slices cimport text_of
from fastroute.patterns import pattern as _pattern

cdef tuple EDGE = (
    b"x-envoy-decorator-operation", b"x-envoy-downstream-service-cluster", b"x-envoy-downstream-service-node",
    b"x-envoy-original-path", b"x-envoy-original-host",
)
cdef tuple EXTERNAL = (
    b"x-envoy-retriable-status-codes", b"x-envoy-retriable-header-names", b"x-envoy-retry-on",
    b"x-envoy-retry-grpc-on", b"x-envoy-max-retries", b"x-envoy-upstream-alt-stat-name",
    b"x-envoy-upstream-rq-timeout-ms", b"x-envoy-upstream-rq-per-try-timeout-ms",
    b"x-envoy-upstream-rq-timeout-alt-response", b"x-envoy-upstream-stream-duration-ms",
    b"x-envoy-expected-rq-timeout-ms", b"x-envoy-force-trace", b"x-envoy-ip-tags", b"x-envoy-original-url",
    b"x-envoy-hedge-on-per-try-timeout",
)

cdef object ABSOLUTE = _pattern(
    rb"[A-Za-z][A-Za-z0-9+.-]*://@?(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]+))?"
    rb"(?:(?:/[!\"$->@-~]*(?:\?[!\"$-~]*)?|\?[!\"$-~]*)#*)?"
)
cdef object RELATIVE = _pattern(rb"[A-Za-z0-9._~!$&'()*+,;=@?%-]*(?:/[A-Za-z0-9._~!$&'()*+,;=@?%/:-]*)?")

# A header list: pairs of lower-case name and value, changed in place.

cdef int replace(list headers, bytes name, bytes value) except -1:
    """Make `value` the only value, in the old place when there was one."""
    cdef Py_ssize_t at
    for at in range(len(headers)):
        if headers[at][0] == name:
            headers[at:] = [(name, value)] + [pair for pair in headers[at + 1:] if pair[0] != name]
            return 0
    headers.append((name, value))
    return 0


cdef object address_of(bytes text):
    import ipaddress
    try:
        return ipaddress.ip_address(text.decode("latin-1").strip())
    except ValueError:
        return None


cdef str written(object address):
    """An address as inet_ntop writes it, as Envoy does; `str` of it differs by the version of Python."""
    cdef ip_t ip
    cdef object number = int(address)
    if address.version == 4:
        return str(address)
    ip.family = 6
    ip.high, ip.low = number >> 64, number & 0xFFFFFFFFFFFFFFFF
    return ip_to_str(&ip) if address.scope_id is None else f"{ip_to_str(&ip)}%{address.scope_id}"


@cython.final
cdef class HeaderProcessing:
    """See the stub."""

    def __cinit__(self, *, bint use_remote_address=False, int trusted_hops=0, bint skip_append=False,
                  tuple internal_ranges=(), bytes scheme_overwrite=b"", bint append_port=False, bytes via=b"",
                  bint keep_client_cert=False, bint client_cert_on_mtls=False, bint generate_id=True,
                  bint keep_external_id=False, tuple mutations=(), tuple detections=(), bint raw=False,
                  bint keep_expect=False):
        self.use_remote_address = use_remote_address
        self.trusted_hops = trusted_hops
        self.skip_append = skip_append
        self.internal_ranges = internal_ranges
        self.scheme_overwrite = scheme_overwrite
        self.append_port = append_port
        self.via = via
        self.keep_client_cert = keep_client_cert
        self.client_cert_on_mtls = client_cert_on_mtls
        self.generate_id = generate_id
        self.keep_external_id = keep_external_id
        self.mutations = mutations
        self.detections = detections
        self.raw = raw
        self.keep_expect = keep_expect

    cdef int process(self, Decision decision) except -1:
        """Fill in the decision's headers, scheme and client address."""
        cdef list headers = list(decision.received_headers())
        cdef Context context = decision.context
        cdef bint internal
        if self.raw:
            decision.more().headers_processed = headers
            decision.more().scheme_processed = text_of(decision.request_scheme)
            decision.more().client = None if context is None else context.source
            return 0
        if not self.keep_expect and (first_of(headers, b"expect") or b"").lower() == b"100-continue":
            drop(headers, b"expect")
        for kind, name, value in self.mutations:
            mutate(headers, kind, name, value)
        strip_hop_by_hop(headers)
        referer = first_of(headers, b"referer")
        if referer is not None and not is_referer(referer):
            drop(headers, b"referer")
        drop(headers, b"x-envoy-internal")
        internal = self.detect(decision, headers) if self.detections else self.addresses(decision, headers)
        self.forwarded(decision, headers)
        if internal:
            headers.append((b"x-envoy-internal", b"true"))
        else:
            self.external(decision, headers)
        self.identity(decision, headers, internal)
        decision.more().headers_processed = headers
        return 0

    cdef bytes connection_scheme(self, Decision decision):
        cdef Context context = decision.context
        return b"https" if context is not None and context.tls else text_of(decision.request_scheme)

    cdef int detect(self, Decision decision, list headers) except -1:
        """Find the client by the first extension that finds one; 1 when the request is internal."""
        for name, hops, trusted in self.detections:
            if name is None:
                found, trusted = from_forwarded(first_of(headers, b"x-forwarded-for"), hops)
            else:
                value = first_of(headers, name)
                found = None if value is None else address_of(value)
            if found is not None:
                decision.more().client = (written(found), 0)
                return trusted and any([found in network for network in self.internal_ranges])
        decision.more().client = None if decision.context is None else (<Context>decision.context).source
        return 0

    cdef int addresses(self, Decision decision, list headers) except -1:
        """Find the client; 1 when the request is internal."""
        cdef Context context = decision.context
        cdef int skip = self.trusted_hops - 1 if self.use_remote_address else self.trusted_hops
        forwarded = first_of(headers, b"x-forwarded-for")
        peer = None
        cdef bint appends = self.use_remote_address and not self.skip_append
        if context is not None and context.source is not None and (appends or self.internal_ranges):
            peer = address_of(context.source[0].encode())
        found, alone = from_forwarded(forwarded, skip) if skip >= 0 else (None, False)
        if appends and peer is not None:
            self_address = written(peer)
            if self_address in ("127.0.0.1", "::1"):
                if context.local_address is not None:
                    self_address = context.local_address
                elif context.destination is not None:
                    self_address = context.destination[0]
            shown = self_address.encode()
            replace(headers, b"x-forwarded-for", forwarded + b"," + shown if forwarded else shown)
        trusted = forwarded is None if self.use_remote_address else found is not None and alone
        address = found if found is not None else peer
        decision.more().client = None
        if found is not None:
            decision.more().client = (written(found), 0)
        elif context is not None:
            decision.more().client = context.source
        return trusted and address is not None and any([address in network for network in self.internal_ranges])

    cdef int forwarded(self, Decision decision, list headers) except -1:
        """x-forwarded-proto, x-forwarded-port and :scheme."""
        cdef Context context = decision.context
        cdef bint overwrite = self.use_remote_address and self.trusted_hops == 0
        cdef bytes scheme = self.connection_scheme(decision)
        if overwrite or first_of(headers, b"x-forwarded-proto") is None:
            replace(headers, b"x-forwarded-proto", scheme)
        if self.append_port and context is not None and context.destination is not None:
            if overwrite or first_of(headers, b"x-forwarded-port") is None:
                replace(headers, b"x-forwarded-port", str(context.destination[1]).encode())
        if decision.more().scheme_given is not None:
            scheme = decision.more().scheme_given
        else:
            told = first_of(headers, b"x-forwarded-proto").lower()
            scheme = told if told in (b"http", b"https") else scheme
        if self.scheme_overwrite:
            replace(headers, b"x-forwarded-proto", self.scheme_overwrite)
            scheme = self.scheme_overwrite
        decision.more().scheme_processed = scheme.lower()
        return 0

    cdef int external(self, Decision decision, list headers) except -1:
        cdef set gone = set(EXTERNAL)
        if self.use_remote_address:
            gone.update(EDGE)
            if decision.more().client is not None:
                replace(headers, b"x-envoy-external-address", decision.more().client[0].encode())
        if decision.table is not None:
            gone.update(decision.table.internal_only_headers)
        headers[:] = [pair for pair in headers if pair[0] not in gone]
        return 0

    cdef int identity(self, Decision decision, list headers, bint internal) except -1:
        cdef Context context = decision.context
        cdef bint presented = context is not None and context.presented
        if self.via:
            told = first_of(headers, b"via")
            replace(headers, b"via", told + b", " + self.via if told else self.via)
        if not (self.keep_client_cert or (self.client_cert_on_mtls and presented)):
            drop(headers, b"x-forwarded-client-cert")
        if self.generate_id:
            edge = self.use_remote_address and not internal
            if not first_of(headers, b"x-request-id") or (edge and not self.keep_external_id):
                replace(headers, b"x-request-id", request_id(decision))
        return 0


cdef int strip_hop_by_hop(list headers) except -1:
    """Remove what concerns one connection only, unless the request is an upgrade."""
    if not is_upgrade(headers):
        drop(headers, b"connection")
        drop(headers, b"upgrade")
        te = first_of(headers, b"te")
        if te:
            drop(headers, b"te")
            if b"trailers" in [part.strip(b" \t") for part in te.split(b",")]:
                headers.append((b"te", b"trailers"))
    for name in (b"keep-alive", b"proxy-connection", b"transfer-encoding"):
        drop(headers, name)
    return 0


cdef bint is_referer(bytes value) except -1:
    """Whether Envoy lets a Referer pass: an absolute URL as its parser reads one, or what may be a reference."""
    found = ABSOLUTE.fullmatch(value)
    if found is None:
        return RELATIVE.fullmatch(value) is not None
    return found[1] is None or len(found[1].lstrip(b"0")) < 6 and int(found[1]) < 65536


cdef tuple from_forwarded(bytes value, int skip):
    """(address, whether it is the only one) of x-forwarded-for, after skipping `skip` from the right."""
    if value is None:
        return None, False
    parts = value.split(b",")
    if skip >= len(parts):
        return None, False
    return address_of(parts[len(parts) - 1 - skip]), len(parts) == 1 and skip == 0


cdef int mutate(list headers, str kind, name, bytes value) except -1:
    """One early mutation: see the stub."""
    if kind == "remove":
        return drop(headers, name)
    if kind == "remove_matching":
        headers[:] = [pair for pair in headers if not name.match(pair[0])]
        return 0
    present = first_of(headers, name) is not None
    if kind == "set" or (kind == "set_present" and present):
        return replace(headers, name, value)
    if kind == "append" or (kind == "add_absent" and not present):
        return store(headers, name, value)
    return 0


cdef bytes request_id(Decision decision):
    """A UUID in place of the one that Envoy would draw, made of the stream's random value; zeros without one."""
    number = decision.draw() if decision.random_known or decision.random_source is not None else 0
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-9{digits[17:20]}-{digits[20:]}".encode()

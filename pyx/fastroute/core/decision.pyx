# cython: nonecheck=True
"""What was decided about a request, and everything that follows from it, computed when it is read.

The table sets kind, cluster, status, reason and the entry. The values of a chosen route's action (`path`,
`timeout`, `upstream_headers()`, …) are asked of the action object, with the decision as its argument.
"""

cimport cython

from fastroute.core.codec cimport store
from fastroute.core.slices cimport text_of


# The codec answers with the status's own words; the connection manager with no body.
cdef dict CODEC_BODIES = {400: b"Bad Request", 431: b"Request Header Fields Too Large"}


cdef str shown(object value):
    """Bytes as text, one character a byte."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


@cython.final
cdef class Further:
    """What few decisions have, apart from them so that all others are made and freed quickly."""


@cython.final
cdef class Decision:
    """See the stub."""

    def __init__(self, *args, **kwargs):
        raise TypeError("decisions are made by routing")

    cdef Further more(self):
        if self.further is None:
            self.further = Further.__new__(Further)
        return self.further

    cdef uint64_t draw(self) except? 0:
        """The stream's random value: one for everything in this request (RM-22)."""
        if not self.random_known:
            if self.random_source is None:
                raise ValueError("this decision depends on a random value, and none was given")
            drawn = self.random_source() if callable(self.random_source) else self.random_source
            self.random_value = drawn & 0xFFFFFFFFFFFFFFFF
            self.random_known = True
        return self.random_value

    # The route that was chosen.

    @property
    def route(self):
        return self.entry.name

    @property
    def virtual_host(self):
        return self.entry.virtual_host

    @property
    def route_config(self):
        return self.entry.route_config

    @property
    def index(self):
        return self.entry.index

    @property
    def notices(self):
        cdef Further more = self.further
        return () if more is None or more.marks is None else more.marks.of_decision(self, more.chain)

    # The request as it was decided.

    @property
    def original_path(self):
        return text_of(self.request_path)

    @property
    def original_authority(self):
        return text_of(self.request_authority)

    @property
    def original_method(self):
        return text_of(self.request_method)

    @property
    def scheme(self):
        self.processed_headers()
        return self.further.scheme_processed

    @property
    def request_headers(self):
        return self.request_headers_given

    @property
    def random(self):
        return self.draw()

    @property
    def surroundings(self):
        return self.context

    @property
    def dynamic_metadata(self):
        return {} if self.context is None else self.context.dynamic_metadata

    @property
    def filter_state(self):
        return {} if self.context is None else self.context.filter_state

    @property
    def http_filters(self):
        return None if self.manager is None else self.manager.http_filters

    @property
    def router_options(self):
        return None if self.manager is None else self.manager.router

    def given_headers(self):
        """The headers as the caller gave them, in lower case and trimmed; pseudo headers are left out."""
        given = self.request_headers_given
        pairs = given.items() if hasattr(given, "items") else given
        lowered = [(text_of(name).lower(), text_of(value).strip(b" \t")) for name, value in pairs]
        return [pair for pair in lowered if not pair[0].startswith(b":")]

    cdef list received_headers(self):
        """The headers as the codec hands them over."""
        cdef Further more = self.more()
        if more.headers_received is None:
            more.headers_received = []
            for name, value in self.given_headers():
                store(more.headers_received, name, value)
        return more.headers_received

    def processed_headers(self):
        if self.more().headers_processed is None:
            self.manager.process(self)
        return self.further.headers_processed

    def remote_address(self):
        self.processed_headers()
        return self.further.client

    def local_address(self):
        return None if self.context is None else self.context.destination

    @property
    def destination(self):
        return None if self.context is None else self.context.restored

    # What follows from it.

    @property
    def location(self):
        if self.action is None:
            return None if self.further is None else shown(self.further.answer_location)
        return shown(self.action.location(self))

    @property
    def body(self):
        if self.further is not None and self.further.grpc_answer:
            return b""
        if self.action is not None:
            return self.action.body(self)
        codec = self.reason.startswith("http1.") or self.reason == "http.invalid_authority"
        return CODEC_BODIES.get(self.status, b"") if codec else b""

    @property
    def method(self):
        return shown(text_of(self.request_method) if self.action is None else self.action.method(self))

    @property
    def path(self):
        return shown(text_of(self.request_path) if self.action is None else self.action.path(self))

    @property
    def authority(self):
        return shown(text_of(self.request_authority) if self.action is None else self.action.authority(self))

    @property
    def timeout(self):
        return None if self.action is None else self.action.timeout(self)

    @property
    def idle_timeout(self):
        return None if self.action is None else self.action.idle_timeout(self)

    @property
    def max_stream_duration(self):
        return None if self.action is None else self.action.max_stream_duration(self)

    @property
    def retry(self):
        return None if self.action is None else self.action.retry(self)

    @property
    def hash(self):
        return None if self.action is None else self.action.hash(self)

    @property
    def mirrors(self):
        return () if self.action is None else self.action.mirrors(self)

    @property
    def fault(self):
        return None if self.action is None else self.action.fault(self)

    @property
    def priority(self):
        return "default" if self.action is None else self.action.priority(self)

    @property
    def metadata(self):
        return {} if self.action is None else self.action.metadata(self)

    @property
    def metadata_match(self):
        return {} if self.action is None else self.action.metadata_match(self)

    @property
    def rate_limits(self):
        return () if self.action is None else self.action.rate_limits(self)

    @property
    def cors(self):
        return None if self.action is None else self.action.cors(self)

    @property
    def virtual_cluster(self):
        return None if self.action is None else self.action.virtual_cluster(self)

    @property
    def internal_redirect(self):
        return None if self.action is None else self.action.internal_redirect(self)

    def filter_config(self, name):
        return None if self.action is None else self.action.filter_config(self, name)

    def upstream_headers(self, operators=None):
        return [] if self.action is None else self.action.upstream_headers(self, operators)

    def downstream_headers(self, status=None, headers=(), operators=None):
        answer = self.status if status is None else status
        if self.action is None:
            return [(text_of(name), text_of(value)) for name, value in headers]
        return self.action.downstream_headers(self, answer, headers, operators)

    def __repr__(self):
        where = f", status={self.status}, reason={self.reason!r}" if self.kind != "forward" else ""
        return f"<Decision {self.kind}: cluster={self.cluster!r}, route={self.route!r}{where}>"

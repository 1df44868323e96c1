# cython: boundscheck=True, nonecheck=True
"""What was decided about a request, and everything that follows from it, computed when it is read.

The table sets kind, cluster, status, reason and the entry. The values of a chosen route's action (`path`,
`timeout`, `upstream_headers()`, …) are asked of the action object, with the decision as its argument.
"""

cimport cython

from fastroute.core.arena cimport NONE
from fastroute.core.codec cimport store
from fastroute.core.entries cimport Entry
from fastroute.core.rows cimport RouteRows, index_of
from fastroute.core.headers cimport is_managed
from fastroute.core.slices cimport Slice, same_folded, text_of, view

from fastroute.core.headers import INLINE_HEADERS as _INLINE


# The codec answers with the status's own words; the connection manager with no body.
cdef frozenset UNPROCESSED = frozenset([    # answers given before the manager looks at headers
    "path_normalization_failed", "query_missing_content_type", "absolute_path_rejected", "missing_host_header",
])
cdef dict CODEC_BODIES = {400: b"Bad Request", 403: b"Forbidden", 431: b"Request Header Fields Too Large"}


cdef str shown(object value):
    """Bytes as text, one character a byte."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


@cython.final
cdef class Further:
    """What few decisions have, apart from them so that all others are made and freed quickly."""


@cython.final
cdef class Decision:
    """The answer to a request. Read-only, made by routing alone.

    Text of the request that reaches the upstream (`path`, `authority`, `method`, `location`) is `str`, one
    character per byte (Latin-1). Times are seconds.

    `kind` is `forward`, `redirect` or `respond`. `cluster` is where the request is forwarded to; `status` and
    `reason` (response code details) are those of Envoy's own answer. `value` is what `Router.bind` gave the
    cluster. `entry` and `action` are the chosen route's place and what computes its values.
    """

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

    cdef Entry entry_of(self):
        cdef RouteRows rows
        if type(self.named_by) is not RouteRows:
            return <Entry>self.named_by
        rows = <RouteRows>self.named_by
        return <Entry>rows.hosts[self.host] if self.number == NONE else rows.entry(self.number)

    @property
    def entry(self):
        return self.entry_of()

    @property
    def route(self):
        """`Route.name` of the chosen route; empty when it has none, or when no route was chosen."""
        return self.entry_of().name

    @property
    def virtual_host(self):
        """`VirtualHost.name`; empty when none was chosen."""
        return self.entry_of().virtual_host

    @property
    def route_config(self):
        """`RouteConfiguration.name`."""
        return self.entry_of().route_config

    @property
    def index(self):
        """The route's position in its virtual host's list; -1 when no route was chosen."""
        if type(self.named_by) is RouteRows and self.number != NONE:
            return index_of(<RouteRows>self.named_by, self.number)
        return self.entry_of().index

    @property
    def notices(self):
        """What lenient loading let through and this decision touches; empty when it is exact.

        A part that cannot be decided (a field, a filter, a cluster) marks the decisions that it may have
        changed: those of its route, from its route on, of its virtual host, its filter chain, its cluster.
        """
        cdef Further more = self.further
        return () if more is None or more.marks is None else more.marks.of_decision(self, more.chain)

    # The request as it was decided.

    @property
    def original_path(self):
        """The request's path with its query as routes saw it: after the connection manager's normalisation."""
        return text_of(self.request_path)

    @property
    def original_authority(self):
        """The request's authority, after the connection manager's normalisation."""
        return text_of(self.request_authority)

    @property
    def original_method(self):
        """The request's method."""
        return text_of(self.request_method)

    @property
    def scheme(self):
        """The request's `:scheme`, as the connection manager determined it."""
        self.processed_headers()
        return self.further.scheme_processed

    @property
    def request_headers(self):
        """The request headers as they were passed in."""
        return self.request_headers_given

    @property
    def random(self):
        """The stream's random value, drawn now if nothing needed it yet. Raises ValueError when none was given."""
        return self.draw()

    @property
    def surroundings(self):
        """The connection's facts, metadata and filter state that the request came with."""
        return self.context

    @property
    def dynamic_metadata(self):
        """Filter name to value, as the request came with it."""
        return {} if self.context is None else self.context.dynamic_metadata

    @property
    def filter_state(self):
        """Filter state key to text, as the request came with it."""
        return {} if self.context is None else self.context.filter_state

    @property
    def http_filters(self):
        """Name and type of each HTTP filter of the connection manager, in order; `None` without a manager."""
        return None if self.manager is None else self.manager.http_filters

    @property
    def router_options(self):
        """Options of the router filter and of its connection manager; `None` for Envoy's defaults."""
        return None if self.manager is None else self.manager.router

    def given_headers(self):
        """The request headers as given, with lower-case names, trimmed; without pseudo headers."""
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

    def untouched(self, bytes name not None):
        """The values of a header that routes see as the caller gave it; None where that is not certain at a glance."""
        cdef list found = []
        cdef Slice text
        if self.manager is None or self.manager.processing.mutations or is_managed(name) or b"_" in name:
            return None
        if self.further is not None and self.further.headers_received is not None:
            return None
        if self.table is not None and name in self.table.internal_only_headers:
            return None
        given = self.request_headers_given
        for key, value in given.items() if hasattr(given, "items") else given:
            view(key, &text)
            if text.size == len(name) and same_folded(text.data, name, text.size):
                found.append(text_of(value).strip(b" \t"))
        # HC-08: lines of these are joined.
        return None if len(found) > 1 and (name == b"cookie" or name in _INLINE) else found

    def processed_headers(self):
        """The request headers after the connection manager's processing, as routes saw them."""
        if self.more().headers_processed is None:
            self.manager.process(self)
        return self.further.headers_processed

    def remote_address(self):
        """The trusted client address; `None` when no connection is known."""
        self.processed_headers()
        return self.further.client

    def local_address(self):
        """The address that the connection was made to; `None` when no connection is known."""
        return None if self.context is None else self.context.destination

    def own_address(self):
        """The address that Envoy tells as its own in x-forwarded-for; `None` when no connection is known."""
        if self.context is None:
            return None
        if self.context.local_address is not None:
            return self.context.local_address
        return None if self.context.destination is None else self.context.destination[0]

    @property
    def destination(self):
        """The original destination that a listener filter restored: the host of an ORIGINAL_DST cluster."""
        return None if self.context is None else self.context.restored

    # What follows from it.

    @property
    def location(self):
        """The Location header of Envoy's own answer."""
        if self.action is None:
            return None if self.further is None else shown(self.further.answer_location)
        return shown(self.action.location(self))

    @property
    def body(self):
        """The body of Envoy's own answer."""
        text = self.unfiltered_body()
        if not text or not self.filtered():
            return text
        return self.filters_answer(self.status, self.unfiltered_headers(self.status, (), None), text).text

    cdef bytes unfiltered_body(self):
        if self.further is not None and self.further.grpc_answered:
            return b""
        if self.action is not None:
            return self.action.body(self)
        return self.codec_body()

    cdef bint filtered(self) except -1:
        """Whether there are filters that change what passes them."""
        return self.manager is not None and self.manager.router is not None and bool(self.manager.router.filters)

    cdef object filters_answer(self, int status, object pairs, bytes text):
        from fastroute.action.filters import answered
        return answered(self, None if self.action is None else self.action.levels, status, pairs, text)

    cdef bytes codec_body(self):
        cdef str reason = self.reason
        codec = reason is not None and (reason.startswith("http1.") or reason == "http.invalid_authority")
        return CODEC_BODIES.get(self.status, b"") if codec else b""

    @property
    def answered_status(self):
        """The status of Envoy's own answer before a gRPC client is told 200; 0 when the request is forwarded."""
        return self.further.grpc_answered if self.further is not None and self.further.grpc_answered else self.status

    @property
    def method(self):
        """The method that the upstream sees."""
        return shown(text_of(self.request_method) if self.action is None else self.action.method(self))

    @property
    def path(self):
        """The path with its query that the upstream sees; `None` for CONNECT."""
        return shown(text_of(self.request_path) if self.action is None else self.action.path(self))

    @property
    def authority(self):
        """The authority that the upstream sees."""
        return shown(text_of(self.request_authority) if self.action is None else self.action.authority(self))

    @property
    def timeout(self):
        """Seconds until the upstream must have answered (`RouteAction.timeout`); `None` for never."""
        return None if self.action is None else self.action.timeout(self)

    @property
    def idle_timeout(self):
        """Seconds that the stream may idle (`RouteAction.idle_timeout`); `None` when the route does not say."""
        return None if self.action is None else self.action.idle_timeout(self)

    @property
    def max_stream_duration(self):
        """Seconds that the stream may take (`RouteAction.max_stream_duration`); `None` when the route does not say."""
        return None if self.action is None else self.action.max_stream_duration(self)

    @property
    def retry(self):
        """How failed attempts are repeated (`RetryPolicy`); `None` when they are not."""
        return None if self.action is None else self.action.retry(self)

    @property
    def hash(self):
        """The 64-bit hash of the route's `hash_policy`; `None` when none applies."""
        return None if self.action is None else self.action.hash(self)

    @property
    def mirrors(self):
        """The clusters that get a copy (`request_mirror_policies`)."""
        return () if self.action is None else self.action.mirrors(self)

    @property
    def fault(self):
        """The fault that the route's own fault configuration injects; `None` without one."""
        return None if self.action is None else self.action.fault(self)

    @property
    def priority(self):
        """`default` or `high` (`RouteAction.priority`)."""
        return "default" if self.action is None else self.action.priority(self)

    @property
    def metadata(self):
        """`Route.metadata`: filter name to plain values."""
        return {} if self.action is None else self.action.metadata(self)

    @property
    def metadata_match(self):
        """The merged `envoy.lb` criteria that choose the subset of endpoints."""
        return {} if self.action is None else self.action.metadata_match(self)

    @property
    def rate_limits(self):
        """The rate-limit descriptors that the request produces."""
        return () if self.action is None else self.action.rate_limits(self)

    @property
    def cors(self):
        """The CORS policy in force; `None` without one."""
        return None if self.action is None else self.action.cors(self)

    @property
    def virtual_cluster(self):
        """The first matching virtual cluster, `other` when none matches, `None` when there are none."""
        return None if self.action is None else self.action.virtual_cluster(self)

    @property
    def internal_redirect(self):
        """How redirects of the upstream are followed (`InternalRedirectPolicy`); `None` when they are passed on."""
        return None if self.action is None else self.action.internal_redirect(self)

    def filter_config(self, name):
        """The most specific `typed_per_filter_config` for the HTTP filter `name`; `None` without one."""
        return None if self.action is None else self.action.filter_config(self, name)

    def upstream_headers(self, operators=None):
        """The request headers that reach the upstream.

        `operators` gives the value of a format operator that only the proxy knows, by its name and argument
        (`operators("START_TIME", "%s")`); only lenient loading lets such operators through.
        """
        return [] if self.action is None else self.action.upstream_headers(self, operators)

    def downstream_headers(self, status=None, headers=(), operators=None):
        """The response headers that reach the client, for a response with `status` and `headers`.

        `status` is that of Envoy's own answer unless given. What the connection manager adds to every
        response (`server`, `date`, x-envoy-upstream-service-time) is not among them. `operators` is that
        of `upstream_headers`.
        """
        from fastroute.action.local_reply import managed
        answer = self.status if status is None else status
        pairs = self.unfiltered_headers(answer, headers, operators)
        if self.filtered():
            text = b"" if self.kind == "forward" else self.unfiltered_body()
            pairs = self.filters_answer(answer, pairs, text).headers.pairs
        if self.manager is None:
            return pairs
        always = self.router_options is not None and self.router_options.request_id_in_response
        early = self.kind != "forward" and (self.reason in UNPROCESSED or self.reason.startswith("http"))
        request = self.received_headers() if early else self.processed_headers()
        if self.reason is not None and self.reason.startswith("http"):
            request = []                # such answers come before any header is looked at
        return managed(pairs, request, self.manager.via(), always=always)

    cdef object unfiltered_headers(self, int status, object headers, object operators):
        """The response headers before any filter sees them."""
        from fastroute.action.local_reply import without_route
        if self.action is not None:
            return self.action.downstream_headers(self, status, headers, operators)
        given = [(text_of(name), text_of(value)) for name, value in headers]
        location = None if self.further is None else self.further.answer_location
        codec = self.reason.startswith("http")
        return without_route(self, self.answered_status, self.unfiltered_body(), location, given, codec=codec)

    def __repr__(self):
        where = f", status={self.status}, reason={self.reason!r}" if self.kind != "forward" else ""
        return f"<Decision {self.kind}: cluster={self.cluster!r}, route={self.route!r}{where}>"

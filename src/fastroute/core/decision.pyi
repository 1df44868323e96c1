"""What was decided about a request, and everything that follows from it, computed when it is read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NoReturn, final

from fastroute.action.protocol import Action
from fastroute.action.router_options import RouterOptions
from fastroute.core.entries import Entry
from fastroute.core.request import Context
from fastroute.errors import Notice

@final
class Further:
    """What few decisions have, for extension modules."""

    def __new__(cls) -> Further: ...

@final
class Decision:
    """The answer to a request. Read-only, made by routing alone.

    Text of the request that reaches the upstream (`path`, `authority`, `method`, `location`) is `str`, one
    character per byte (Latin-1). Times are seconds.

    `kind` is `forward`, `redirect` or `respond`. `cluster` is where the request is forwarded to; `status` and
    `reason` (response code details) are those of Envoy's own answer. `value` is what `Router.bind` gave the
    cluster. `entry` and `action` are the chosen route's place and what computes its values.
    """

    def __init__(self, *args: object, **kwargs: object) -> NoReturn: ...

    value: object
    """The embedder's own object for the cluster (`Router.bind`), or `None`."""

    @property
    def kind(self) -> Literal["forward", "redirect", "respond"]:
        """`forward` to a cluster, or an answer by Envoy itself: a `redirect`, or any other response (`respond`)."""

    @property
    def cluster(self) -> str | None:
        """The cluster that the request is forwarded to; `None` unless `kind` is `forward`."""

    @property
    def status(self) -> int:
        """The HTTP status of Envoy's own answer; 0 when the request is forwarded."""

    @property
    def reason(self) -> str | None:
        """Envoy's response code details (`route_not_found`, `direct_response`, …); `None` when forwarded.

        `undecidable` is fastroute's own: lenient loading let the route through, and `status` is 0.
        """

    @property
    def action(self) -> Action | None:
        """What computes the lazy values; `None` where Envoy answers without a route's action."""

    @property
    def entry(self) -> Entry:
        """Names and place of the chosen route; empty names and index -1 where there is none."""

    @property
    def route(self) -> str:
        """`Route.name` of the chosen route; empty when it has none, or when no route was chosen."""

    @property
    def virtual_host(self) -> str:
        """`VirtualHost.name`; empty when none was chosen."""

    @property
    def route_config(self) -> str:
        """`RouteConfiguration.name`."""

    @property
    def index(self) -> int:
        """The route's position in its virtual host's list; -1 when no route was chosen."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What lenient loading let through and this decision touches; empty when it is exact.

        A part that cannot be decided (a field, a filter, a cluster) marks the decisions that it may have
        changed: those of its route, from its route on, of its virtual host, its filter chain, its cluster.
        """

    @property
    def original_path(self) -> bytes | None:
        """The request's path with its query as routes saw it: after the connection manager's normalisation."""

    @property
    def original_authority(self) -> bytes:
        """The request's authority, after the connection manager's normalisation."""

    @property
    def original_method(self) -> bytes:
        """The request's method."""

    @property
    def scheme(self) -> bytes:
        """The request's `:scheme`, as the connection manager determined it."""

    @property
    def request_headers(self) -> object:
        """The request headers as they were passed in."""

    @property
    def random(self) -> int:
        """The stream's random value, drawn now if nothing needed it yet. Raises ValueError when none was given."""

    @property
    def surroundings(self) -> Context | None:
        """The connection's facts, metadata and filter state that the request came with."""

    @property
    def dynamic_metadata(self) -> Mapping[str, object]:
        """Filter name to value, as the request came with it."""

    @property
    def filter_state(self) -> Mapping[str, str]:
        """Filter state key to text, as the request came with it."""

    @property
    def answered_status(self) -> int:
        """The status of Envoy's own answer before a gRPC client is told 200; 0 when the request is forwarded."""

    @property
    def http_filters(self) -> tuple[tuple[str, str], ...] | None:
        """Name and type of each HTTP filter of the connection manager, in order; `None` without a manager."""

    @property
    def router_options(self) -> RouterOptions | None:
        """Options of the router filter and of its connection manager; `None` for Envoy's defaults."""

    def given_headers(self) -> list[tuple[bytes, bytes]]:
        """The request headers as given, with lower-case names, trimmed; without pseudo headers."""

    def untouched(self, name: bytes) -> list[bytes] | None:
        """The values of a header that routes see as the caller gave it; None where that is not certain at a glance."""
    def processed_headers(self) -> list[tuple[bytes, bytes]]:
        """The request headers after the connection manager's processing, as routes saw them."""

    def remote_address(self) -> tuple[str, int] | None:
        """The trusted client address; `None` when no connection is known."""

    def local_address(self) -> tuple[str, int] | None:
        """The address that the connection was made to; `None` when no connection is known."""

    def own_address(self) -> str | None:
        """The address that Envoy tells as its own in x-forwarded-for; `None` when no connection is known."""

    @property
    def destination(self) -> tuple[str, int] | None:
        """The original destination that a listener filter restored: the host of an ORIGINAL_DST cluster."""

    @property
    def location(self) -> str | None:
        """The Location header of Envoy's own answer."""

    @property
    def body(self) -> bytes:
        """The body of Envoy's own answer."""

    @property
    def method(self) -> str:
        """The method that the upstream sees."""

    @property
    def path(self) -> str | None:
        """The path with its query that the upstream sees; `None` for CONNECT."""

    @property
    def authority(self) -> str:
        """The authority that the upstream sees."""

    @property
    def timeout(self) -> float | None:
        """Seconds until the upstream must have answered (`RouteAction.timeout`); `None` for never."""

    @property
    def idle_timeout(self) -> float | None:
        """Seconds that the stream may idle (`RouteAction.idle_timeout`); `None` when the route does not say."""

    @property
    def max_stream_duration(self) -> float | None:
        """Seconds that the stream may take (`RouteAction.max_stream_duration`); `None` when the route does not say."""

    @property
    def retry(self) -> object:
        """How failed attempts are repeated (`RetryPolicy`); `None` when they are not."""

    @property
    def hash(self) -> int | None:
        """The 64-bit hash of the route's `hash_policy`; `None` when none applies."""

    @property
    def mirrors(self) -> tuple[object, ...]:
        """The clusters that get a copy (`request_mirror_policies`)."""

    @property
    def fault(self) -> object:
        """The fault that the route's own fault configuration injects; `None` without one."""

    @property
    def priority(self) -> str:
        """`default` or `high` (`RouteAction.priority`)."""

    @property
    def metadata(self) -> Mapping[str, object]:
        """`Route.metadata`: filter name to plain values."""

    @property
    def metadata_match(self) -> Mapping[str, object]:
        """The merged `envoy.lb` criteria that choose the subset of endpoints."""

    @property
    def rate_limits(self) -> tuple[object, ...]:
        """The rate-limit descriptors that the request produces."""

    @property
    def cors(self) -> object:
        """The CORS policy in force; `None` without one."""

    @property
    def virtual_cluster(self) -> str | None:
        """The first matching virtual cluster, `other` when none matches, `None` when there are none."""

    @property
    def internal_redirect(self) -> object:
        """How redirects of the upstream are followed (`InternalRedirectPolicy`); `None` when they are passed on."""

    def filter_config(self, name: str) -> object:
        """The most specific `typed_per_filter_config` for the HTTP filter `name`; `None` without one."""

    def upstream_headers(
        self, operators: Callable[[str, str], bytes | None] | None = None
    ) -> list[tuple[bytes, bytes]]:
        """The request headers that reach the upstream.

        `operators` gives the value of a format operator that only the proxy knows, by its name and argument
        (`operators("START_TIME", "%s")`); only lenient loading lets such operators through.
        """

    def downstream_headers(
        self,
        status: int | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
        operators: Callable[[str, str], bytes | None] | None = None,
    ) -> list[tuple[bytes, bytes]]:
        """The response headers that reach the client, for a response with `status` and `headers`.

        `status` is that of Envoy's own answer unless given. What the connection manager adds to every
        response (`server`, `date`, x-envoy-upstream-service-time) is not among them. `operators` is that
        of `upstream_headers`.
        """

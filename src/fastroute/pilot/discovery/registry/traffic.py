"""VirtualService: how requests and connections to a host are routed (networking.istio.io)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from fastroute.pilot.discovery.registry.names import (
    Filled,
    HeaderName,
    HeaderValue,
    HostOrAddress,
    Line,
    MaybeLabel,
    ObjectName,
    OtherHeader,
    Subnet,
    TargetHost,
    Visibility,
    WrittenHeader,
)
from fastroute.pilot.discovery.registry.values import (
    ANYTHING,
    Duration,
    Pattern,
    Percent,
    PortNumber,
    Regex,
    Share,
    Span,
    Status,
    Unsigned,
    Weight,
)

Groups = tuple[tuple[str, ...], ...]
REDIRECTS: Final = (301, 302, 303, 307, 308)
CLAIMS: Final = "@request.auth.claims"
"""Names of headers that begin so mean claims of a JSON Web Token."""


GrpcStatus = Literal[
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
]  # fmt: skip
"""The statuses of gRPC, in the order of their numbers."""


@dataclass(frozen=True, slots=True)
class StringMatch:
    """Exact, prefix or regular expression; none of them, or the expression `*`, means: present."""

    ONE_OF: ClassVar[Groups] = (("exact", "prefix", "regex"),)

    exact: str | None = None
    prefix: str | None = None
    regex: Pattern | None = None

    @property
    def is_presence(self) -> bool:
        """Whether any value will do."""
        return self.exact is None and self.prefix is None and self.regex in (None, ANYTHING)


@dataclass(frozen=True, slots=True)
class TextMatch(StringMatch):
    """The same for texts other than paths, of which any begins with nothing."""

    prefix: Filled | None = None


@dataclass(frozen=True, slots=True)
class OriginMatch(TextMatch):
    """An origin; something must be said of it."""

    exact: Filled | None = None

    def __post_init__(self) -> None:
        if self.exact is None and self.prefix is None and self.regex is None:
            raise ValueError("exact, prefix or regex is required")


@dataclass(frozen=True, slots=True)
class PortSelector:
    """A port of the destination's service."""

    number: PortNumber


@dataclass(frozen=True, slots=True)
class Destination:
    """A service, perhaps one subset of it."""

    host: TargetHost
    subset: MaybeLabel = ""
    port: PortSelector | None = None


@dataclass(frozen=True, slots=True)
class HeaderOperations:
    """What is done to headers: set replaces, add appends."""

    set: Mapping[WrittenHeader, HeaderValue] = field(default_factory=dict)
    add: Mapping[WrittenHeader, HeaderValue] = field(default_factory=dict)
    remove: tuple[OtherHeader, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseOperations:
    """The same for a response, which has no host."""

    set: Mapping[OtherHeader, HeaderValue] = field(default_factory=dict)
    add: Mapping[OtherHeader, HeaderValue] = field(default_factory=dict)
    remove: tuple[OtherHeader, ...] = ()


@dataclass(frozen=True, slots=True)
class Headers:
    """Header changes of the request and of the response."""

    request: HeaderOperations = HeaderOperations()
    response: ResponseOperations = ResponseOperations()


@dataclass(frozen=True, slots=True)
class HTTPRouteDestination:
    """A destination with its share of the requests."""

    destination: Destination
    weight: Weight = Weight(0)
    headers: Headers = Headers()


@dataclass(frozen=True, slots=True)
class HTTPMatch:
    """One way for a request to match: all that is set must hold."""

    name: str = ""
    uri: StringMatch | None = None
    ignore_uri_case: bool = False
    scheme: TextMatch | None = None
    method: TextMatch | None = None
    authority: TextMatch | None = None
    headers: Mapping[HeaderName, TextMatch] = field(default_factory=dict)
    without_headers: Mapping[HeaderName, TextMatch] = field(default_factory=dict)
    query_params: Mapping[Filled, TextMatch] = field(default_factory=dict)
    port: PortNumber | None = None
    source_labels: Mapping[str, str] = field(default_factory=dict)
    source_namespace: MaybeLabel = ""
    gateways: tuple[str, ...] = ()
    stat_prefix: str = ""

    def __post_init__(self) -> None:
        if self.uri is not None and self.uri.regex == ANYTHING:
            raise ValueError("uri: '*' is no regular expression of RE2; leave uri out to match any path")
        for name in (*self.headers, *self.without_headers):
            if name.startswith(CLAIMS):
                raise ValueError(
                    f"{name}: matching claims of a token needs RequestAuthentication, which is not read yet"
                )


@dataclass(frozen=True, slots=True)
class Redirect:
    """Answer with a redirection."""

    ONE_OF: ClassVar[Groups] = (("port", "derivePort"), ("uri", "prefixRewrite"))

    uri: Line = ""
    prefix_rewrite: Line = ""
    authority: Line = ""
    port: PortNumber | None = None
    derive_port: Literal["FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"] | None = None
    scheme: Literal["", "http", "https"] = ""
    redirect_code: Unsigned = Unsigned(301)

    def __post_init__(self) -> None:
        if self.redirect_code not in REDIRECTS:
            raise ValueError(f"redirectCode {self.redirect_code} is none of {', '.join(map(str, REDIRECTS))}")


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a direct response."""

    ONE_OF: ClassVar[Groups] = (("string", "bytes"),)

    string: str | None = None
    bytes: str | None = None


@dataclass(frozen=True, slots=True)
class DirectResponse:
    """Answer without asking anybody."""

    status: Status
    body: Body | None = None


@dataclass(frozen=True, slots=True)
class RegexRewrite:
    """Replace what matches in the path."""

    match: Regex
    rewrite: Line


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Change path or authority before forwarding."""

    ONE_OF: ClassVar[Groups] = (("uri", "uriRegexRewrite"),)

    uri: Line = ""
    authority: Line = ""
    uri_regex_rewrite: RegexRewrite | None = None


@dataclass(frozen=True, slots=True)
class Retries:
    """When and how often to try again; zero attempts switch retries off."""

    attempts: Unsigned = Unsigned(0)
    per_try_timeout: Span | None = None
    retry_on: str = ""
    retry_remote_localities: bool | None = None
    retry_ignore_previous_hosts: bool | None = None
    backoff: Span | None = None


@dataclass(frozen=True, slots=True)
class Delay:
    """Hold requests back."""

    LATER: ClassVar[Mapping[str, str]] = {"exponentialDelay": "Use fixedDelay; Istio has no other either."}

    fixed_delay: Span
    percent: Share | None = None
    percentage: Percent | None = None


@dataclass(frozen=True, slots=True)
class Abort:
    """Answer requests with an error."""

    ONE_OF: ClassVar[Groups] = (("httpStatus", "grpcStatus"),)
    LATER: ClassVar[Mapping[str, str]] = {"http2Error": "Use httpStatus or grpcStatus; Istio has no other either."}

    http_status: Status | None = None
    grpc_status: GrpcStatus | None = None
    percentage: Percent | None = None

    def __post_init__(self) -> None:
        if self.http_status is None and self.grpc_status is None:
            raise ValueError("httpStatus or grpcStatus is required")


@dataclass(frozen=True, slots=True)
class Fault:
    """Injected faults."""

    delay: Delay | None = None
    abort: Abort | None = None


@dataclass(frozen=True, slots=True)
class Mirror:
    """A destination that gets a copy of some requests."""

    destination: Destination
    percentage: Percent | None = None


@dataclass(frozen=True, slots=True)
class Cors:
    """Cross-origin resource sharing."""

    allow_origin: tuple[str, ...] = ()
    allow_origins: tuple[OriginMatch, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: Span | None = None
    allow_credentials: bool | None = None
    unmatched_preflights: Literal["UNSPECIFIED", "FORWARD", "IGNORE"] = "UNSPECIFIED"


@dataclass(frozen=True, slots=True)
class Delegate:
    """Another VirtualService that holds the routes."""

    name: ObjectName
    namespace: MaybeLabel = ""


@dataclass(frozen=True, slots=True)
class HTTPRoute:
    """A rule for HTTP: who matches, and what happens."""

    ONE_OF: ClassVar[Groups] = (("route", "redirect"), ("route", "directResponse"), ("redirect", "directResponse"))

    name: str = ""
    match: tuple[HTTPMatch, ...] = ()
    route: tuple[HTTPRouteDestination, ...] = ()
    redirect: Redirect | None = None
    direct_response: DirectResponse | None = None
    delegate: Delegate | None = None
    rewrite: Rewrite | None = None
    timeout: Duration | None = None
    retries: Retries | None = None
    fault: Fault | None = None
    mirror: Destination | None = None
    mirror_percent: Share | None = None
    mirror_percentage: Percent | None = None
    mirrors: tuple[Mirror, ...] = ()
    cors_policy: Cors | None = None
    headers: Headers = Headers()

    def __post_init__(self) -> None:
        if not (self.route or self.redirect or self.direct_response or self.delegate):
            raise ValueError("one of route, redirect, directResponse and delegate is required")
        if len(self.route) > 1 and not any(one.weight for one in self.route):
            raise ValueError("with several destinations at least one needs a weight")


@dataclass(frozen=True, slots=True)
class RouteDestination:
    """A destination of connections, with its share."""

    destination: Destination
    weight: Weight = Weight(0)


@dataclass(frozen=True, slots=True)
class TLSMatch:
    """Which TLS connections: by server name, and where they go or come from."""

    sni_hosts: tuple[HostOrAddress, ...]
    destination_subnets: tuple[Subnet, ...] = ()
    port: PortNumber | None = None
    source_labels: Mapping[str, str] = field(default_factory=dict)
    gateways: tuple[str, ...] = ()
    source_namespace: MaybeLabel = ""


@dataclass(frozen=True, slots=True)
class TLSRoute:
    """A rule for TLS that is passed through."""

    match: tuple[TLSMatch, ...]
    route: tuple[RouteDestination, ...] = ()


@dataclass(frozen=True, slots=True)
class L4Match:
    """Which TCP connections."""

    LATER: ClassVar[Mapping[str, str]] = {"sourceSubnet": "Use sourceLabels; Istio ignores sourceSubnet."}

    destination_subnets: tuple[Subnet, ...] = ()
    port: PortNumber | None = None
    source_labels: Mapping[str, str] = field(default_factory=dict)
    gateways: tuple[str, ...] = ()
    source_namespace: MaybeLabel = ""


@dataclass(frozen=True, slots=True)
class TCPRoute:
    """A rule for TCP."""

    match: tuple[L4Match, ...] = ()
    route: tuple[RouteDestination, ...] = ()


@dataclass(frozen=True, slots=True)
class VirtualService:
    """`VirtualService.spec`."""

    hosts: tuple[HostOrAddress, ...] = ()
    gateways: tuple[str, ...] = ()
    http: tuple[HTTPRoute, ...] = ()
    tls: tuple[TLSRoute, ...] = ()
    tcp: tuple[TCPRoute, ...] = ()
    export_to: tuple[Visibility, ...] = ()

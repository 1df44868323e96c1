"""What became of a connection."""

from collections.abc import Container, Iterable, Mapping
from typing import Literal, final

from fastroute.errors import Notice
from fastroute.request import TlsFacts

@final
class ChainEntry:
    """What one filter chain does with its connections; built by `fastroute.compile.network_filters`.

    `weighted`: cluster, weight and metadata match of each weighted cluster. `checks`: called with the
    `Chain`, each answers whether the connection passes, and the name of the policy that decided.
    `known_clusters`: the clusters that exist, None when that is not known. `tls`: what is known of a client's
    certificate where nobody says, on a chain that speaks TLS; None on one that does not.
    """

    name: str
    index: int
    kind: str
    reason: str
    cluster: str | None
    weighted: tuple[tuple[str, int, object], ...]
    total: int
    from_server_name: bool
    manager: object
    route_config: str
    body: bytes | None
    checks: tuple[object, ...]
    filters: tuple[str, ...]
    metadata_match: object
    hash_policy: object
    known_clusters: Container[str] | None
    tls: TlsFacts | None

    def __new__(
        cls,
        *,
        name: str,
        index: int,
        kind: str,
        reason: str = "",
        cluster: str | None = None,
        weighted: Iterable[tuple[str, int, object]] = (),
        from_server_name: bool = False,
        manager: object = None,
        route_config: str = "",
        body: bytes | None = None,
        checks: Iterable[object] = (),
        filters: Iterable[str] = (),
        metadata_match: object = None,
        hash_policy: object = None,
        known_clusters: Container[str] | None = None,
        tls: TlsFacts | None = None,
    ) -> ChainEntry: ...

@final
class Chain:
    """The filter chain of a connection, the facts it was chosen by, and what it does. Read-only.

    A chain of kind "closed" says why in `reason`: `filter_chain_not_found`, `cluster_not_found`,
    `no_network_filters`, `rbac_access_denied_matched_policy[NAME]` as Envoy's access log has them;
    `listener_filter_closed` (a listener filter refused the bytes), `listener_filter_timeout` (it needs
    more bytes and its timeout closes), `listener_filter_waiting` (the same without a timeout);
    `undecidable` where lenient loading let a chain through that cannot be decided.

    `kind` is `http`, `tcp`, `respond` or `closed`. `accepting` is the listener whose socket took the connection,
    `listener` the one that kept it. `cluster` and `metadata_match` are a TCP proxy's, `policy` is that of the last
    RBAC filter. The facts are `transport_protocol`, `server_name`, `application_protocols`, `tls`, `local_address`,
    `destination_port`, `source_port`, `direct_port` and `restored`; `marks` is what tells `notices`.
    """

    @property
    def kind(self) -> Literal["http", "tcp", "respond", "closed"]:
        """Goes on with HTTP, is forwarded as it is, is answered by Envoy itself, or is closed."""

    @property
    def reason(self) -> str:
        """Why the connection is closed; empty otherwise."""

    @property
    def accepting(self) -> str:
        """Name of the listener whose socket took the connection."""

    @property
    def listener(self) -> str:
        """Name of the listener that it was handed to, or that kept it."""

    @property
    def filter_chain(self) -> str | None:
        """Name of the filter chain ("" when it has none); None when none was chosen."""

    @property
    def index(self) -> int:
        """Position of the filter chain in its listener; -1 for the default chain and for none."""

    @property
    def filters(self) -> tuple[str, ...]:
        """Names of the chain's network filters, in order."""

    @property
    def cluster(self) -> str | None:
        """The cluster of a TCP proxy, weights drawn and server name considered."""

    @property
    def manager(self) -> object:
        """The compiled HTTP connection manager of an HTTP chain."""

    @property
    def route_config(self) -> str:
        """Name of the manager's route configuration, inline or by RDS."""

    marks: object
    """Tells `notices`; set by the router."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What lenient loading let through and this choice touches; empty when it is exact."""

    @property
    def body(self) -> bytes | None:
        """What a direct response answers with; None for echo."""

    @property
    def metadata_match(self) -> Mapping[str, object] | None:
        """Subset selection of the TCP proxy (`envoy.lb` metadata), that of the drawn cluster merged in."""

    @property
    def hash(self) -> int | None:
        """The TCP proxy's hash, None without a hash policy."""

    @property
    def policy(self) -> str | None:
        """The RBAC policy that decided last, None when none matched or there is no RBAC filter."""

    @property
    def destination(self) -> tuple[str, int]:
        """The local address after the listener filters."""

    @property
    def source(self) -> tuple[str, int]:
        """The remote address after the listener filters."""

    @property
    def direct_source(self) -> tuple[str, int]:
        """The socket's peer."""

    @property
    def restored(self) -> bool:
        """Whether a listener filter restored the original destination."""

    @property
    def original_destination(self) -> tuple[str, int] | None:
        """Where an ORIGINAL_DST cluster sends the connection; None: it has no endpoint for it."""

    @property
    def local(self) -> bool:
        """Whether `source_type: SAME_IP_OR_LOOPBACK` holds."""

    @property
    def destination_port(self) -> int: ...
    @property
    def source_port(self) -> int: ...
    @property
    def direct_port(self) -> int: ...
    @property
    def transport_protocol(self) -> str:
        """`tls` or `raw_buffer`, as the listener's filters found it."""

    @property
    def server_name(self) -> str:
        """The server name (SNI), in lower case; empty when none was found."""

    @property
    def application_protocols(self) -> tuple[str, ...]:
        """The client's protocols (ALPN), or the one that the HTTP inspector found."""

    @property
    def dynamic_metadata(self) -> Mapping[str, object]:
        """What listener filters stored about the connection, by namespace."""

    @property
    def local_address(self) -> str | None:
        """Envoy's own address, as the connection told it."""

    @property
    def tls(self) -> TlsFacts | None:
        """What the TLS handshake established, as the connection states it."""

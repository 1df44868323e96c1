"""What is being routed: a connection, and a request on it. Frozen values, no behaviour.

Every field is what Envoy would see on the wire. Nothing here is normalised: that is a decision of
the HTTP connection manager and belongs to the route walk.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastroute.records import field, record

Address = tuple[str, int]
"""IP address text and port."""


@record
class TlsFacts:
    """What the downstream TLS handshake established (RouteMatch.tls_context, RBAC `authenticated`)."""

    presented: bool = False
    validated: bool = False
    uri_sans: tuple[str, ...] = ()
    dns_sans: tuple[str, ...] = ()
    subject: str = ""


@record
class Connection:
    """A downstream connection.

    `destination` is the address that the client wanted: the original destination where iptables
    redirected it. `accepted` is the address of the socket that took it, where it differs (the
    sidecar's 15001 or 15006); without it the listener is chosen by `destination` alone.
    `source` is the client's address, after PROXY protocol; `direct_source` the socket's peer.
    `transport_protocol`, `server_name` and `application_protocols` state what the listener filters
    would detect; `first_bytes` lets them detect it themselves. `local_address` is what Envoy takes for the
    address of its machine (`--local-address-ip-version`): it appends that to x-forwarded-for where the client's is
    loopback; without it, the one of `destination` is appended.
    """

    destination: Address
    source: Address = ("127.0.0.1", 0)
    direct_source: Address | None = None
    accepted: Address | None = None
    transport_protocol: str | None = None
    server_name: str | None = None
    application_protocols: tuple[str, ...] = ()
    first_bytes: bytes | None = None
    tls: TlsFacts | None = None
    local_address: str | None = None


@record
class Request:
    """An HTTP request as the codec hands it to the HTTP connection manager.

    `path` is the raw request target with its query; `None` for CONNECT. Header names are lower case.
    `random` is the stream's random value (64 bits): runtime fractions, weighted clusters and mirrors
    of one request all use this one value. `dynamic_metadata` maps filter namespaces to values and
    `filter_state` keys to their text, as earlier filters would have left them.
    """

    authority: bytes
    path: bytes | None
    method: bytes = b"GET"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    scheme: bytes = b"http"
    random: int = 0
    connection: Connection | None = None
    dynamic_metadata: Mapping[str, object] = field(default_factory=dict)
    filter_state: Mapping[str, str] = field(default_factory=dict)

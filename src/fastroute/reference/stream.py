"""One request on its way through the walk: what it is now, and what is known around it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any, TypeAlias

from fastroute.records import field, record
from fastroute.reference.header_map import HeaderMap
from fastroute.reference.trace import Trace
from fastroute.request import Connection, Request, TlsFacts

Message: TypeAlias = Any
"""A message of the Envoy API. Its fields are read by name, so that the walk reads like the rules."""


IPAddress: TypeAlias = IPv4Address | IPv6Address


@record(frozen=False)
class Stream:
    """`headers` change while the request is normalised; everything else stays.

    `random` is the stream's one random value (RM-22). `clusters` are the names of the clusters that
    exist; None when nothing is known about clusters, so that every name is taken to exist. `client` is
    the trusted address of the client, once it is known; `node` the cluster and id of Envoy's own node;
    `plugins` the cluster specifiers of the route configuration; `host` the virtual host, once it is chosen.
    """

    headers: HeaderMap
    random: int = 0
    runtime: Mapping[str, object] = field(default_factory=dict)
    connection: Connection | None = None
    dynamic_metadata: Mapping[str, object] = field(default_factory=dict)
    filter_state: Mapping[str, str] = field(default_factory=dict)
    clusters: Container[str] | None = None
    plugins: Iterable[Message] = ()
    client: IPAddress | None = None
    client_port: int = 0
    node: tuple[str, str] | None = None
    host: Message = None
    trace: Trace = field(default_factory=Trace)

    @property
    def tls(self) -> TlsFacts | None:
        """What the TLS handshake established; None on a connection without TLS."""
        return self.connection.tls if self.connection is not None else None

    @property
    def path(self) -> bytes | None:
        """The request target with its query; None for CONNECT."""
        return self.headers.first(b":path")

    @property
    def authority(self) -> bytes:
        """The authority as it is now; b"" when there is none."""
        return self.headers.first(b":authority") or b""

    @property
    def method(self) -> bytes:
        """The request method."""
        return self.headers.first(b":method") or b""


def pseudo_headers(request: Request) -> list[tuple[bytes, bytes]]:
    """The pseudo-headers of a request, as the codec puts them before its other headers."""
    pairs = [(b":authority", request.authority), (b":method", request.method)]
    if request.path is not None:
        pairs.insert(1, (b":path", request.path))
    return pairs

"""Which protocol a port speaks.

Rules, first that applies:
1. A UDP port is UDP; sidecars do not touch it.
2. `appProtocol`, with the names that Kubernetes has given to some protocols.
3. The part of the port's name before the first `-` (`grpc-web` is the one name that has a dash itself).
4. Ports 25, 53, 3306 and 27017 are TCP: there the server speaks first, and looking at what the client
   says would wait for ever.
5. Anything else is found by looking at the first bytes (AUTO).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Protocol(Enum):
    """A protocol as ports declare it."""

    HTTP = "HTTP"
    HTTP2 = "HTTP2"
    GRPC = "GRPC"
    GRPC_WEB = "GRPC-Web"
    HTTPS = "HTTPS"
    TLS = "TLS"
    TCP = "TCP"
    MONGO = "Mongo"
    MYSQL = "MySQL"
    REDIS = "Redis"
    UDP = "UDP"
    AUTO = "auto"

    @property
    def is_http(self) -> bool:
        """Whether requests are routed."""
        return self in _HTTP

    @property
    def is_http2(self) -> bool:
        """Whether the upstream is spoken to in HTTP/2."""
        return self in _HTTP2

    @property
    def is_tls(self) -> bool:
        """Whether the client's own TLS passes through."""
        return self in (Protocol.HTTPS, Protocol.TLS)

    @property
    def is_tcp(self) -> bool:
        """Whether connections are routed, TLS among them."""
        return self not in _NOT_TCP


_HTTP2: Final = (Protocol.HTTP2, Protocol.GRPC, Protocol.GRPC_WEB)
_HTTP: Final = (Protocol.HTTP, *_HTTP2)
_NOT_TCP: Final = (*_HTTP, Protocol.UDP, Protocol.AUTO)
_NAMES: Final[Mapping[str, Protocol]] = {
    **{protocol.value.lower(): protocol for protocol in Protocol if protocol is not Protocol.AUTO},
    "http_proxy": Protocol.HTTP,
}
_APP_NAMES: Final[Mapping[str, Protocol]] = {
    **_NAMES,
    "kubernetes.io/h2c": Protocol.HTTP2,
    "kubernetes.io/ws": Protocol.HTTP,
    "kubernetes.io/wss": Protocol.HTTPS,
}
SERVER_FIRST: Final = frozenset({25, 53, 3306, 27017})


def of_port(number: int, name: str = "", transport: str = "TCP", app_protocol: str = "") -> Protocol:
    """The protocol of a Kubernetes port."""
    if transport != "TCP":
        return Protocol.UDP
    if found := _APP_NAMES.get(app_protocol.lower()):
        return found
    return of_name(name, number)


def of_name(name: str, number: int) -> Protocol:
    """The protocol that a port's name declares."""
    lower = name.lower()
    prefix = "grpc-web" if lower == "grpc-web" or lower.startswith("grpc-web-") else lower.partition("-")[0]
    found = _NAMES.get(prefix)
    return found or (Protocol.TCP if number in SERVER_FIRST else Protocol.AUTO)


def of_entry(declared: str, name: str, number: int) -> Protocol:
    """The protocol of a ServiceEntry's port: what it declares, else what its name says."""
    return _NAMES.get(declared.lower()) or of_name(name, number)

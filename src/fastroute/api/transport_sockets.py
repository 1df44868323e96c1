"""Transport sockets of filter chains: which of them speak TLS."""

from __future__ import annotations

from fastroute.api.anys import unpack
from fastroute.api.pool import is_known, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PREFIX = "envoy.extensions.transport_sockets."
_TLS = frozenset(_PREFIX + name for name in ("tls.v3.DownstreamTlsContext", "quic.v3.QuicDownstreamTransport"))
_TAP = _PREFIX + "tap.v3.Tap"


def speaks_tls(chain: Any) -> bool:
    """Whether the transport socket of a FilterChain speaks TLS, be it tapped."""
    socket = chain.transport_socket.typed_config
    while type_name(socket.type_url) == _TAP and is_known(socket.type_url):
        outer: Any = unpack(socket)
        socket = outer.transport_socket.typed_config
    return type_name(socket.type_url) in _TLS

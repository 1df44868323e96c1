"""What Envoy refuses of protocol options beyond the constraints of the API.

* The key of `typed_extension_protocol_options` names the protocol options, or the network filter that has some.
* HTTP/3 needs the QUIC transport socket, which Envoy knows by its name; negotiated, it needs a cache of protocols.
  `auto_config` needs a transport socket with ALPN, in every match too.
* A header field of HTTP/2 is no larger than all headers may be.
* Envoy 1.40 is built without header validators.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from google.protobuf.message import DecodeError

from fastroute.api import pool
from fastroute.api.faults import key
from fastroute.api.names import HTTP_PROTOCOL_OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

_TCP_OPTIONS = "envoy.extensions.upstreams.tcp.v3.TcpProtocolOptions"
_TUNNEL_OPTIONS = "envoy.extensions.upstreams.http.reverse_tunnel.v3.ReverseTunnelUpstreamCodecOptions"
_FILTERS = "envoy.extensions.filters.network."
_NAMED = {
    HTTP_PROTOCOL_OPTIONS: HTTP_PROTOCOL_OPTIONS,
    "envoy.upstreams.http.http_protocol_options": HTTP_PROTOCOL_OPTIONS,
    _TCP_OPTIONS: _TCP_OPTIONS,
    "envoy.upstreams.tcp.tcp_protocol_options": _TCP_OPTIONS,
    _TUNNEL_OPTIONS: _TUNNEL_OPTIONS,
    "envoy.filters.network.redis_proxy": f"{_FILTERS}redis_proxy.v3.RedisProtocolOptions",
    "envoy.redis_proxy": f"{_FILTERS}redis_proxy.v3.RedisProtocolOptions",
    "envoy.filters.network.thrift_proxy": f"{_FILTERS}thrift_proxy.v3.ThriftProtocolOptions",
}
_SOCKETS = "envoy.extensions.transport_sockets."
_ALPN = frozenset((_SOCKETS + "tls.v3.UpstreamTlsContext", _SOCKETS + "quic.v3.QuicUpstreamTransport"))
_WRAPPERS = frozenset(
    _SOCKETS + name
    for name in (
        "proxy_protocol.v3.ProxyProtocolUpstreamTransport",
        "http_11_proxy.v3.Http11ProxyUpstreamTransport",
        "tcp_stats.v3.Config",
        "tap.v3.Tap",
    )
)
_QUIC = b"envoy.transport_sockets.quic"
_MANAGER_HEADERS_KB = 60


def cluster(message: Any) -> Iterator[Complaint]:
    """The protocol options of a Cluster."""
    common = message.common_http_protocol_options
    if common.HasField("max_response_headers_kb"):
        limit = common.max_response_headers_kb.value
        yield from _field_size(message.http2_protocol_options, limit, "max_response_headers_kb")
    for name, packed in sorted(message.typed_extension_protocol_options.items()):
        path = f"typed_extension_protocol_options{key(name)}"
        yield from _keyed(name, packed, path)
        inner = _inside(packed, {HTTP_PROTOCOL_OPTIONS}) if name == HTTP_PROTOCOL_OPTIONS else None
        if inner is not None:
            yield from _http(inner, message, path)


def _keyed(name: str, packed: Any, path: str) -> Iterator[Complaint]:
    meant, given = _NAMED.get(name), pool.type_name(packed.type_url)
    if meant is None:
        wrong = f"Didn't find a registered network or http filter or protocol options implementation for name: '{name}'"
        yield path, wrong, f"Name one of {', '.join(sorted(_NAMED))}."
    elif given and given != meant and packed.value:
        yield path, f"Unable to unpack as {meant}", f"Use the type {meant}."


def _http(options: Any, cluster: Any, path: str) -> Iterator[Complaint]:
    kind = options.WhichOneof("upstream_protocol_options")
    if kind is None:
        return
    chosen = getattr(options, kind)
    if kind == "auto_config":
        yield from _alpn(cluster)
    if chosen.HasField("http3_protocol_options"):
        where = f"{path}.{kind}.http3_protocol_options"
        if _QUIC not in cluster.transport_socket.SerializeToString():
            wrong = "HTTP3 requires a QuicUpstreamTransport transport socket"
            yield where, wrong, "Set transport_socket, with the name envoy.transport_sockets.quic."
        if kind == "auto_config" and not chosen.HasField("alternate_protocols_cache_options"):
            wrong = "alternate protocols cache must be configured when HTTP/3 is enabled with auto_config"
            yield where, wrong, "Set alternate_protocols_cache_options."


def _alpn(cluster: Any) -> Iterator[Complaint]:
    wrong = "ALPN configured for a cluster which has a non-ALPN transport socket"
    if not _speaks_alpn(cluster.transport_socket):
        yield "transport_socket", wrong, "Set one of TLS, or an explicit_http_config in place of auto_config."
    for position, match in enumerate(cluster.transport_socket_matches):
        if not _speaks_alpn(match.transport_socket):
            yield f"transport_socket_matches[{position}].transport_socket", wrong, "Set one of TLS."


def _speaks_alpn(socket: Any) -> bool:
    """Whether a transport socket, or the one that it wraps, negotiates by ALPN."""
    if pool.type_name(socket.typed_config.type_url) in _ALPN:
        return True
    inner = _inside(socket.typed_config, _WRAPPERS)
    return inner is not None and _speaks_alpn(inner.transport_socket)


def _inside(any_message: Any, types: Set[str]) -> Any | None:
    """The message in an Any of one of `types`. None of bytes that are none: whoever checks the Any says so."""
    name = pool.type_name(any_message.type_url)
    if name not in types:
        return None
    try:
        return pool.message_class(name).FromString(any_message.value)
    except DecodeError:
        return None


def manager(message: Any) -> Iterator[Complaint]:
    """The protocol options of a HttpConnectionManager."""
    limit = message.max_request_headers_kb.value if message.HasField("max_request_headers_kb") else _MANAGER_HEADERS_KB
    yield from _field_size(message.http2_protocol_options, limit, "max_request_headers_kb")
    yield from _validator(message, "typed_header_validation_config")


def http_options(message: Any) -> Iterator[Complaint]:
    """HttpProtocolOptions by themselves."""
    common = message.common_http_protocol_options
    kind = message.WhichOneof("upstream_protocol_options")
    if kind is not None and common.HasField("max_response_headers_kb"):
        http2, limit = getattr(message, kind).http2_protocol_options, common.max_response_headers_kb.value
        for path, wrong, remedy in _field_size(http2, limit, "max_response_headers_kb"):
            yield f"{kind}.{path}", wrong, remedy
    yield from _validator(message, "header_validation_config")


def _validator(message: Any, field: str) -> Iterator[Complaint]:
    if message.HasField(field):
        wrong = f"This Envoy binary does not support header validator extensions: '{getattr(message, field).name}'"
        yield field, wrong, "Remove it."


def _field_size(http2: Any, limit: int, name: str) -> Iterator[Complaint]:
    """`limit` is that of all headers, in kB."""
    if http2.HasField("max_header_field_size_kb") and http2.max_header_field_size_kb.value > limit:
        wrong = f"max_header_field_size_kb must not exceed {name}"
        yield "http2_protocol_options.max_header_field_size_kb", wrong, f"Lower it, or raise {name}."

"""Checks that Envoy makes when it builds a resource, of fields that decide no request.

Rules that no constraint of the API expresses and that no compiler meets, because the fields do not
matter to a decision; each was seen in the real Envoy. What compilers read they check themselves.

* A duration is not negative ("Expected positive duration", CF-05).
* An address is not resolved by an unknown resolver. An additional address of an endpoint is one.
* A listener is `ipv4_compat` at `::` or a mapped address only, internal without an address, and
  binds its port when it is of UDP.
* An access logger names its configuration, for its type is found by that alone (NF-02).
* Several health checks of a cluster have names each.
* A status range is not empty and within 100 to 600. A gRPC health check needs HTTP/2, and
  `use_alpn_protocol` a transport socket.
* A PROXY protocol TLV has a value or a format. A TCP proxy that connects late limits early data.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

Complaint = tuple[str, str, str]
"""Path below the message, what is wrong, what to do."""

Check = Callable[[Any], Iterator[Complaint]]

_RESOLVERS = frozenset(("", "envoy.ip"))
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def negative(duration: Any) -> bool:
    """Whether a Duration is below zero."""
    return bool(duration.seconds < 0 or duration.nanos < 0)


def _socket_address(message: Any) -> Iterator[Complaint]:
    if message.resolver_name not in _RESOLVERS:
        yield "resolver_name", f"unknown address resolver: {message.resolver_name}", "Remove it."


def _takes_ipv4(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return True
    return address.version == 6 and (address.ipv4_mapped is not None or int(address) == 0)


def _additional_address(message: Any) -> Iterator[Complaint]:
    if not message.HasField("address"):
        yield "address", "an additional address without an address", "Set it, or remove the entry."


def _listener(message: Any) -> Iterator[Complaint]:
    own = message.address.socket_address
    if own.ipv4_compat and not _takes_ipv4(own.address):
        path = "address.socket_address.ipv4_compat"
        yield path, "only :: and IPv4-mapped IPv6 addresses can set ipv4_compat", "Remove it."
    if message.HasField("internal_listener") and message.HasField("address"):
        wrong = "address should not be used when an internal listener config is provided"
        yield "address", wrong, "Remove address, or internal_listener."
    if own.protocol == 1 and message.HasField("bind_to_port") and not message.bind_to_port.value:
        yield "bind_to_port", "bind_to_port: false is not supported for UDP listeners", "Remove it."


def _access_log(message: Any) -> Iterator[Complaint]:
    if not message.typed_config.type_url:
        yield "typed_config", f'no access logger is registered for "{message.name}" without a type', "Set typed_config."


def _health_check(message: Any) -> Iterator[Complaint]:
    for field in ("expected_statuses", "retriable_statuses"):
        for position, span in enumerate(getattr(message, field)):
            wrong = _status_range(span)
            if wrong:
                yield f"{field}[{position}]", wrong, "A range is from start up to, but without, end."


def _status_range(span: Any) -> str:
    if span.start >= span.end:
        return f"expecting start < end, but found start={span.start} and end={span.end}"
    if span.start < 100:
        return f"expecting start >= 100, but found start={span.start}"
    return f"expecting end <= 600, but found end={span.end}" if span.end > 600 else ""


def _cluster(message: Any) -> Iterator[Complaint]:
    http2 = message.HasField("http2_protocol_options") or _HTTP_OPTIONS in message.typed_extension_protocol_options
    for position, check in enumerate(message.health_checks):
        path = f"health_checks[{position}]"
        if len(message.health_checks) > 1 and not check.name:
            yield f"{path}.name", "with several health checks, each must have a name", "Set it."
        if check.HasField("grpc_health_check") and not http2:
            wrong = "the cluster must support HTTP/2 for gRPC health checking"
            yield f"{path}.grpc_health_check", wrong, "Set its HTTP/2 options."
        if check.http_health_check.use_alpn_protocol and not message.HasField("transport_socket"):
            wrong = "use_alpn_protocol needs a transport socket with ALPN"
            yield f"{path}.http_health_check.use_alpn_protocol", wrong, "Set transport_socket."


def _tlv(message: Any) -> Iterator[Complaint]:
    if not message.value and not message.HasField("format_string"):
        yield "", "one of value or format_string must be set", "Set one of them."


def _tcp_proxy(message: Any) -> Iterator[Complaint]:
    if message.upstream_connect_mode and not message.HasField("max_early_data_bytes"):
        wrong = "max_early_data_bytes must be set when upstream_connect_mode is not IMMEDIATE"
        yield "max_early_data_bytes", wrong, "Set it."


CHECKS: dict[str, Check] = {
    "envoy.config.core.v3.SocketAddress": _socket_address,
    "envoy.config.endpoint.v3.Endpoint.AdditionalAddress": _additional_address,
    "envoy.config.listener.v3.Listener": _listener,
    "envoy.config.accesslog.v3.AccessLog": _access_log,
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck": _health_check,
    "envoy.config.cluster.v3.Cluster": _cluster,
    "envoy.config.core.v3.TlvEntry": _tlv,
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy": _tcp_proxy,
}
"""The check of each message type that has one."""

"""Headers that Envoy removes or sets before routing (RM-54 sees them so).

- HC-43: x-envoy-internal of a client is removed; it is "true" on internal requests only.
- HC-44: an edge request (`use_remote_address`, not internal) gets x-envoy-external-address and loses
  what only Envoys tell each other.
- HC-45: an external request loses every x-envoy-* header that steers timeouts and retries, and the
  route configuration's `internal_only_headers`.
- HC-46: x-forwarded-proto: overwritten with `use_remote_address` unless trusted hops sent it; set where
  it is absent. `scheme_to_overwrite` sets it and :scheme. An absent :scheme becomes x-forwarded-proto
  where that is http or https, else that of the connection; it is lower-cased.
- HC-47: `add_user_agent` tells the names of Envoy's own cluster and node, and names an absent user agent.
- HC-47: x-forwarded-port, via, x-forwarded-client-cert and x-request-id are what they will be upstream.
"""

from __future__ import annotations

from fastroute.errors import UnsupportedError
from fastroute.reference import addresses
from fastroute.reference.stream import Message, Stream

EDGE = (
    b"x-envoy-decorator-operation",
    b"x-envoy-downstream-service-cluster",
    b"x-envoy-downstream-service-node",
    b"x-envoy-original-path",
    b"x-envoy-original-host",
)
EXTERNAL = (
    b"x-envoy-retriable-status-codes",
    b"x-envoy-retriable-header-names",
    b"x-envoy-retry-on",
    b"x-envoy-retry-grpc-on",
    b"x-envoy-max-retries",
    b"x-envoy-upstream-alt-stat-name",
    b"x-envoy-upstream-rq-timeout-ms",
    b"x-envoy-upstream-rq-per-try-timeout-ms",
    b"x-envoy-upstream-rq-timeout-alt-response",
    b"x-envoy-upstream-stream-duration-ms",
    b"x-envoy-expected-rq-timeout-ms",
    b"x-envoy-force-trace",
    b"x-envoy-ip-tags",
    b"x-envoy-original-url",
    b"x-envoy-hedge-on-per-try-timeout",
)
SANITIZE, ALWAYS_FORWARD_ONLY = 0, 4


def sanitise(manager: Message, route_configuration: Message | None, scheme: bytes, stream: Stream) -> None:
    """Bring the headers into the state in which routes see them; `scheme` is the connection's."""
    stream.headers.remove(b"x-envoy-internal")
    client = addresses.client(manager, stream)
    stream.client, stream.client_port = client.address, client.port
    _forwarded(manager, scheme, stream)
    internal = addresses.is_internal(manager, client)
    stream.trace.add(
        "sanitising",
        str(client.address or "unknown client"),
        "kept",
        f"the request is {'internal' if internal else 'external'}",
        "HC-42",
    )
    if internal:
        stream.headers.set(b"x-envoy-internal", b"true")
    else:
        _external(manager, route_configuration, client, stream)
    _identity(manager, stream)


def _forwarded(manager: Message, scheme: bytes, stream: Stream) -> None:
    headers = stream.headers
    trusts_hops = manager.xff_num_trusted_hops > 0
    had_proto = headers.first(b"x-forwarded-proto") is not None
    if not had_proto or (manager.use_remote_address.value and not trusts_hops):
        headers.set(b"x-forwarded-proto", scheme)
    if manager.append_x_forwarded_port and stream.connection is not None:
        port = str(stream.connection.destination[1]).encode()
        overwrite = manager.use_remote_address.value and not trusts_hops
        if overwrite or headers.first(b"x-forwarded-port") is None:
            headers.set(b"x-forwarded-port", port)
    overwritten = manager.scheme_header_transformation.scheme_to_overwrite.encode("utf-8")
    if overwritten:
        headers.set(b":scheme", overwritten)
        headers.set(b"x-forwarded-proto", overwritten)
    if headers.first(b":scheme") is None:
        told = (headers.first(b"x-forwarded-proto") or b"").lower()
        headers.set(b":scheme", told if told in (b"http", b"https") else scheme)
    headers.set(b":scheme", (headers.first(b":scheme") or b"").lower())


def _external(manager: Message, route_configuration: Message | None, client: addresses.Client, stream: Stream) -> None:
    headers = stream.headers
    if manager.use_remote_address.value:
        for name in EDGE:
            headers.remove(name)
        if client.address is not None:
            headers.set(b"x-envoy-external-address", str(client.address).encode())
    only = route_configuration.internal_only_headers if route_configuration is not None else ()
    for name in (*EXTERNAL, *(each.encode("utf-8") for each in only)):
        headers.remove(name)


def _identity(manager: Message, stream: Stream) -> None:
    headers = stream.headers
    if manager.add_user_agent.value:
        _name_self(stream)
    if manager.via:
        before = headers.first(b"via")
        headers.set(b"via", b", ".join(filter(None, (before, manager.via.encode("utf-8")))))
    presented = stream.tls is not None and stream.tls.presented
    forward = manager.forward_client_cert_details
    if forward != ALWAYS_FORWARD_ONLY and (forward == SANITIZE or not presented):
        headers.remove(b"x-forwarded-client-cert")
    if manager.generate_request_id.value or not manager.HasField("generate_request_id"):
        edge = manager.use_remote_address.value and headers.first(b"x-envoy-internal") is None
        if not headers.first(b"x-request-id") or (edge and not manager.preserve_external_request_id):
            headers.set(b"x-request-id", request_id(stream.random))


def _name_self(stream: Stream) -> None:
    if stream.node is None:
        raise UnsupportedError("the name of Envoy's own node is not known", path="add_user_agent")
    cluster, node = (each.encode("utf-8") for each in stream.node)
    stream.headers.set(b"x-envoy-downstream-service-cluster", cluster)
    if not stream.headers.first(b"user-agent"):
        stream.headers.set(b"user-agent", cluster)
    if node:
        stream.headers.set(b"x-envoy-downstream-service-node", node)


def request_id(random: int) -> bytes:
    """A UUID in place of the one that Envoy would draw: made of the stream's random value."""
    digits = f"{random & (2**64 - 1):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-9{digits[17:20]}-{digits[20:]}".encode()

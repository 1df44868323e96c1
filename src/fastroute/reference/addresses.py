"""Who the client is: x-forwarded-for, and whether the request is internal.

- HC-40: with `use_remote_address` the client is the n-th address from the right of x-forwarded-for
  (n = `xff_num_trusted_hops` > 0), else the peer; then the peer is appended, unless `skip_xff_append`.
- HC-41: without it, the address after skipping n from the right, where it parses, else the peer.
- HC-42: internal is an address inside `internal_address_config` that may be trusted: with
  `use_remote_address` when there was no x-forwarded-for; without, when it had exactly one address and
  n is 0. HC-43: the default configuration trusts nothing.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from fastroute.api.anys import unpack
from fastroute.errors import UnsupportedError
from fastroute.reference.stream import IPAddress, Message, Stream
from fastroute.reference.trace import text


class Client(NamedTuple):
    """The trusted address of the client, whether it may make the request internal, and its port if it is known."""

    address: IPAddress | None
    trusted: bool
    port: int = 0


def client(manager: Message, stream: Stream) -> Client:
    """The client's address; `x-forwarded-for` is appended to where the manager says so."""
    hops: int = manager.xff_num_trusted_hops
    peer = _peer(stream)
    forwarded = stream.headers.first(b"x-forwarded-for")
    if manager.original_ip_detection_extensions:
        detected = (_detected(each, forwarded, stream) for each in manager.original_ip_detection_extensions)
        found = next((each for each in detected if each.address is not None), None)
        return found or Client(peer, False, _port(stream))
    if not manager.use_remote_address.value:
        found = from_header(forwarded, hops)
        return found if found.address is not None else Client(peer, False, _port(stream))
    address = from_header(forwarded, hops - 1).address if hops > 0 else None
    if not manager.skip_xff_append:
        _append(stream, peer)
    return Client(address or peer, forwarded is None, 0 if address is not None else _port(stream))


def _detected(extension: Message, forwarded: bytes | None, stream: Stream) -> Client:
    """The address that an extension finds: in its own header, or in x-forwarded-for."""
    config: Message = unpack(extension.typed_config)
    match config.DESCRIPTOR.name:
        case "XffConfig":
            return from_header(forwarded, config.xff_num_trusted_hops)
        case "CustomHeaderConfig":
            value = stream.headers.first(config.header_name.lower().encode("utf-8"))
            trusted: bool = config.allow_extension_to_set_address_as_trusted
            return Client(None if value is None else _parsed(value), trusted)
        case kind:
            raise UnsupportedError(f"{kind} cannot be decided", path="original_ip_detection_extensions")


def from_header(value: bytes | None, skip: int) -> Client:
    """The address in x-forwarded-for after skipping `skip` from the right; trusted when it is the only one."""
    if value is None:
        return Client(None, False)
    for _ in range(skip):
        value, comma, _ = value.rpartition(b",")
        if not comma:
            return Client(None, False)
    head, comma, last = value.rpartition(b",")
    alone = not comma and skip == 0
    return Client(_parsed(last if last or not comma else head + comma), alone)


def _parsed(value: bytes) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text(value).strip())
    except ValueError:
        return None


def _peer(stream: Stream) -> IPAddress | None:
    return _parsed(stream.connection.source[0].encode()) if stream.connection is not None else None


def _port(stream: Stream) -> int:
    return stream.connection.source[1] if stream.connection is not None else 0


def _append(stream: Stream, peer: IPAddress | None) -> None:
    if peer is None or stream.connection is None:
        return
    loopback = str(peer) in ("127.0.0.1", "::1")
    shown = stream.connection.local_address or stream.connection.destination[0] if loopback else str(peer)
    before = stream.headers.first(b"x-forwarded-for")
    stream.headers.set(b"x-forwarded-for", shown.encode() if not before else before + b"," + shown.encode())


def is_internal(manager: Message, found: Client) -> bool:
    """Whether the request counts as internal."""
    if not found.trusted or found.address is None:
        return False
    ranges = manager.internal_address_config.cidr_ranges
    networks = (f"{each.address_prefix}/{each.prefix_len.value}" for each in ranges)
    return any(found.address in ipaddress.ip_network(network, strict=False) for network in networks)

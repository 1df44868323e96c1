"""The authority, before any route is looked at.

- HC-04: characters that an authority cannot have are a 400; an empty one is legal.
- HC-30: `strip_trailing_host_dot` removes one "." at the end of the host, before the port.
- HC-31: then `strip_any_host_port`, or `strip_matching_host_port` when the port is the listener's; text
  after the last colon outside brackets that is no number stays.
- HC-32: the case of the authority is kept.
"""

from __future__ import annotations

from fastroute.reference.numbers import unsigned_64
from fastroute.reference.stream import Message, Stream
from fastroute.reference.targets import Outcome, respond
from fastroute.reference.trace import text
from fastroute.reference.virtual_hosts import port_start

_ALLOWED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!$%&'()*+,-.:;=@[]_~")


def refuse(stream: Stream) -> Outcome | None:
    """A 400 for an authority with foreign characters."""
    if all(byte in _ALLOWED for byte in stream.authority):
        return None
    stream.trace.add("authority", text(stream.authority), "answered", "it has foreign characters: 400", "HC-04")
    return respond(400, "http.invalid_authority", body=b"Bad Request")


def normalise(manager: Message, stream: Stream) -> None:
    """Strip the trailing dot and the port, as configured."""
    before = stream.authority
    after = _without_dot(before) if manager.strip_trailing_host_dot else before
    if manager.strip_any_host_port:
        after = _without_port(after, None)
    elif manager.strip_matching_host_port:
        local = stream.connection.destination[1] if stream.connection is not None else 0
        after = _without_port(after, local)
    if after != before:
        stream.headers.set(b":authority", after)
        stream.trace.add("normalisation", "authority", "changed", f"{text(before)!r} becomes {text(after)!r}", "HC-31")


def _without_dot(host: bytes) -> bytes:
    dot = host.rfind(b".")
    if dot >= 0 and host[dot + 1 : dot + 2] in (b"", b":"):
        return host[:dot] + host[dot + 1 :]
    return host


def _without_port(host: bytes, local: int | None) -> bytes:
    colon = port_start(host)
    if colon is None:
        return host
    port = unsigned_64(host[colon + 1 :])
    if port is None or port >= 2**32 or (local is not None and port != local):
        return host
    return host[:colon]

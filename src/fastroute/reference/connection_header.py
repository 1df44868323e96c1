"""The Connection header, as the HTTP/1 codec takes it (HC-09).

- Every header that it names is removed, except close, http2-settings, keep-alive and upgrade.
- Ten names or more, a name that starts with ":", and x-forwarded-for, -host or -proto make the request
  a 400. A named TE stays when it is about trailers.
- Behind the codec hop-by-hop headers go, and a Referer that Envoy does not take; see `referer.py`.
- Nothing of this is done to an upgrade or a CONNECT. An upgrade to h2c is forgotten: its headers go.
"""

from __future__ import annotations

from fastroute.reference import referer
from fastroute.reference.stream import Stream
from fastroute.reference.trace import text

_NOT_HEADERS = frozenset((b"close", b"http2-settings", b"keep-alive", b"upgrade", b"connection"))
_FORBIDDEN = frozenset((b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"))
MOST = 10

REFUSED = "http1.connection_header_rejected"


def tokens(value: bytes) -> list[bytes]:
    """The elements of a comma-separated header, trimmed and in lower case, empty ones left out."""
    return [token for each in value.split(b",") if (token := each.strip(b" \t").lower())]


def sanitise(stream: Stream) -> str | None:
    """Remove the headers that Connection names; the details of a 400 where they must not be named."""
    _forget_h2c(stream)
    if is_upgrade(stream) or stream.method == b"CONNECT":
        return None
    value = stream.headers.first(b"connection")
    named = tokens(value) if value is not None else []
    if len(named) >= MOST:
        return REFUSED
    for name in named:
        if name in _NOT_HEADERS:
            continue
        if name in _FORBIDDEN or name.startswith(b":"):
            return REFUSED
        if name != b"te" or b"trailers" not in tokens(stream.headers.first(b"te") or b""):
            stream.headers.remove(name)
    return None


def _forget_h2c(stream: Stream) -> None:
    headers = stream.headers
    if not is_upgrade(stream) or (headers.first(b"upgrade") or b"").lower() != b"h2c":
        return
    headers.remove(b"upgrade")
    headers.remove(b"http2-settings")
    left = [each for each in tokens(headers.first(b"connection") or b"") if each not in (b"upgrade", b"http2-settings")]
    headers.remove(b"connection")
    if left:
        headers.set(b"connection", b",".join(left))


def is_upgrade(stream: Stream) -> bool:
    """Whether the request asks for an upgrade (HC-60): Connection names it and Upgrade is there."""
    value = stream.headers.first(b"connection") or b""
    return b"upgrade" in tokens(value) and stream.headers.first(b"upgrade") is not None


def continue_by_itself(stream: Stream) -> None:
    """Forget that the client waits to go on: Envoy tells it to at once, unless `proxy_100_continue` is set."""
    if (stream.headers.first(b"expect") or b"").lower() == b"100-continue":
        stream.headers.remove(b"expect")
        stream.trace.add(
            "sanitising", "header expect", "changed", "Envoy lets the client go on itself: removed", "HC-09"
        )


def strip_hop_by_hop(stream: Stream) -> None:
    """Remove what concerns one connection only, unless the request is an upgrade; and a Referer that is none."""
    headers = stream.headers
    if not is_upgrade(stream):
        headers.remove(b"connection")
        headers.remove(b"upgrade")
        te = headers.first(b"te")
        if te:
            headers.remove(b"te")
            if b"trailers" in [each.strip(b" \t") for each in te.split(b",")]:
                headers.set(b"te", b"trailers")
    for name in (b"keep-alive", b"proxy-connection", b"transfer-encoding"):
        headers.remove(name)
    value = headers.first(b"referer")
    if value is not None and not referer.is_valid(value):
        headers.remove(b"referer")
        stream.trace.add("sanitising", "header referer", "changed", f"{text(value)!r} is no URL: removed", "HC-09")

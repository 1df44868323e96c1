"""What every answer of Envoy's own has in its headers, and every response of a connection manager.

RA-51  A text has a length and a content type, text/plain unless something else says otherwise; without a text there is
       neither. A gRPC client gets a status of 200 with the status and the text as grpc-status and grpc-message: header
       mutations come before, so that a grpc-status of theirs stays, but neither content type nor message.
HC-47  `via` of the connection manager is appended, and x-request-id is there where the manager always sets it or the
       request has x-envoy-force-trace.
"""

from __future__ import annotations

from fastroute.action.draft import JOINED_IN_RESPONSES, Headers
from fastroute.action.headers import first, speaks_grpc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.decided import Decided, Pairs

_GRPC_STATUSES = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}
_UNKNOWN = 2


def finish(response: Headers, decision: Decided, status: int, text: bytes, content_type: bytes = b"") -> None:
    """Give the headers of a reply with `status` and `text` what every reply has; `content_type` overrides others."""
    if speaks_grpc(decision):
        response.set(b"content-type", b"application/grpc")
        if not response.first(b"grpc-status"):
            response.set(b"grpc-status", b"%d" % grpc_status(status))
        if text and decision.original_method != b"HEAD":
            response.set(b"grpc-message", grpc_message(text))
        response.remove(b"content-length")
    elif text:
        response.set(b"content-length", b"%d" % len(text))
        if content_type or response.first(b"content-type") is None:
            response.set(b"content-type", content_type or b"text/plain")
    else:
        response.remove(b"content-length")
        response.remove(b"content-type")


def without_route(
    decision: Decided, status: int, text: bytes, location: bytes | None, headers: Pairs, *, codec: bool
) -> list[tuple[bytes, bytes]]:
    """The headers of an answer that no route's action gives; the codec does not know of gRPC."""
    response = Headers(headers, JOINED_IN_RESPONSES)
    if location is not None:
        response.set(b"location", location)
    if not codec:
        finish(response, decision, status, text)
    elif text:
        response.set(b"content-length", b"%d" % len(text))
        response.set(b"content-type", b"text/plain")
    return response.pairs


def managed(pairs: Pairs, request: Pairs, via: bytes, *, always: bool) -> list[tuple[bytes, bytes]]:
    """The headers of any response, after what the connection manager adds for `via` and x-request-id."""
    response = Headers(pairs, JOINED_IN_RESPONSES)
    if via:
        told = response.first(b"via")
        response.set(b"via", told + b", " + via if told else via)
    number = first(request, b"x-request-id")
    if number is not None and (always or first(request, b"x-envoy-force-trace") is not None):
        response.set(b"x-request-id", number)
    return response.pairs


def grpc_status(status: int) -> int:
    """The gRPC status that tells an HTTP status."""
    return _GRPC_STATUSES.get(status, _UNKNOWN)


def grpc_message(text: bytes) -> bytes:
    """The grpc-message that tells a text."""
    return b"".join(_encoded(byte) for byte in text)


def _encoded(byte: int) -> bytes:
    """A byte of a grpc-message: printable ASCII but the per cent sign and the tilde stands for itself."""
    return b"%c" % byte if 0x20 <= byte < 0x7E and byte != 0x25 else b"%%%02X" % byte

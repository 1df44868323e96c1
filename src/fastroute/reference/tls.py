"""TLS context of a route (`RouteMatch.tls_context`) and gRPC (`RouteMatch.grpc`).

- RM-51: `presented` compares whether the client presented a certificate, `validated` whether it was
  validated; without TLS neither is. A field that is not set is not looked at.
- RM-50: gRPC is the content type `application/grpc` or one that starts with `application/grpc+`, in
  that case; a request without a path (CONNECT) is never gRPC.
"""

from __future__ import annotations

from fastroute.reference.header_map import HeaderMap
from fastroute.reference.stream import Message
from fastroute.reference.trace import Reason, text
from fastroute.request import TlsFacts


def why_not(options: Message, facts: TlsFacts | None) -> Reason | None:
    """Why the TLS context does not hold, or None when it does."""
    known = facts or TlsFacts()
    for name in ("presented", "validated"):
        if options.HasField(name) and getattr(options, name).value != getattr(known, name):
            wanted = getattr(options, name).value
            return Reason(f"client certificate {name} is {not wanted}; {wanted} is needed", "RM-51")
    return None


def is_grpc(headers: HeaderMap) -> bool:
    """Whether the request is gRPC."""
    kind = headers.first(b"content-type") or b""
    return bool(headers.first(b":path")) and (kind == b"application/grpc" or kind.startswith(b"application/grpc+"))


def why_not_grpc(headers: HeaderMap) -> Reason | None:
    """Why the request is not gRPC, or None when it is."""
    if is_grpc(headers):
        return None
    return Reason(f"the content type {text(headers.first(b'content-type'))!r} is not gRPC", "RM-50")

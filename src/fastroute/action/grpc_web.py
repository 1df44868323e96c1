"""The gRPC-Web filter: requests of browsers become gRPC, and responses become theirs.

It takes requests whose content type is exactly one of four; a parameter, another case or `+json` makes it another.

- Content-Length goes, content type and TE are gRPC's; grpc-accept-encoding is `identity` unless there is one. The
  request counts as gRPC for what the router does from then on, but not for what came before: the choice of the
  route, the limit of the stream's duration (RA-61), and Envoy's own answers, whose status stays (RM-50).
- A response gets the content type of gRPC-Web, as text where Accept is exactly one of the two types of text, and loses
  its Content-Length.
- A response with another status than 200, or of a type that is neither gRPC nor (case and parameters aside) binary
  gRPC-Web, loses its body if it has one: grpc-message tells it, grpc-status tells the HTTP status. The body of an
  upstream's response is not known here, so that grpc-message is the embedder's to set.
"""

from __future__ import annotations

from fastroute.action.draft import Draft
from fastroute.action.filters import PassedFilter, Reply
from fastroute.action.headers import is_grpc_type
from fastroute.action.levels import FilterSetting
from fastroute.action.local_reply import grpc_message, grpc_status
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

PROTO, TEXT_PROTO = b"application/grpc-web+proto", b"application/grpc-web-text+proto"
TEXTS = (b"application/grpc-web-text", TEXT_PROTO)
BINARIES = (b"application/grpc-web", PROTO)


@record
class GrpcWeb(PassedFilter):
    """envoy.filters.http.grpc_web; it keeps the content type of the response."""

    touched: ClassVar[frozenset[bytes]] = frozenset(
        (b"content-type", b"content-length", b"te", b"grpc-accept-encoding")
    )

    def request(self, request: Draft, settings: tuple[FilterSetting, ...], *, body: bool) -> bytes | None:  # noqa: ARG002
        headers = request.headers
        if request.path is None or headers.first(b"content-type") not in (*BINARIES, *TEXTS):
            return None
        headers.remove(b"content-length")
        headers.set(b"content-type", b"application/grpc")
        headers.set(b"te", b"trailers")
        if headers.first(b"grpc-accept-encoding") is None:
            headers.set(b"grpc-accept-encoding", b"identity")
        return TEXT_PROTO if headers.first(b"accept") in TEXTS else PROTO

    def response(self, reply: Reply, kept: object, settings: tuple[FilterSetting, ...]) -> None:  # noqa: ARG002
        if not isinstance(kept, bytes):
            return
        told = reply.headers.first(b"content-type") or b""
        encoded = reply.status == 200 and (is_grpc_type(told) or told.partition(b";")[0].strip().lower() in BINARIES)
        reply.headers.set(b"content-type", kept)
        reply.headers.remove(b"content-length")
        if encoded or reply.ends:
            return
        reply.headers.set(b"grpc-status", b"%d" % grpc_status(reply.status))
        reply.headers.remove(b"grpc-message")
        if reply.text:
            reply.headers.set(b"grpc-message", grpc_message(reply.text))
        reply.headers.set(b"content-length", b"0")
        reply.text, reply.ends = b"", True

    def told(self, kept: object) -> str:
        if not isinstance(kept, bytes):
            return ""
        return f'the gRPC-Web request became "application/grpc", its response {kept.decode()!r}'

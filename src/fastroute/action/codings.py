"""Filters that compress and decompress bodies: what they do to the headers of requests and responses.

Compressor:
- A response is compressed when it has a body of `min_content_length` bytes or of unknown length, an allowed content
  type (or none), no Content-Encoding, no `no-transform`, and the client prefers the coding. Then Content-Length goes, a
  strong ETag goes or is weakened, Content-Encoding and Vary come. Where only the client stands against it, or there is
  no body, Vary comes too.
- `remove_accept_encoding_header` holds where responses are compressed at all; `weaken_etag_on_compress` goes before
  `disable_on_etag_header`.
- A request is compressed by the same rules, whatever the client accepts.
- CompressorPerRoute disables the compression of responses, or enables it and says what becomes of Accept-Encoding.

Decompressor:
- Accept-Encoding gets the coding at its end, in place of any mention of it, where responses are decompressed and
  `advertise_accept_encoding` is not false.
- A body whose Content-Encoding begins with the coding is decompressed, if nobody says `no-transform`.

Whether a request has a body is told by Content-Length and Transfer-Encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.action.draft import Draft, Headers
from fastroute.action.filters import PassedFilter, Reply
from fastroute.action.levels import FilterSetting
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

DEFAULT_TYPES = frozenset(
    b"""
    application/ecmascript application/grpc-web application/grpc-web+proto application/javascript application/json
    application/x-javascript application/x-json application/xhtml+xml application/xml image/svg+xml text/css
    text/ecmascript text/html text/javascript text/js text/jscript text/plain text/x-javascript text/x-js text/xml
    """.split()
)
DEFAULT_LENGTH = 30


@record
class Direction:
    """CommonDirectionConfig: which bodies are compressed."""

    enabled: bool = True
    least: int = DEFAULT_LENGTH
    types: frozenset[bytes] = DEFAULT_TYPES

    def long_enough(self, headers: Headers) -> bool:
        """Whether the body has the length that is asked for, or nobody knows its length."""
        length = headers.first(b"content-length")
        return length is None or (length.isdigit() and int(length) >= self.least)

    def takes_type(self, headers: Headers) -> bool:
        """Whether bodies of that type are compressed, whatever its case; without a type they are."""
        told = headers.first(b"content-type")
        return told is None or told.partition(b";")[0].strip().lower() in self.types


@record
class RouteSetting:
    """CompressorPerRoute; `remove_accept` None where it does not say."""

    disabled: bool = False
    responses: bool = False
    remove_accept: bool | None = None


NOTHING_SET = RouteSetting()


@record
class Compressor(PassedFilter):
    """envoy.filters.http.compressor; it keeps Accept-Encoding as it came."""

    coding: bytes = b"gzip"
    requests: Direction | None = None
    responses: Direction = Direction()
    remove_accept: bool = False
    disable_on_etag: bool = False
    weaken_etag: bool = False
    uncompressible: tuple[int, ...] = ()
    touched: ClassVar[frozenset[bytes]] = frozenset((b"accept-encoding", b"content-encoding", b"content-length"))

    def _setting(self, settings: tuple[FilterSetting, ...]) -> RouteSetting:
        policy = settings[0].policy if settings else None
        return policy if isinstance(policy, RouteSetting) else NOTHING_SET

    def _answers(self, own: RouteSetting) -> bool:
        return not own.disabled and (own.responses or self.responses.enabled)

    def request(self, request: Draft, settings: tuple[FilterSetting, ...], *, body: bool) -> tuple[bytes | None]:
        headers, own = request.headers, self._setting(settings)
        accepted = headers.first(b"accept-encoding")
        if self._answers(own) and (self.remove_accept if own.remove_accept is None else own.remove_accept):
            headers.remove(b"accept-encoding")
        wanted = self.requests
        if (
            body
            and wanted is not None
            and wanted.enabled
            and wanted.long_enough(headers)
            and wanted.takes_type(headers)
            and headers.first(b"content-encoding") is None
        ):
            headers.remove(b"content-length")
            headers.set(b"content-encoding", self.coding)
        return (accepted,)

    def response(self, reply: Reply, kept: object, settings: tuple[FilterSetting, ...]) -> None:
        accepted = kept[0] if isinstance(kept, tuple) else None
        if not self._answers(self._setting(settings)) or not self._compressible(reply):
            return
        if not reply.ends and accepted is not None and preferred(accepted, self.coding):
            _weaken(reply.headers, keep=self.weaken_etag)
            reply.headers.remove(b"content-length")
            reply.headers.set(b"content-encoding", self.coding)
        _vary(reply.headers)

    def _compressible(self, reply: Reply) -> bool:
        headers = reply.headers
        return (
            self.responses.long_enough(headers)
            and self.responses.takes_type(headers)
            and (self.weaken_etag or not self.disable_on_etag or headers.first(b"etag") is None)
            and not no_transform(headers)
            and headers.first(b"content-encoding") is None
            and reply.status not in self.uncompressible
        )

    def told(self, kept: object) -> str:
        accepted = kept[0] if isinstance(kept, tuple) else None
        if accepted is None or not preferred(accepted, self.coding):
            return ""
        return f"the client takes responses that are compressed as {self.coding.decode()}"


@record
class Decompressor(PassedFilter):
    """envoy.filters.http.decompressor; None where a direction is not enabled, else whether no-transform counts."""

    coding: bytes = b"gzip"
    advertise: bool = True
    requests: bool | None = True
    responses: bool | None = True
    touched: ClassVar[frozenset[bytes]] = frozenset((b"accept-encoding", b"content-encoding", b"content-length"))

    def request(self, request: Draft, settings: tuple[FilterSetting, ...], *, body: bool) -> bool:  # noqa: ARG002
        headers = request.headers
        if self.advertise and self.responses is not None:
            others = [part for part in tokens(headers.first(b"accept-encoding")) if name_of(part) != self.coding]
            headers.set(b"accept-encoding", b",".join([*others, self.coding]))
        return body and self._decode(headers, self.requests)

    def response(self, reply: Reply, kept: object, settings: tuple[FilterSetting, ...]) -> None:  # noqa: ARG002
        if not reply.ends:
            self._decode(reply.headers, self.responses)

    def _decode(self, headers: Headers, heeds: bool | None) -> bool:
        if heeds is None or (heeds and no_transform(headers)):
            return False
        first, comma, others = (headers.first(b"content-encoding") or b"").partition(b",")
        if first.strip().lower() != self.coding:
            return False
        headers.remove(b"content-encoding")
        if comma:
            headers.set(b"content-encoding", others.strip())
        headers.remove(b"content-length")
        return True

    def told(self, kept: object) -> str:
        return f"the {self.coding.decode()} body of the request is decompressed" if kept else ""


def tokens(value: bytes | None) -> Iterator[bytes]:
    """The parts of a list between commas, without those that are empty."""
    return (part.strip() for part in (value or b"").split(b",") if part.strip())


def name_of(token: bytes) -> bytes:
    """A coding without its parameters."""
    return token.partition(b";")[0].strip()


def no_transform(headers: Headers) -> bool:
    """Whether Cache-Control forbids it."""
    return b"no-transform" in (part.lower() for part in tokens(headers.first(b"cache-control")))


def preferred(accepted: bytes, coding: bytes) -> bool:
    """Whether the one coding that there is beats `identity` in an Accept-Encoding.

    The first of equals counts; the coding with a weight of 0 anywhere is never used.
    """
    best, most = b"identity", 0.0
    for token in (part for part in accepted.split(b",") if part):
        weight = _weight(token)
        name = name_of(token)
        if weight == 0 and name == coding:
            return False
        if weight is not None and weight > most and name in (coding, b"identity", b"*"):
            best, most = name, weight
    return best in (coding, b"*")


def _weight(token: bytes) -> float | None:
    """The `q` of a token, 1 without one; None where it is no number."""
    _, mark, parameters = token.partition(b";")
    key, equals, value = parameters.partition(b"=")
    if not mark or not equals or key.strip().lower() != b"q":
        return 1.0
    text = value.strip().lower().decode("latin-1")
    try:
        return float.fromhex(text) if "0x" in text else float(text.replace("_", "?"))
    except ValueError:
        return None


def _weaken(headers: Headers, *, keep: bool) -> None:
    tag = headers.first(b"etag")
    if tag is None or (len(tag) > 2 and tag[:2].upper() == b"W/"):
        return
    headers.remove(b"etag")
    if keep:
        headers.set(b"etag", b"W/" + tag)


def _vary(headers: Headers) -> None:
    told = headers.first(b"vary")
    if told is None:
        headers.set(b"vary", b"Accept-Encoding")
    elif b"Accept-Encoding" not in tokens(told):
        headers.set(b"vary", told + b", Accept-Encoding")

"""Path normalisation, before any route is looked at.

- HC-20: in this order: "#" anywhere is a 400, or cut off by a guard of the runtime;
  `path_with_escaped_slashes_action` on %2F and %5C before the query; `normalize_path`; `merge_slashes`.
  HC-25: the query is never touched.
- HC-21: UNESCAPE_AND_REDIRECT answers 307 with the path after all steps, when an escaped slash was
  there; a gRPC request gets 400.
- HC-22: percent escapes of unreserved characters are decoded, others stay; `%00` is a 400.
- HC-23: "\\" becomes "/"; raw `" < > ^ ` { | }` become escapes.
- HC-24: dot segments are removed after decoding, excess ones dropped; empty segments stay; a raw "." or
  ".." followed by parameters (`..;x`) is a dot segment too.
- HC-26: merge_slashes joins what is left after dropping empty segments, with one slash at the front and
  one at the back where the path had them: `//` stays `//`.
- HC-28: CONNECT has no path and skips all this.
"""

from __future__ import annotations

from typing import NamedTuple

from fastroute.reference import fractions, tls
from fastroute.reference.stream import Message, Stream
from fastroute.reference.targets import Outcome, respond
from fastroute.reference.trace import text

DETAILS = "path_normalization_failed"
KEEP, REJECT, REDIRECT, FORWARD = 1, 2, 3, 4
_ESCAPED = {b"%2f": b"/", b"%5c": b"\\"}
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_QUOTED = frozenset(b'"<>^`{|}')
_RUNTIME = "http_connection_manager."


class _Unescaped(NamedTuple):
    path: bytes
    found: bool


def normalise(manager: Message, stream: Stream) -> Outcome | None:
    """Normalise the path in place; an answer where Envoy refuses or redirects instead of routing."""
    whole = stream.path
    if whole is None:
        return None
    if b"#" in whole:
        if not _drops_fragment(stream):
            return _refuse(stream, "the path has a fragment", "HC-06")
        _change(stream, whole, whole.partition(b"#")[0])
        whole = stream.path or b""
    path, mark, query = whole.partition(b"?")
    action = _slashes_action(manager, stream)
    unescaped = _unescape(path) if action != KEEP else _Unescaped(path, False)
    if unescaped.found and action == REJECT:
        return _refuse(stream, "the path has an escaped slash", "HC-20")
    normal: bytes | None = unescaped.path
    if _normalizes(manager, stream):
        normal = canonical(unescaped.path)
        if normal is None:
            return _refuse(stream, "the path has %00", "HC-22")
    if manager.merge_slashes:
        normal = merge_slashes(normal or b"")
    _change(stream, whole, (normal or b"") + mark + query)
    return _redirect(stream) if unescaped.found and action == REDIRECT else None


def _change(stream: Stream, before: bytes, after: bytes) -> None:
    if before == after:
        stream.trace.add("normalisation", "path", "kept", f"{text(before)!r} is normal", "HC-20")
        return
    stream.headers.set(b":path", after)
    stream.trace.add("normalisation", "path", "changed", f"{text(before)!r} becomes {text(after)!r}", "HC-20")


def _refuse(stream: Stream, reason: str, rule: str) -> Outcome:
    stream.trace.add("normalisation", "path", "answered", f"{reason}: 400", rule)
    return respond(400, DETAILS)


def _redirect(stream: Stream) -> Outcome:
    if tls.is_grpc(stream.headers):
        return _refuse(stream, "a gRPC request is not redirected to the normal path", "HC-21")
    stream.trace.add("normalisation", "path", "answered", "307 to the normal path", "HC-21")
    return respond(307, DETAILS, kind="redirect", location=stream.path)


def _drops_fragment(stream: Stream) -> bool:
    value = fractions.runtime_value(stream.runtime, "envoy.reloadable_features.http_reject_path_with_fragment")
    return value is False or fractions.number(value) == 0


def _slashes_action(manager: Message, stream: Stream) -> int:
    configured: int = manager.path_with_escaped_slashes_action
    if configured == 0:
        value = fractions.number(fractions.runtime_value(stream.runtime, _RUNTIME + "path_with_escaped_slashes_action"))
        return int(value) if value in (KEEP, REJECT, REDIRECT, FORWARD) else KEEP
    return configured


def _normalizes(manager: Message, stream: Stream) -> bool:
    if manager.HasField("normalize_path"):
        return bool(manager.normalize_path.value)
    value = fractions.fraction(fractions.runtime_value(stream.runtime, _RUNTIME + "normalize_path"))
    return value is not None and value[0] >= value[1]


def _unescape(path: bytes) -> _Unescaped:
    parts = []
    place, found = 0, False
    while place < len(path):
        slash = _ESCAPED.get(path[place : place + 3].lower())
        parts.append(slash if slash is not None else path[place : place + 1])
        found = found or slash is not None
        place += 3 if slash is not None else 1
    return _Unescaped(b"".join(parts), found)


def canonical(path: bytes) -> bytes | None:
    """The path in canonical form, or None where it has %00."""
    if b"%00" in path:
        return None
    return _without_dots(path)


def _decoded(segment: bytes) -> bytes:
    out = bytearray()
    place = 0
    while place < len(segment):
        byte = segment[place]
        escape = segment[place + 1 : place + 3]
        if byte == 0x25 and len(escape) == 2 and _is_hex(escape) and int(escape, 16) in _UNRESERVED:
            out.append(int(escape, 16))
            place += 3
            continue
        out += b"%%%02X" % byte if byte in _QUOTED else bytes((byte,))
        place += 1
    return bytes(out)


def _is_hex(two: bytes) -> bool:
    return all(byte in b"0123456789abcdefABCDEF" for byte in two)


def _without_dots(path: bytes) -> bytes:
    segments = path.replace(b"\\", b"/").split(b"/")[1:]
    kept: list[bytes] = []
    for place, segment in enumerate(segments):
        dots = _dots(segment)
        if dots is None:
            kept.append(_decoded(segment))
            continue
        if dots == 2 and kept:
            kept.pop()
        if place == len(segments) - 1:
            kept.append(b"")
    return b"/" + b"/".join(kept)


def _dots(segment: bytes) -> int | None:
    """1 or 2 for a dot segment, else None."""
    if _decoded(segment) in (b".", b".."):
        return len(_decoded(segment))
    raw = segment.partition(b";")[0]
    return len(raw) if b";" in segment and raw in (b".", b"..") else None


def merge_slashes(path: bytes) -> bytes:
    """The path with runs of slashes merged, in Envoy's way."""
    if b"//" not in path:
        return path
    front = b"/" if path.startswith(b"/") else b""
    back = b"/" if path.endswith(b"/") else b""
    return front + b"/".join(part for part in path.split(b"/") if part) + back

"""The TLS inspector over the first bytes (LF-01 to LF-04), as the rules read.

Verdicts: "found", "need more", "not mine" (it is no TLS), "refused" (Envoy closes the connection).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Verdict = Literal["found", "need more", "not mine", "refused"]
MAX_RECORD = 16384
MAX_CIPHERTEXT = MAX_RECORD + 320
SERVER_NAME, PROTOCOLS, ENCRYPTED_HELLO = 0, 16, 0xFE0D


class Hello(NamedTuple):
    """What the inspector found."""

    verdict: Verdict
    name: bytes | None = None
    protocols: tuple[bytes, ...] | None = None


class _WrongError(Exception):
    """The bytes are not what they should be."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, size: int) -> bytes:
        if len(self.data) < size:
            raise _WrongError
        part, self.data = self.data[:size], self.data[size:]
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        return self.take(self.number(size))

    def end(self) -> None:
        if self.data:
            raise _WrongError


def inspect(data: bytes, limit: int = MAX_RECORD) -> Hello:
    """The verdict on everything that the connection sent so far."""
    seen = data[:limit]
    lacking: Verdict = "need more" if len(data) < limit else "refused"
    if len(seen) < 5:
        return Hello(lacking)
    if seen.startswith((b"GET ", b"POST ", b"HEAD ", b"PUT ", b"CONNE")):
        return Hello("not mine")
    verdict, message = _message(seen)
    if verdict != "found":
        return Hello(lacking if verdict == "need more" else verdict)
    if message[0] != 1:
        return Hello("not mine")
    try:
        return _hello(_Reader(message[4:]))
    except _WrongError:
        return Hello("not mine")


def _message(data: bytes) -> tuple[Verdict, bytes]:
    """The first handshake message, out of as many records as it takes."""
    message = b""
    empty = alerts = 0
    while True:
        if len(data) < 5:
            return "need more", b""
        kind, major, length = data[0], data[1], int.from_bytes(data[3:5], "big")
        if major != 3 or length > MAX_CIPHERTEXT:
            return "not mine", b""
        if len(data) < 5 + length:
            return "need more", b""
        body, data = data[5 : 5 + length], data[5 + length :]
        if kind == 21 and not message and length <= MAX_RECORD:
            alerts += 1
            if body == b"\x01\x00":
                return "refused", b""
            if len(body) != 2 or body[0] != 1 or alerts > 4:
                return "not mine", b""
            continue
        empty = 0 if body else empty + 1
        if kind != 22 or length > MAX_RECORD or empty > 32:
            return "not mine", b""
        message += body
        if len(message) >= 4:
            size = 4 + int.from_bytes(message[1:4], "big")
            if size > 4 + MAX_RECORD:
                return "not mine", b""
            if len(message) >= size:
                return "found", message[:size]


def _hello(reader: _Reader) -> Hello:
    version = reader.number(2)
    reader.take(32)
    if len(reader.vector(1)) > 32:
        raise _WrongError
    ciphers, compressions = reader.vector(2), reader.vector(1)
    if len(ciphers) < 2 or len(ciphers) % 2 or not compressions:
        raise _WrongError
    extensions = _extensions(reader)
    name = _name(_Reader(extensions[SERVER_NAME])) if SERVER_NAME in extensions else None
    encrypted = extensions.get(ENCRYPTED_HELLO)
    if encrypted is not None and encrypted[:1] != b"\x00" and encrypted != b"\x01":
        raise _WrongError
    protocols = _protocols(extensions[PROTOCOLS]) if PROTOCOLS in extensions else None
    if not 0x0301 <= version <= 0x0304:
        return Hello("refused", None, protocols)
    return Hello("found", name, protocols)


def _extensions(reader: _Reader) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    if not reader.data:
        return found
    inner = _Reader(reader.vector(2))
    reader.end()
    while inner.data:
        kind = inner.number(2)
        if kind in found:
            raise _WrongError
        found[kind] = inner.vector(2)
    return found


def _name(reader: _Reader) -> bytes:
    names = _Reader(reader.vector(2))
    reader.end()
    kind, host = names.number(1), names.vector(2)
    names.end()
    if kind != 0 or not 0 < len(host) <= 255 or 0 in host:
        raise _WrongError
    return host.lower()


def _protocols(body: bytes) -> tuple[bytes, ...] | None:
    """The protocols in the client's order; a malformed list counts as none at all."""
    try:
        reader = _Reader(body)
        inner = _Reader(reader.vector(2))
        reader.end()
        found = []
        while inner.data:
            found.append(inner.vector(1))
    except _WrongError:
        return None
    return tuple(found) if found and all(found) else None

"""What clients send first: ClientHello messages, PROXY protocol headers, request lines."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Sequence

Address = tuple[str, int]
V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def u8(data: bytes) -> bytes:
    """`data` behind its length in one byte."""
    return struct.pack(">B", len(data)) + data


def u16(data: bytes) -> bytes:
    """`data` behind its length in two bytes."""
    return struct.pack(">H", len(data)) + data


def extension(kind: int, body: bytes) -> bytes:
    """One TLS extension."""
    return struct.pack(">H", kind) + u16(body)


def server_name(name: bytes) -> bytes:
    """The server name extension."""
    return extension(0, u16(b"\x00" + u16(name)))


def alpn(protocols: Iterable[bytes]) -> bytes:
    """The application protocols extension."""
    return extension(16, u16(b"".join(u8(each) for each in protocols)))


SUPPORTED_VERSIONS = extension(43, u8(b"\x03\x04\x03\x03"))
USUAL = (
    extension(10, u16(b"\x00\x1d\x00\x17")),
    extension(11, u8(b"\x00")),
    extension(13, u16(b"\x04\x03\x08\x04\x04\x01")),
    extension(23, b""),
    extension(0xFF01, u8(b"")),
    extension(51, u16(b"\x00\x1d" + u16(bytes(32)))),
    extension(45, u8(b"\x01")),
)


def hello_body(
    extensions: Sequence[bytes] | None,
    *,
    version: int = 0x0303,
    session: bytes = b"",
    ciphers: bytes = b"\x13\x01\xc0\x2f\x00\x2f",
    compressions: bytes = b"\x00",
) -> bytes:
    """The body of a ClientHello; `extensions` None leaves even their length out."""
    body = struct.pack(">H", version) + bytes(range(32)) + u8(session) + u16(ciphers) + u8(compressions)
    return body if extensions is None else body + u16(b"".join(extensions))


def handshake(body: bytes, kind: int = 1) -> bytes:
    """A handshake message."""
    return struct.pack(">B", kind) + len(body).to_bytes(3, "big") + body


def records(message: bytes, sizes: Sequence[int] = (), version: int = 0x0301, kind: int = 22) -> bytes:
    """The message in TLS records: of the given sizes, then one with the rest."""
    parts = []
    for size in sizes:
        parts.append(message[:size])
        message = message[size:]
    if message:
        parts.append(message)
    return b"".join(struct.pack(">BH", kind, version) + u16(part) for part in parts)


def client_hello(name: str | None = None, protocols: Sequence[str] = (), sizes: Sequence[int] = ()) -> bytes:
    """An ordinary ClientHello."""
    extensions = [*USUAL, SUPPORTED_VERSIONS]
    if name is not None:
        extensions.insert(0, server_name(name.encode()))
    if protocols:
        extensions.append(alpn([each.encode() for each in protocols]))
    return records(handshake(hello_body(extensions)), sizes)


def proxy_v2(source: Address, destination: Address, extensions: bytes = b"", command: int = 0x21) -> bytes:
    """A PROXY protocol header, version 2."""
    first, second = ipaddress.ip_address(source[0]), ipaddress.ip_address(destination[0])
    family = 0x11 if first.version == 4 else 0x21
    body = first.packed + second.packed + struct.pack(">HH", source[1], destination[1]) + extensions
    return V2_SIGNATURE + struct.pack(">BB", command, family) + u16(body)


def proxy_v1(source: Address, destination: Address) -> bytes:
    """A PROXY protocol header, version 1."""
    family = "TCP6" if ":" in source[0] else "TCP4"
    return f"PROXY {family} {source[0]} {destination[0]} {source[1]} {destination[1]}\r\n".encode()

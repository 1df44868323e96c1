"""The protobuf wire format, as far as writing needs it."""

from __future__ import annotations

VARINT = 0
FIXED64 = 1
BYTES = 2
FIXED32 = 5

_WORD = 1 << 64


def varint(number: int) -> bytes:
    """`number` (0 ≤ number < 2^64) as a varint."""
    if number < 0x80:
        return _SMALL[number]
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def signed(number: int) -> bytes:
    """A signed number as a varint of its 64-bit two's complement."""
    return varint(number if number >= 0 else number + _WORD)


def zigzag(number: int) -> bytes:
    """A `sint32` or `sint64`."""
    return varint((number << 1) if number >= 0 else (-number << 1) - 1)


def tag(number: int, wire_type: int) -> bytes:
    """What precedes the value of field `number`."""
    return varint(number << 3 | wire_type)


def sized(body: bytes) -> bytes:
    """A length-delimited value."""
    length = len(body)
    return (_SMALL[length] if length < 0x80 else varint(length)) + body


_SMALL = [bytes((number,)) for number in range(0x80)]

"""Scalars of JSON and YAML as Envoy's protobuf reader takes them, written to the wire.

Rules (CF-03; protobuf's reader in the mode that Envoy uses):

* Numbers may be quoted, then also in hexadecimal (`"0x10"`); a quoted integer has no white space
  around it. An integer may be written as a float without fraction (`5.0`, `1e3`), then within the
  range in which doubles are exact.
* Booleans may be quoted, in any spelling of `true t yes y 1 false f no n 0`.
* Floats may be quoted, `NaN`, `Infinity` and `-Infinity` among them.
* Enum values are names in any case, numbers, or quoted numbers; a number need not be defined.
* Bytes are base64 of either alphabet, padded or not. Strings are nothing but strings.
"""

from __future__ import annotations

import binascii
import math
import struct
from collections.abc import Callable

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from fastroute.api import wire
from fastroute.api.faults import Fault, kind
from fastroute.patterns import pattern

Encode = Callable[[object], bytes]

_INTEGER = pattern(r"[+-]?[0-9]+\Z")
_HEX = pattern(r"\s*[+-]?0[xX]")
_BASE64 = pattern(r"[A-Za-z0-9+/]*\Z")
_TRUE = frozenset(("true", "t", "yes", "y", "1"))
_FALSE = frozenset(("false", "f", "no", "n", "0"))
_EXACT_SIGNED = 1 << 53
_EXACT_UNSIGNED = 1 << 54
_FLOAT_MAX = 3.4028235677973366e38


def string(value: object) -> bytes:
    """A `string` field."""
    if type(value) is not str:
        raise Fault(f"expected a string, got {kind(value)}", remedy=_quote(value))
    try:
        return wire.sized(value.encode())
    except UnicodeEncodeError:
        raise Fault("the string holds half of a surrogate pair") from None


def _quote(value: object) -> str:
    if isinstance(value, bool):
        return "Unquoted y, n, yes, no, on, off, true and false are booleans in YAML: put quotes around the text."
    return "Put quotes around it." if isinstance(value, int | float) else ""


def base64(value: object) -> bytes:
    """A `bytes` field."""
    if not isinstance(value, str):
        raise Fault(f"expected bytes as a base64 string, got {kind(value)}")
    text = value.replace("-", "+").replace("_", "/")
    if len(text) % 4 == 0 and text.endswith("="):
        text = text[:-2] if text.endswith("==") else text[:-1]
    if len(text) % 4 == 1 or not _BASE64.match(text):
        raise Fault("corrupt base64")
    return wire.sized(binascii.a2b_base64(text + "=" * (-len(text) % 4)))


def boolean(value: object) -> bytes:
    """A `bool` field."""
    if isinstance(value, str):
        value = True if value.lower() in _TRUE else False if value.lower() in _FALSE else value
    if value is True:
        return b"\x01"
    if value is False:
        return b"\x00"
    raise Fault(f"expected true or false, got {kind(value)}")


def number(value: object) -> float:
    """A number of a `double` field."""
    if isinstance(value, str):
        return _quoted_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Fault(f"expected a number, got {kind(value)}")
    try:
        result = float(value)
    except OverflowError:
        raise Fault("the number is out of range") from None
    if not math.isfinite(result):
        raise Fault("the number is out of range")
    return result


def _quoted_number(text: str) -> float:
    try:
        if "_" in text:
            raise ValueError(text)
        return float.fromhex(text) if _HEX.match(text) else float(text)
    except (ValueError, OverflowError):
        raise Fault(f'expected a number, got the string "{text}"') from None


def double(value: object) -> bytes:
    """A `double` field."""
    return struct.pack("<d", number(value))


def single(value: object) -> bytes:
    """A `float` field."""
    result = number(value)
    if math.isfinite(result) and abs(result) >= _FLOAT_MAX:
        raise Fault("the number is out of range for a float")
    return struct.pack("<f", result)


def integer(value: object, low: int, high: int) -> int:
    """An integer from `low` to `high`."""
    if type(value) is int:
        result: int = value
    elif isinstance(value, str):
        if _INTEGER.match(value) and len(value) < 32:
            result = int(value)
        elif any(character.isspace() for character in value):
            raise Fault("white space around a quoted number")
        else:
            result = _whole(number(value), low)
    elif isinstance(value, float):
        result = _whole(value, low)
    else:
        raise Fault(f"expected a whole number, got {kind(value)}")
    if not low <= result <= high:
        raise Fault(f"the number is out of range: it must be from {low} to {high}")
    return result


def _whole(value: float, low: int) -> int:
    bound = _EXACT_SIGNED if low else _EXACT_UNSIGNED
    if not math.isfinite(value) or abs(value) > bound:
        raise Fault("the number is out of range")
    if not value.is_integer():
        raise Fault("expected a whole number, got one with a fraction")
    return int(value)


def enumeration(descriptor: EnumDescriptor) -> Encode:
    """The encoder of an enum field."""
    numbers = {value.name.upper(): value.number for value in reversed(descriptor.values)}

    def encode(value: object) -> bytes:
        if isinstance(value, str):
            found = numbers.get(value.upper())
            if found is not None:
                return wire.signed(found)
            if not _INTEGER.match(value.strip()):
                raise _unknown_name(descriptor, value)
            value = value.strip()
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise Fault(f"expected a name of {descriptor.full_name} or its number, got {kind(value)}")
        return wire.signed(integer(value, -(1 << 31), (1 << 31) - 1))

    return encode


def _unknown_name(descriptor: EnumDescriptor, value: str) -> Fault:
    from difflib import get_close_matches

    names = [item.name for item in descriptor.values]
    near = get_close_matches(value.upper(), names, 1)
    remedy = f"Did you mean {near[0]}?" if near else f"It may be {', '.join(names)}."
    return Fault(f'"{value}" is not a value of {descriptor.full_name}', remedy=remedy, code="unknown-enum-value")


def _ints(bits: int, is_signed: bool, write: Callable[[int], bytes]) -> Encode:
    low = -(1 << (bits - 1)) if is_signed else 0
    high = (1 << (bits - 1 if is_signed else bits)) - 1

    def encode(value: object) -> bytes:
        return write(integer(value, low, high))

    return encode


_WIRE = {
    FieldDescriptor.TYPE_STRING: (wire.BYTES, string),
    FieldDescriptor.TYPE_BYTES: (wire.BYTES, base64),
    FieldDescriptor.TYPE_BOOL: (wire.VARINT, boolean),
    FieldDescriptor.TYPE_DOUBLE: (wire.FIXED64, double),
    FieldDescriptor.TYPE_FLOAT: (wire.FIXED32, single),
    FieldDescriptor.TYPE_INT32: (wire.VARINT, _ints(32, True, wire.signed)),
    FieldDescriptor.TYPE_INT64: (wire.VARINT, _ints(64, True, wire.signed)),
    FieldDescriptor.TYPE_UINT32: (wire.VARINT, _ints(32, False, wire.varint)),
    FieldDescriptor.TYPE_UINT64: (wire.VARINT, _ints(64, False, wire.varint)),
    FieldDescriptor.TYPE_SINT32: (wire.VARINT, _ints(32, True, wire.zigzag)),
    FieldDescriptor.TYPE_SINT64: (wire.VARINT, _ints(64, True, wire.zigzag)),
    FieldDescriptor.TYPE_FIXED32: (wire.FIXED32, _ints(32, False, struct.Struct("<I").pack)),
    FieldDescriptor.TYPE_FIXED64: (wire.FIXED64, _ints(64, False, struct.Struct("<Q").pack)),
    FieldDescriptor.TYPE_SFIXED32: (wire.FIXED32, _ints(32, True, struct.Struct("<i").pack)),
    FieldDescriptor.TYPE_SFIXED64: (wire.FIXED64, _ints(64, True, struct.Struct("<q").pack)),
}


def encoder(field: FieldDescriptor) -> tuple[int, Encode]:
    """The wire type and the encoder of a scalar field; the encoding of a string includes its length."""
    if field.enum_type is not None:
        return wire.VARINT, enumeration(field.enum_type)
    return _WIRE[field.type]


def map_key(field: FieldDescriptor, text: str) -> bytes:
    """The key of a map, which is a string in JSON whatever its type."""
    if field.type == FieldDescriptor.TYPE_BOOL and text not in ("true", "false"):
        raise Fault(f'expected "true" or "false" as a key, got "{text}"')
    if field.type not in (FieldDescriptor.TYPE_BOOL, FieldDescriptor.TYPE_STRING) and not _INTEGER.match(text):
        raise Fault(f'expected a whole number as a key, got "{text}"')
    return encoder(field)[1](text)

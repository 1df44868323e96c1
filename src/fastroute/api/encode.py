"""From the JSON form of a resource to its wire bytes, without a message in between.

`encode(type_name, resource)` gives bytes of the message that the JSON would be read into, many times faster: how each
field is written is worked out once for each type. Fields stand in the order of their numbers and maps in that of their
keys, so that equal resources have equal bytes. A `Piece` is a JSON object
that remembers its bytes, so that what did not change costs nothing, alone or inside something larger.

Names of fields are those of the API, or their camelCase forms. An unknown field, or a value that does not fit, is a
ParseError that names the field.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from fastroute.api import declared, wire
from fastroute.api.pool import new, pool
from fastroute.errors import ParseError

Write = Callable[[Any], bytes]
"""A value to its bytes: for a field with its tag, for a message or scalar without."""

_DURATION: Final = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?s")
_WRAPPED: Final = ("Bool", "UInt32", "UInt64", "Int32", "Int64", "Float", "Double", "String", "Bytes")
_WRAPPERS: Final = frozenset(f"google.protobuf.{kind}Value" for kind in _WRAPPED)
_BY_MESSAGE: Final = frozenset(("google.protobuf.Timestamp", "google.protobuf.FieldMask"))
"""Types whose JSON form is rare here: these are read into a message after all."""


class Piece(dict[str, Any]):
    """A JSON object that remembers its bytes; it must not be changed any more."""

    __slots__ = ("_data", "_framed", "_tag", "_type", "_version", "packed")

    def __init__(self, value: Mapping[str, Any]) -> None:
        super().__init__(value)
        self._type = self._version = ""
        self._data = self._tag = self._framed = b""
        self.packed: object = None
        """Room for the owner's larger form of the same bytes."""

    def data(self, type_name: str) -> bytes:
        """Its bytes as a message of that type."""
        if self._type != type_name:
            self._data, self._type, self._version = _plain(_plan(type_name), self), type_name, ""
            self._tag = b""
        return self._data

    def framed(self, type_name: str, tag: bytes) -> bytes:
        """Its bytes as a field of another message, behind that tag."""
        if self._tag != tag or self._type != type_name:
            self._framed, self._tag = delimited(tag, self.data(type_name)), tag
        return self._framed

    def version(self, type_name: str) -> str:
        """The content hash of its bytes."""
        data = self.data(type_name)
        if not self._version:
            self._version = version_of(data)
        return self._version


def version_of(data: bytes) -> str:
    """The content hash of one resource."""
    return hashlib.sha256(data).hexdigest()[:16]


def encode(type_name: str, resource: Mapping[str, Any]) -> bytes:
    """The wire bytes of a resource in JSON form; ParseError names a field that does not fit."""
    return _message(type_name, _plan(type_name), resource)


def varint(number: int) -> bytes:
    """An unsigned number (a negative one as its 64-bit complement) in the wire's variable length."""
    return wire.varint(number & 0xFFFF_FFFF_FFFF_FFFF)


def delimited(tag: bytes, data: bytes) -> bytes:
    """A field of bytes: tag, length, content."""
    return tag + wire.sized(data)


class _Plan:
    """How the fields of a type are written: by name, the field's number and its writer."""

    __slots__ = ("fields", "name")

    def __init__(self, descriptor: Descriptor) -> None:
        self.name = descriptor.full_name
        self.fields: dict[str, tuple[int, FieldDescriptor, Write | None]] = {}
        for field in descriptor.fields:
            self.fields[field.name] = self.fields[field.json_name] = (field.number, field, None)

    def field(self, name: str) -> tuple[int, Write]:
        """Number and writer of a field; writers are made when they are first needed, since types recur."""
        found = self.fields.get(name)
        if found is None:
            raise ParseError(f"{self.name} has no such field", path=name)
        number, descriptor, write = found
        if write is None:
            write = _field_writer(descriptor)
            for alias in (descriptor.name, descriptor.json_name):
                self.fields[alias] = (number, descriptor, write)
        return number, write


@functools.cache
def _plan(type_name: str) -> _Plan:
    return _Plan(pool().FindMessageTypeByName(type_name))


def _message(type_name: str, plan: _Plan, value: Any) -> bytes:
    return value.data(type_name) if type(value) is Piece else _plain(plan, value)


def _plain(plan: _Plan, value: Mapping[str, Any]) -> bytes:
    """Fields in the order of their numbers."""
    parts = []
    for name, one in value.items():
        if one is not None:
            number, write = plan.field(name)
            try:
                parts.append((number, write(one)))
            except ParseError as error:
                error.path = f"{name}.{error.path}" if error.path else name
                raise
            except (TypeError, ValueError, KeyError, AttributeError, struct.error) as error:
                raise ParseError(f"does not fit {plan.name}: {error}", path=name) from None
    if len(parts) > 1:
        parts.sort()
    return b"".join([part for _, part in parts])


def _field_writer(field: FieldDescriptor) -> Write:
    if _is_map(field):
        return _map_writer(field)
    write, wire = _value_writer(field)
    tag = varint(field.number << 3 | wire)
    if field.is_repeated:
        return _repeated(field, write, tag)
    if wire == 2:
        present = field.has_presence
        return lambda value: delimited(tag, data) if (data := write(value)) or present else b""
    if field.has_presence:
        return lambda value: tag + write(value)
    zero = write(0)
    return lambda value: b"" if (data := write(value)) == zero else tag + data


def _repeated(field: FieldDescriptor, write: Write, tag: bytes) -> Write:
    if field.is_packed:
        packed = varint(field.number << 3 | 2)
        return lambda values: delimited(packed, b"".join([write(one) for one in values])) if values else b""
    if field.type == field.TYPE_MESSAGE and field.message_type is not None:
        name = field.message_type.full_name
        return lambda values: b"".join(
            [
                (one._framed if one._tag is tag and one._type is name else one.framed(name, tag))
                if type(one) is Piece
                else delimited(tag, write(one))
                for one in values
            ]
        )
    if field.type in (field.TYPE_STRING, field.TYPE_BYTES):
        return lambda values: b"".join([delimited(tag, write(one)) for one in values])
    return lambda values: b"".join([tag + write(one) for one in values])


def _is_map(field: FieldDescriptor) -> bool:
    return declared.is_map(field)


def _map_writer(field: FieldDescriptor) -> Write:
    entry_type = field.message_type
    assert entry_type is not None
    keys, values = entry_type.fields_by_name["key"], entry_type.fields_by_name["value"]
    (write_key, key_wire), (write_value, value_wire) = _value_writer(keys), _value_writer(values)
    tag, first, second = varint(field.number << 3 | 2), varint(1 << 3 | key_wire), varint(2 << 3 | value_wire)

    def write(value: Mapping[str, Any]) -> bytes:
        parts = []
        for key in sorted(value):
            left, right = write_key(key), write_value(value[key])
            entry = delimited(first, left) if key_wire == 2 else first + left
            parts.append(delimited(tag, entry + (delimited(second, right) if value_wire == 2 else second + right)))
        return b"".join(parts)

    return write


def _value_writer(field: FieldDescriptor) -> tuple[Write, int]:
    """How one value is written, and its wire type."""
    if field.message_type is not None:
        return _message_writer(field.message_type), 2
    if field.enum_type is not None:
        numbers = {value.name: value.number for value in field.enum_type.values}
        return lambda value: varint(numbers[value] if isinstance(value, str) else value), 0
    return _SCALARS[field.type]


def _message_writer(descriptor: Descriptor) -> Write:
    name = descriptor.full_name
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name in _WRAPPERS:
        plan = _plan(name)
        return lambda value: _plain(plan, {"value": value})
    if name in _BY_MESSAGE:
        return lambda value: _by_message(name, value)
    plan = _plan(name)
    return lambda value: _message(name, plan, value)


def _by_message(name: str, value: Any) -> bytes:
    from google.protobuf import json_format

    made = new(name)
    json_format.ParseDict(value, made, descriptor_pool=pool())
    return bytes(made.SerializeToString(deterministic=True))


def _duration(value: str) -> bytes:
    parts = _DURATION.fullmatch(value)
    if parts is None:
        raise ValueError(f"not a duration: {value!r}")
    sign = -1 if parts[1] else 1
    seconds, nanos = sign * int(parts[2]), sign * int((parts[3] or "").ljust(9, "0"))
    return (b"\x08" + varint(seconds) if seconds else b"") + (b"\x10" + varint(nanos) if nanos else b"")


def _any(value: Mapping[str, Any]) -> bytes:
    url = value["@type"]
    name = url.rpartition("/")[2]
    if name in _SPECIAL or name in _WRAPPERS or name in _BY_MESSAGE:
        data = _message_writer(pool().FindMessageTypeByName(name))(value["value"])
    else:
        data = _plain(_plan(name), {key: one for key, one in value.items() if key != "@type"})
    return delimited(b"\x0a", url.encode()) + (delimited(b"\x12", data) if data else b"")


def _struct(value: Mapping[str, Any]) -> bytes:
    entries = [delimited(b"\x0a", key.encode()) + delimited(b"\x12", _value(value[key])) for key in sorted(value)]
    return b"".join([delimited(b"\x0a", entry) for entry in entries])


def _value(value: Any) -> bytes:
    if value is None:
        return b"\x08\x00"
    if isinstance(value, bool):
        return b"\x20\x01" if value else b"\x20\x00"
    if isinstance(value, int | float):
        return b"\x11" + struct.pack("<d", value)
    if isinstance(value, str):
        return delimited(b"\x1a", value.encode())
    return delimited(b"\x2a", _struct(value)) if isinstance(value, Mapping) else delimited(b"\x32", _list(value))


def _list(value: Any) -> bytes:
    return b"".join([delimited(b"\x0a", _value(one)) for one in value])


def _signed(bits: int) -> Write:
    def write(value: Any) -> bytes:
        number = int(value)
        if not -(1 << bits - 1) <= number < 1 << bits - 1:
            raise ValueError(f"{number} has more than {bits} bits")
        return varint(number)

    return write


def _unsigned(bits: int) -> Write:
    def write(value: Any) -> bytes:
        number = int(value)
        if not 0 <= number < 1 << bits:
            raise ValueError(f"{number} is not an unsigned number of {bits} bits")
        return varint(number)

    return write


def _bool(value: Any) -> bytes:
    if value is not True and value is not False and value != 0:
        raise ValueError(f"true or false is expected, not {value!r}")
    return b"\x01" if value else b"\x00"


def _float(form: str) -> Write:
    return lambda value: struct.pack(form, float(value))


_SPECIAL: Final[Mapping[str, Write]] = {
    "google.protobuf.Any": _any,
    "google.protobuf.Duration": _duration,
    "google.protobuf.ListValue": _list,
    "google.protobuf.Struct": _struct,
    "google.protobuf.Value": _value,
}
_SCALARS: Final[Mapping[int, tuple[Write, int]]] = {
    FieldDescriptor.TYPE_BOOL: (_bool, 0),
    FieldDescriptor.TYPE_BYTES: (lambda value: base64.b64decode(value) if value else b"", 2),
    FieldDescriptor.TYPE_DOUBLE: (_float("<d"), 1),
    FieldDescriptor.TYPE_FLOAT: (_float("<f"), 5),
    FieldDescriptor.TYPE_INT32: (_signed(32), 0),
    FieldDescriptor.TYPE_INT64: (_signed(64), 0),
    FieldDescriptor.TYPE_STRING: (lambda value: value.encode() if value else b"", 2),
    FieldDescriptor.TYPE_UINT32: (_unsigned(32), 0),
    FieldDescriptor.TYPE_UINT64: (_unsigned(64), 0),
}

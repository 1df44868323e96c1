"""Trees of JSON and YAML values to messages, guided by the descriptors.

A tree is what `json.loads` returns. It is written to the wire field by field and then parsed by
protobuf, which is several times faster than setting fields one by one, and raises a `Fault` that
names the field. The rules are those of protobuf's own reader as Envoy calls it:

* A field is named as in the `.proto` file or in lowerCamelCase (CF-03). `null` leaves it unset.
* Two members of one oneof are refused (CF-06); an ordinary field that occurs twice is merged.
* A repeated field takes one bare value for a list, and flattens a list within its list.
* An unknown field is refused (CF-07), with the nearest name there is.

`DuplicateKeys` stands for an object that names a field twice, which a dict cannot hold.

`fastroute.wire.trees` writes what has the usual form, in C; a tree that it declines, or in which anything
is wrong, is written here from the beginning.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from fastroute.api import declared, pool, scalars, wire
from fastroute.api.faults import Fault, index, key, kind
from fastroute.wire import trees
from fastroute.wire.trees import FieldPlan, MessagePlan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _collections_abc import dict_items
    from typing import Any, TypeVar

    Made = TypeVar("Made")

Tree = dict[str, object]
Encode = Callable[[object], bytes]
Write = Callable[[object, list[bytes]], None]

MOST_NESTED = 100
"""Objects and lists in each other that protobuf's reader takes."""


_MOST_LISTED = 16
"""Fields that an error lists when none is near."""


class DuplicateKeys(dict[str, object]):
    """An object in which a key occurs more than once; `items()` has every occurrence."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.pairs: Any = pairs

    def items(self) -> dict_items[str, object]:
        every: dict_items[str, object] = self.pairs
        return every


class Field:
    """How one field is written."""

    __slots__ = ("name", "oneof", "write")

    def __init__(self, name: str, oneof: int, write: Write) -> None:
        self.name = name
        self.oneof = oneof
        self.write = write


class Plan:
    """How the messages of one type are written; made at first use, then kept."""

    __slots__ = ("_fields", "descriptor", "usual")

    def __init__(self, descriptor: Descriptor) -> None:
        self.descriptor = descriptor
        self.usual = MessagePlan(self._usual_field)
        self._fields: dict[str, Field] | None = None

    @property
    def fields(self) -> dict[str, Field]:
        """The fields under every name that the text may use."""
        if self._fields is None:
            self._fields = _fields(self.descriptor)
        return self._fields

    def _usual_field(self, name: str) -> FieldPlan | None:
        """The plan of the field that the text calls `name`."""
        proto = self.descriptor.fields_by_name.get(name) or _camel_cased(self.descriptor).get(name)
        return None if proto is None else _usual_field(proto, _oneof_bit(proto))

    def encode_usual(self, value: object, ignored: str | None = None) -> bytes:
        """The same as `encode_except`, sooner where the value has the usual form."""
        try:
            body = self.usual.encode(value, ignored)
        except Fault:
            body = None
        return self.encode_except(value, ignored) if body is None else body

    def encode(self, value: object) -> bytes:
        """The body of a message."""
        return self.encode_except(value, None)

    def encode_except(self, value: object, ignored: str | None) -> bytes:
        """The body of a message from an object whose key `ignored` is none of its fields."""
        if not isinstance(value, dict):
            raise Fault(f"expected an object ({self.descriptor.name}), got {kind(value)}")
        fields = self._fields or self.fields
        out: list[bytes] = []
        seen = 0
        for name, item in value.items():
            field = fields.get(name)
            if field is None:
                if name == ignored:
                    continue
                raise _unknown(self.descriptor, name)
            if field.oneof and item is not None:
                if seen & field.oneof:
                    raise _set_twice(self.descriptor, field.name)
                seen |= field.oneof
            try:
                field.write(item, out)
            except Fault as fault:
                fault.steps.append(field.name)
                raise
        return b"".join(out)


def _unknown(descriptor: Descriptor, name: str) -> Fault:
    from difflib import get_close_matches

    names = [field.name for field in descriptor.fields]
    near = get_close_matches(snake_case(str(name)), names, 1, 0.6)
    if near:
        remedy = f"Did you mean {near[0]}?"
    elif len(names) <= _MOST_LISTED:
        remedy = f"Its fields are {', '.join(names)}." if names else "It has no fields."
    else:
        remedy = "Remove it; no field of that message has a similar name."
    return Fault(f'{descriptor.full_name} has no field "{name}"', remedy=remedy, code="unknown-field", step=str(name))


def _set_twice(descriptor: Descriptor, name: str) -> Fault:
    oneof: Any = descriptor.fields_by_name[name].containing_oneof
    others = ", ".join(field.name for field in oneof.fields if field.name != name)
    return Fault(
        f"{name} has already been set, directly or through another member of the oneof {oneof.name}",
        remedy=f"Set one only of {name}, {others}." if others else f"Set {name} once.",
        code="oneof",
        step=name,
    )


def snake_case(name: str) -> str:
    """`virtualHosts` as `virtual_hosts`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _named(descriptor: Descriptor, make: Callable[[FieldDescriptor, int], Made]) -> dict[str, Made]:
    """What `make` gives for each field and the bit of its oneof, under every name that the text may use."""
    named: dict[str, Made] = {}
    for proto in descriptor.fields:
        made = make(proto, _oneof_bit(proto))
        for name in (proto.camelcase_name, proto.json_name):
            named.setdefault(name, made)
    for proto in descriptor.fields:
        named[proto.name] = named[proto.json_name]
    return named


def _oneof_bit(field: FieldDescriptor) -> int:
    """A bit for each oneof of a message; 0 for none, and for what stands for one in a field that is `optional`."""
    oneof: Any = field.containing_oneof
    if oneof is None or (len(oneof.fields) == 1 and oneof.name == f"_{field.name}"):
        return 0
    return 1 << int(oneof.index)


@functools.cache
def _camel_cased(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    return _named(descriptor, lambda proto, _: proto)


def _fields(descriptor: Descriptor) -> dict[str, Field]:
    return _named(descriptor, lambda proto, bit: Field(proto.name, bit, _writer(proto)))


_RANGES = {
    FieldDescriptor.TYPE_INT32: (-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.TYPE_INT64: (-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.TYPE_UINT32: (0, (1 << 32) - 1),
    FieldDescriptor.TYPE_UINT64: (0, (1 << 63) - 1),
}
"""The integers that the usual form takes."""


def _usual_field(field: FieldDescriptor, bit: int) -> FieldPlan:
    if declared.is_map(field):
        return FieldPlan("whole", b"", oneof=bit, encode=_map(field))
    options: dict[str, Any] = {"oneof": bit, "repeated": field.is_repeated, "flatten": _flattens(field)}
    if field.message_type is not None:
        from fastroute.api import wellknown

        if wellknown.encoder(field.message_type) is None:
            inner = field.message_type
            return FieldPlan("message", wire.tag(field.number, wire.BYTES), inside=lambda: plan(inner).usual, **options)
    tag, encode, null = _singular(field)
    options |= {"encode": encode, "null": null}
    if field.type == FieldDescriptor.TYPE_STRING:
        return FieldPlan("text", tag, **options)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return FieldPlan("boolean", tag, **options)
    if field.type in _RANGES:
        low, high = _RANGES[field.type]
        return FieldPlan("integer", tag, low=low, high=high, **options)
    return FieldPlan("written", tag, **options)


def _writer(field: FieldDescriptor) -> Write:
    if declared.is_map(field):
        return _map(field)
    tag, encode, null = _singular(field)
    return _repeated(field, tag, encode, null) if field.is_repeated else _single(tag, encode, null)


def _singular(field: FieldDescriptor) -> tuple[bytes, Encode, bytes | None]:
    """The tag and encoder of one value; and what null is written as, where it is a value."""
    if field.message_type is None:
        wire_type, encode = scalars.encoder(field)
        return wire.tag(field.number, wire_type), encode, None
    body = body_encoder(field.message_type)

    def sized(value: object) -> bytes:
        return wire.sized(body(value))

    null = sized(None) if field.message_type.full_name == "google.protobuf.Value" else None
    return wire.tag(field.number, wire.BYTES), sized, null


def _single(tag: bytes, encode: Encode, null: bytes | None) -> Write:
    def write(value: object, out: list[bytes]) -> None:
        if value is not None:
            out.append(tag + encode(value))
        elif null is not None:
            out.append(tag + null)

    return write


def _flattens(field: FieldDescriptor) -> bool:
    """Whether a list within the list of a repeated field is part of it."""
    return field.message_type is None or field.message_type.full_name not in _LISTS


def _repeated(field: FieldDescriptor, tag: bytes, encode: Encode, null: bytes | None) -> Write:
    if null is None:
        null = _DEFAULTS.get(tag[0] & 7, b"\0")
    flatten = _flattens(field)

    def write_list(value: list[object], out: list[bytes]) -> None:
        for position, item in enumerate(value):
            try:
                if item is None:
                    out.append(tag + null)
                elif flatten and isinstance(item, list):
                    write_list(item, out)
                else:
                    out.append(tag + encode(item))
            except Fault as fault:
                fault.steps.append(index(position))
                raise

    def write(value: object, out: list[bytes]) -> None:
        if isinstance(value, list):
            write_list(value, out)
        elif value is not None:
            out.append(tag + encode(value))

    return write


_LISTS = frozenset(("google.protobuf.Value", "google.protobuf.ListValue"))
_DEFAULTS = {wire.VARINT: b"\0", wire.BYTES: b"\0", wire.FIXED32: b"\0" * 4, wire.FIXED64: b"\0" * 8}


def _map(field: FieldDescriptor) -> Write:
    tag = wire.tag(field.number, wire.BYTES)
    entry: Any = field.message_type
    entry_fields = entry.fields_by_name
    key_field = entry_fields["key"]
    key_tag = wire.tag(1, scalars.encoder(key_field)[0])
    value_write = _single(*_singular(entry_fields["value"]))

    def write(value: object, out: list[bytes]) -> None:
        if value is None:
            return
        if not isinstance(value, dict):
            raise Fault(f"expected an object, got {kind(value)}")
        if isinstance(value, DuplicateKeys):
            raise repeated_key(value)
        for name, item in value.items():
            try:
                entry = [key_tag + scalars.map_key(key_field, name)]
                value_write(item, entry)
            except Fault as fault:
                fault.steps.append(key(name))
                raise
            out.append(tag + wire.sized(b"".join(entry)))

    return write


def repeated_key(value: DuplicateKeys) -> Fault:
    """The fault of a map that names a key twice."""
    names = [name for name, _ in value.pairs]
    twice = next(name for position, name in enumerate(names) if name in names[:position])
    return Fault(f'the key "{twice}" occurs twice', code="repeated-key", step=key(twice))


@functools.cache
def plan(descriptor: Descriptor) -> Plan:
    """The plan of a message type."""
    return Plan(descriptor)


def body_encoder(descriptor: Descriptor) -> Encode:
    """The encoder of the body of a message, well-known types included."""
    from fastroute.api import wellknown

    return wellknown.encoder(descriptor) or plan(descriptor).encode


def nesting(tree: object) -> int:
    """How many objects and lists lie in each other; counting ends beyond what is taken."""
    return trees.nesting(tree, MOST_NESTED)


def encode(full_name: str, tree: object) -> bytes:
    """The wire form of the message of the type `full_name` that `tree` spells.

    Raises `Fault` where a value does not fit. A type that Envoy lacks becomes a TypedStruct (see
    `fastroute.api.anys`).
    """
    if nesting(tree) > MOST_NESTED:
        raise Fault(f"more than {MOST_NESTED} objects and lists in each other", code="nesting")
    from fastroute.api import wellknown

    descriptor = pool.pool().FindMessageTypeByName(full_name)
    special = wellknown.encoder(descriptor)
    return special(tree) if special is not None else plan(descriptor).encode_usual(tree)


def message(full_name: str, tree: object) -> Message:
    """The message of the type `full_name` that `tree` spells; see `encode`."""
    return parse(full_name, encode(full_name, tree))


def parse(full_name: str, body: bytes) -> Message:
    """The message of the type `full_name` in `body`."""
    try:
        return pool.message_class(full_name).FromString(body)
    except DecodeError as error:
        raise Fault(f"protobuf cannot hold it: {error}", code="nesting") from None

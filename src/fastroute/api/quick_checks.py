"""The constraints as tables for `fastroute.wire.checks`: a message that passes has no violation.

What a rule means is in `fastroute.api.rules`, where it applies in `fastroute.api.constraints`; this
module only says which of it can be seen on the wire. Anything else (a rule of another kind, a type that
Envoy lacks, a TypedStruct) makes the answer "not sure", and the message is checked there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from fastroute.api import constraints, declared, durations, names, pool, rules, semantics, wire
from fastroute.wire.checks import FieldCheck, MessageCheck

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    _Kind = Literal["text", "data", "unsigned", "int32", "int64", "boolean", "double", "float", "other"]


_Made = tuple[
    Callable[[int], FieldCheck],
    Sequence[int],
    Iterable[int],
    Iterable[int],
    Iterable[Iterable[int]],
    str | None,
    bool,
]

_NUMBERS: dict[int, tuple[_Kind, int]] = {
    FieldDescriptor.TYPE_BOOL: ("boolean", wire.VARINT),
    FieldDescriptor.TYPE_ENUM: ("int32", wire.VARINT),
    FieldDescriptor.TYPE_INT32: ("int32", wire.VARINT),
    FieldDescriptor.TYPE_INT64: ("int64", wire.VARINT),
    FieldDescriptor.TYPE_UINT32: ("unsigned", wire.VARINT),
    FieldDescriptor.TYPE_UINT64: ("unsigned", wire.VARINT),
    FieldDescriptor.TYPE_SINT32: ("other", wire.VARINT),
    FieldDescriptor.TYPE_SINT64: ("other", wire.VARINT),
    FieldDescriptor.TYPE_FIXED32: ("unsigned", wire.FIXED32),
    FieldDescriptor.TYPE_FIXED64: ("unsigned", wire.FIXED64),
    FieldDescriptor.TYPE_SFIXED32: ("int32", wire.FIXED32),
    FieldDescriptor.TYPE_SFIXED64: ("int64", wire.FIXED64),
    FieldDescriptor.TYPE_DOUBLE: ("double", wire.FIXED64),
    FieldDescriptor.TYPE_FLOAT: ("float", wire.FIXED32),
}
_TEXT_RULES = frozenset(("min_len", "well_known_regex", "strict", "max_bytes"))
_TYPED_STRUCTS = frozenset((names.TYPED_STRUCT, names.UDPA_TYPED_STRUCT))


def is_clean(message: Message) -> bool:
    """Whether `message` keeps every constraint for certain."""
    due = check_of(message.DESCRIPTOR).read(message.SerializeToString(), _content)
    with constraints.surroundings(message):
        return due is not None and not any(_complaint(name, body) for name, body in due)


def _complaint(name: str, body: bytes) -> bool:
    return next(iter(semantics.CHECKS[name](pool.message_class(name).FromString(body))), None) is not None


@functools.cache
def check_of(descriptor: Descriptor, closed: bool = False) -> MessageCheck:
    """The check of a message type; a `closed` one leaves the Anys of the message alone."""
    return MessageCheck(lambda: _make(descriptor, closed))


@functools.lru_cache(1024)
def _content(type_url: bytes) -> MessageCheck | None:
    """The check of what an Any holds."""
    name = pool.type_name(type_url.decode("utf-8", "replace"))
    if name in _TYPED_STRUCTS or name in constraints.UNVALIDATED:
        return None
    try:
        return check_of(pool.pool().FindMessageTypeByName(name))
    except KeyError:
        return None


def _make(descriptor: Descriptor, closed: bool) -> _Made:
    name = descriptor.full_name
    watched = semantics.WATCHED.get(name, ())
    by_number = descriptor.fields_by_number

    def field(number: int) -> FieldCheck:
        found = by_number[number]
        return _field(found, closed, found.name in watched)

    demands = constraints.checker(descriptor).demands
    required = {number for number, _ in demands.absent if not by_number[number].is_repeated}
    oneofs = [members for members, _ in demands.oneofs]
    counted = [number for number in declared.declaring(descriptor) if _is_counted(by_number[number])]
    return field, [*by_number], counted, required, oneofs, name if name in semantics.CHECKS else None, not watched


def _is_counted(field: FieldDescriptor) -> bool:
    """Whether a list or a map may have only so many items."""
    if not field.is_repeated:
        return False
    rule = rules.field_rules(field)
    if rule is None:
        return False
    counts = (rule.repeated.min_items, rule.repeated.max_items, rule.map.min_pairs, rule.map.max_pairs)
    return any(counts)


def _field(field: FieldDescriptor, closed: bool, watched: bool) -> FieldCheck:
    rule = rules.field_rules(field)
    options: dict[str, Any] = {"repeated": field.is_repeated, "presence": field.has_presence, "watched": watched}
    if constraints.is_disallowed(field) or (rule is not None and rule.message.skip):
        return FieldCheck("other", wire=wire.BYTES, refused=True)
    if declared.is_map(field):
        return _map(field, rule, options)
    if field.is_repeated and rule is not None and rule.HasField("repeated"):
        items = rule.repeated
        options |= {"fewest": items.min_items, "furthest": items.max_items, "refused": items.unique}
        rule = items.items if items.HasField("items") else None
    return _value(field, rule, options, closed)


def _value(field: FieldDescriptor, rule: Any, options: dict[str, Any], closed: bool = False) -> FieldCheck:
    test = rules.value_test(field, rule) if rule is not None else None
    if field.message_type is not None:
        return _message(field, field.message_type, test, options, closed)
    if field.type == FieldDescriptor.TYPE_STRING:
        return FieldCheck("text", wire=wire.BYTES, **_text(rule, test), **options)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return FieldCheck("data", wire=wire.BYTES, test=test, **options)
    kind, wire_type = _NUMBERS[field.type]
    return FieldCheck(kind, wire=wire_type, test=_both(test, constraints.value_refusal(field)), **options)


def _both(one: rules.Test | None, other: rules.Test | None) -> rules.Test | None:
    if one is None or other is None:
        return one or other
    return lambda value: one(value) or other(value)


def _text(rule: Any, test: rules.Test | None) -> dict[str, Any]:
    """The rule of a text, as far as bytes tell."""
    if test is None or {name.name for name, _ in rule.string.ListFields()} - _TEXT_RULES:
        return {"test": test}
    found: dict[str, Any] = {"least": rule.string.min_len}
    if rule.string.HasField("max_bytes"):
        found["most"] = rule.string.max_bytes
    if rule.string.HasField("well_known_regex"):
        found["least"] = max(1, rule.string.min_len) if rule.string.strict else rule.string.min_len
        found["allowed"] = rules.allowed_bytes(rule.string.well_known_regex, rule.string.strict)
    return found


def _message(
    field: FieldDescriptor, inner: Descriptor, test: rules.Test | None, options: dict[str, Any], closed: bool
) -> FieldCheck:
    name = inner.full_name
    if name == "google.protobuf.Any" and not closed and field.full_name not in constraints.CARRIED:
        return FieldCheck("any", wire=wire.BYTES, **options)
    if name == durations.DURATION:
        return FieldCheck("duration", wire=wire.BYTES, test=test, **options)
    if test is not None:
        options = {**options, "inside": MessageCheck(lambda: _wrapper(inner, test))}
    else:
        options = {**options, "inside": lambda: check_of(inner, field.full_name in constraints.UNCHECKED)}
    return FieldCheck("message", wire=wire.BYTES, **options)


def _wrapper(descriptor: Descriptor, test: rules.Test) -> _Made:
    """A wrapper whose value has a test, which the zero value of one that says nothing must pass as well."""
    field = descriptor.fields_by_name["value"]
    if field.type == FieldDescriptor.TYPE_STRING:
        check = FieldCheck("text", wire=wire.BYTES, test=test)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        check = FieldCheck("data", wire=wire.BYTES, test=test)
    else:
        kind, wire_type = _NUMBERS[field.type]
        check = FieldCheck(kind, wire=wire_type, test=test)
    return {1: check}.__getitem__, (1,), (), (1,) if test(field.default_value) else (), (), None, False


def _map(field: FieldDescriptor, rule: Any, options: dict[str, Any]) -> FieldCheck:
    pairs = rule.map if rule is not None and rule.HasField("map") else None
    if pairs is not None:
        options |= {"fewest": pairs.min_pairs, "furthest": pairs.max_pairs}

    def entry() -> _Made:
        assert field.message_type is not None
        parts = field.message_type.fields_by_name
        plain = {"presence": True}
        keys = _value(parts["key"], pairs.keys if pairs is not None and pairs.HasField("keys") else None, plain)
        rule = pairs.values if pairs is not None and pairs.HasField("values") else None
        values = _value(parts["value"], rule, plain, closed=field.full_name in constraints.CARRIED)
        return {1: keys, 2: values}.__getitem__, (1, 2), (), (1, 2), (), None, False

    return FieldCheck("message", wire=wire.BYTES, inside=MessageCheck(entry), **options)

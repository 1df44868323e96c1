"""Messages to JSON: protobuf's JSON mapping, in the field names of the API or in camelCase.

Rules: 64-bit integers are strings; a number without fraction has no point; bytes are base64; enums
are names; fields without a value are left out, an empty message that is set is `{}`; maps are
sorted by key, for the wire keeps no order. An Any shows `@type` and its fields; one of a type that
Envoy lacks shows the TypedStruct that stands for it.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from fastroute.api import declared, pool
from fastroute.api.trees import struct_tree, value_tree
from fastroute.errors import ParseError

_LONG = frozenset(
    (
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT64,
    )
)
_FLOATS = frozenset((FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_json(message: Message, *, camel_case: bool = False, indent: int | None = 2, defaults: bool = False) -> str:
    """The message as JSON text.

    `camel_case` is what istioctl and protobuf print; without it the names are those of Envoy's
    admin pages and bootstrap files. `defaults` also writes plain fields that have no value.
    """
    import json

    return json.dumps(
        to_tree(message, camel_case=camel_case, defaults=defaults), indent=indent, ensure_ascii=False, allow_nan=False
    )


def to_tree(message: Message, *, camel_case: bool = False, defaults: bool = False) -> object:
    """The message as the values of JSON: a dict, or what its well-known type stands for.

    Raises `ParseError` for an Any whose type or bytes are none of the Envoy API.
    """
    special = _SPECIAL.get(message.DESCRIPTOR.full_name)
    if special is not None:
        return special(message)
    if message.DESCRIPTOR.full_name == "google.protobuf.Any":
        return _any(message, camel_case, defaults)
    tree: dict[str, object] = {}
    fields: Sequence[Any] = message.DESCRIPTOR.fields if defaults else [field for field, _ in message.ListFields()]
    for field in fields:
        if defaults and _absent(message, field):
            continue
        name = field.json_name if camel_case else field.name
        tree[name] = _field(field, getattr(message, field.name), camel_case, defaults)
    return tree


def _absent(message: Message, field: FieldDescriptor) -> bool:
    return bool(field.has_presence) and not message.HasField(field.name)


def _field(field: FieldDescriptor, value: Any, camel_case: bool, defaults: bool) -> object:
    if field.message_type is not None and declared.is_map(field):
        entry = field.message_type.fields_by_name["value"]
        return {_key(name): _one(entry, value[name], camel_case, defaults) for name in sorted(value)}
    if field.is_repeated:
        return [_one(field, item, camel_case, defaults) for item in value]
    return _one(field, value, camel_case, defaults)


def _key(name: object) -> str:
    return str(name).lower() if isinstance(name, bool) else str(name)


def _one(field: FieldDescriptor, value: Any, camel_case: bool, defaults: bool) -> object:
    if field.message_type is not None:
        return to_tree(value, camel_case=camel_case, defaults=defaults)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return value if known is None else known.name
    return _scalar(field, value)


def _scalar(field: FieldDescriptor, value: Any) -> object:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return base64.b64encode(value).decode("ascii")
    if field.cpp_type in _LONG:
        return str(value)
    if field.cpp_type in _FLOATS:
        return _number(value, field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT)
    return cast("object", value)


def _number(value: float, single: bool) -> object:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value.is_integer() and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.8g}") if single else value


def _any(message: Any, camel_case: bool, defaults: bool) -> object:
    if not message.type_url:
        return {}
    try:
        inner = pool.message_class(pool.type_name(message.type_url)).FromString(message.value)
    except (KeyError, DecodeError):
        raise ParseError(f'an Any of the type "{message.type_url}" cannot be read', code="unknown-type") from None
    tree = to_tree(inner, camel_case=camel_case, defaults=defaults)
    named: dict[str, object] = {"@type": message.type_url}
    if inner.DESCRIPTOR.full_name in _SPECIAL or inner.DESCRIPTOR.full_name == "google.protobuf.Any":
        named["value"] = tree
    else:
        named.update(cast("dict[str, object]", tree))
    return named


def _fraction(nanos: int) -> str:
    if not nanos:
        return ""
    digits = f"{abs(nanos):09d}"
    for length in (3, 6):
        if not int(digits[length:]):
            return "." + digits[:length]
    return "." + digits


def duration_text(message: Any) -> str:
    """A Duration as `"<seconds>s"`."""
    sign = "-" if message.seconds < 0 or message.nanos < 0 else ""
    return f"{sign}{abs(message.seconds)}{_fraction(message.nanos)}s"


def timestamp_text(message: Any) -> str:
    """A Timestamp in RFC 3339, in UTC."""
    moment = _EPOCH + timedelta(seconds=message.seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + _fraction(message.nanos) + "Z"


def _mask(message: Any) -> str:
    return ",".join("".join(_camel(path)) for path in message.paths)


def _camel(path: str) -> str:
    first, *rest = path.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _wrapped(message: Any) -> object:
    return _scalar(message.DESCRIPTOR.fields_by_name["value"], message.value)


def _list(message: Any) -> object:
    return [value_tree(item) for item in message.values]


_SPECIAL: dict[str, Callable[[Any], object]] = {
    "google.protobuf.Struct": struct_tree,
    "google.protobuf.Value": value_tree,
    "google.protobuf.ListValue": _list,
    "google.protobuf.Duration": duration_text,
    "google.protobuf.Timestamp": timestamp_text,
    "google.protobuf.FieldMask": _mask,
    **{
        f"google.protobuf.{name}Value": _wrapped
        for name in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
    },
}

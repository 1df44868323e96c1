"""Random messages of any type of the API, for tests that ask what a message becomes."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from fastroute.api import names, pool

_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=4)
_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32, allow_nan=False, allow_infinity=False),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
}
_PACKED = (names.CLUSTER, names.ROUTER, "google.protobuf.StringValue", "google.protobuf.Struct")


@st.composite
def messages(draw: st.DrawFn, full_name: str, depth: int = 3) -> Message:
    """A message of the type `full_name` with a few random fields."""
    message = pool.new(full_name)
    _fill(draw, message, depth)
    return message


def _fill(draw: st.DrawFn, message: Any, depth: int) -> None:
    name = message.DESCRIPTOR.full_name
    if name == "google.protobuf.Any":
        _fill_any(draw, message, depth)
    elif name == "google.protobuf.Value":
        _fill_value(draw, message, depth)
    elif name == "google.protobuf.Duration":
        message.seconds = draw(st.integers(-1000, 10**9))
        message.nanos = draw(st.sampled_from((0, 5, 250_000_000))) * (-1 if message.seconds < 0 else 1)
    elif name == "google.protobuf.Timestamp":
        message.seconds, message.nanos = draw(st.integers(-(10**9), 10**10)), draw(st.sampled_from((0, 1, 10**8)))
    elif name == "google.protobuf.FieldMask":
        message.paths.extend(draw(st.lists(st.sampled_from(("a", "foo_bar", "a.b_c")), max_size=2)))
    else:
        _fill_fields(draw, message, depth)


def _fill_fields(draw: st.DrawFn, message: Any, depth: int) -> None:
    fields = message.DESCRIPTOR.fields
    for field in draw(st.lists(st.sampled_from(list(fields)), max_size=4, unique_by=id)) if fields else ():
        if field.message_type is not None and (depth == 0 or field.message_type.full_name.startswith("xds.")):
            continue
        _set(draw, message, field, depth)


def _set(draw: st.DrawFn, message: Any, field: Any, depth: int) -> None:
    target = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        value_field = field.message_type.fields_by_name["value"]
        key = draw(_scalar(field.message_type.fields_by_name["key"]))
        if value_field.message_type is None:
            target[key] = draw(_scalar(value_field))
        else:
            _fill(draw, target[key], depth - 1)
    elif field.is_repeated:
        for _ in range(draw(st.integers(0, 2))):
            if field.message_type is None:
                target.append(draw(_scalar(field)))
            else:
                _fill(draw, target.add(), depth - 1)
    elif field.message_type is None:
        setattr(message, field.name, draw(_scalar(field)))
    else:
        target.SetInParent()
        _fill(draw, target, depth - 1)


def _scalar(field: Any) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values])
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=5)
    return _SCALARS.get(field.cpp_type, _TEXT)


def _fill_any(draw: st.DrawFn, message: Any, depth: int) -> None:
    inner = draw(messages(draw(st.sampled_from(_PACKED)), max(depth - 1, 0)))
    message.type_url = names.url(inner.DESCRIPTOR.full_name)
    message.value = inner.SerializeToString(deterministic=True)


def _fill_value(draw: st.DrawFn, message: Any, depth: int) -> None:
    kind = draw(st.sampled_from(("null_value", "number_value", "string_value", "bool_value", "struct_value")))
    if kind == "struct_value":
        message.struct_value.SetInParent()
        if depth > 0:
            _fill(draw, message.struct_value.fields[draw(_TEXT)], depth - 1)
    else:
        field: Descriptor = message.DESCRIPTOR.fields_by_name[kind]
        setattr(message, kind, draw(_scalar(field)))

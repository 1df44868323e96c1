"""Structs to the values of JSON: what `google.protobuf.Struct`, `Value` and `ListValue` stand for."""

from __future__ import annotations

from google.protobuf.message import Message


def struct_tree(struct: Message) -> dict[str, object]:
    """A Struct as a dict."""
    return {name: value_tree(value) for name, value in struct.fields.items()}  # type: ignore[attr-defined]


def value_tree(value: Message) -> object:
    """A Value as what it stands for; a whole number is an int, as JSON would print it."""
    which = value.WhichOneof("kind")
    if which is None or which == "null_value":
        return None
    if which == "struct_value":
        return struct_tree(value.struct_value)  # type: ignore[attr-defined]
    if which == "list_value":
        return [value_tree(item) for item in value.list_value.values]  # type: ignore[attr-defined]
    plain = getattr(value, which)
    return int(plain) if isinstance(plain, float) and plain.is_integer() else plain

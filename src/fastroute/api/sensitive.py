"""Fields whose values nobody may read, such as private keys, and messages without them.

Rule: the API marks such a field with `udpa.annotations.sensitive`; everything in it is hidden, as on
Envoy's admin pages: text becomes `[redacted]`, other values are taken out.
"""

from __future__ import annotations

import functools

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from fastroute.api import declared, pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HIDDEN = "[redacted]"


@functools.cache
def _mark() -> Any:
    return pool.pool().FindExtensionByName("udpa.annotations.sensitive")


@functools.cache
def is_sensitive(field: FieldDescriptor) -> bool:
    """Whether the API marks the field as one whose value must not be shown."""
    options = declared.field_options(field)
    return options is not None and bool(options.Extensions[_mark()])


def without_secrets(message: Message) -> Message:
    """A copy of the message in which sensitive values are hidden, in Anys too."""
    copy = type(message)()
    copy.CopyFrom(message)
    _hide(copy, False)
    return copy


def _hide(message: Any, hidden: bool) -> None:
    if message.DESCRIPTOR.full_name == "google.protobuf.Any":
        _hide_inside(message, hidden)
        return
    for field, value in message.ListFields():
        inside = hidden or is_sensitive(field)
        if field.message_type is None:
            if inside:
                _hide_scalar(message, field)
        elif declared.is_map(field):
            for name in list(value) if field.message_type.fields_by_name["value"].message_type is not None else ():
                _hide(value[name], inside)
        else:
            for one in value if field.is_repeated else (value,):
                _hide(one, inside)


def _hide_scalar(message: Any, field: FieldDescriptor) -> None:
    shown: Any = {FieldDescriptor.TYPE_STRING: HIDDEN, FieldDescriptor.TYPE_BYTES: HIDDEN.encode()}.get(field.type)
    if field.is_repeated:
        count = len(getattr(message, field.name))
        message.ClearField(field.name)
        getattr(message, field.name).extend([shown] * count if shown else [])
    elif shown:
        setattr(message, field.name, shown)
    else:
        message.ClearField(field.name)


def _hide_inside(any_message: Any, hidden: bool) -> None:
    try:
        inner: Any = pool.message_class(pool.type_name(any_message.type_url)).FromString(any_message.value)
    except (KeyError, DecodeError):
        return
    _hide(inner, hidden)
    any_message.value = inner.SerializeToString(deterministic=True)

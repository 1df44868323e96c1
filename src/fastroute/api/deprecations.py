"""Fields and values of the API that Envoy 1.40 warns about, and those that it no longer takes.

Rules (XD-12): a field or enum value marked deprecated is taken with a warning. One that is also
marked `disallowed_by_default` is refused, unless the runtime key `envoy.deprecated_features:<name>`
is true. Both are looked for in everything that is set, extensions included.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from fastroute.api import anys, declared, pool, replacements
from fastroute.api.faults import index, join, key
from fastroute.errors import ParseError
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@record
class Deprecation:
    """A deprecated thing in use: its path, its full name, what replaces it, and whether Envoy refuses it."""

    path: str
    name: str
    replacement: str
    disallowed: bool


@functools.cache
def _mark(name: str) -> Any:
    return pool.pool().FindExtensionByName(f"envoy.annotations.{name}")


def field_state(field: FieldDescriptor) -> tuple[bool, bool]:
    """Whether a field is deprecated, and whether it is disallowed."""
    options = declared.field_options(field)
    if options is None:
        return False, False
    disallowed = bool(options.Extensions[_mark("disallowed_by_default")])
    return bool(options.deprecated or disallowed), disallowed


def value_state(value: Any) -> tuple[bool, bool]:
    """Whether a value of an enum is deprecated, and whether it is disallowed."""
    options = declared.value_options(value)
    if options is None:
        return False, False
    disallowed = bool(options.Extensions[_mark("disallowed_by_default_enum")])
    return bool(options.deprecated or disallowed), disallowed


class _Type:
    """What to look for in one message type."""

    def __init__(self, descriptor: Descriptor) -> None:
        self.fields: dict[int, bool] = {}
        self.values: dict[int, dict[int, tuple[str, bool]]] = {}
        for field in descriptor.fields:
            deprecated, disallowed = field_state(field)
            if deprecated:
                self.fields[field.number] = disallowed
            if field.enum_type is not None:
                self._add_values(field)

    def _add_values(self, field: Any) -> None:
        for value in field.enum_type.values:
            deprecated, disallowed = value_state(value)
            if deprecated:
                name = f"{field.enum_type.full_name}.{value.name}"
                self.values.setdefault(field.number, {})[value.number] = (name, disallowed)


@functools.cache
def _type(descriptor: Descriptor) -> _Type:
    return _Type(descriptor)


def find(message: Message, path: str = "") -> Iterator[Deprecation]:
    """Every deprecated field and value in use in `message`, whose own place is `path`."""
    kind = _type(message.DESCRIPTOR)
    for field, value in message.ListFields():
        place = join([path, field.name]) if path else field.name
        if field.number in kind.fields:
            yield _deprecation(place, field.full_name, kind.fields[field.number])
        known = kind.values.get(field.number)
        if known:
            for number in value if field.is_repeated else (value,):
                if number in known:
                    yield _deprecation(place, *known[number])
        if field.message_type is not None:
            yield from _inside(field, value, place)


def _deprecation(path: str, name: str, disallowed: bool) -> Deprecation:
    return Deprecation(path, name, replacements.REPLACEMENTS.get(name, ""), disallowed)


def _inside(field: Any, value: Any, path: str) -> Iterator[Deprecation]:
    if declared.is_map(field):
        if field.message_type.fields_by_name["value"].message_type is not None:
            for name, item in value.items():
                yield from _message(item, path + key(str(name)))
    elif field.is_repeated:
        for position, item in enumerate(value):
            yield from _message(item, path + index(position))
    else:
        yield from _message(value, path)


def _message(value: Message, path: str) -> Iterator[Deprecation]:
    name = value.DESCRIPTOR.full_name
    if name == "google.protobuf.Any":
        inner = _unpacked(value)
        if inner is not None:
            yield from find(inner, path)
    elif not name.startswith("google.protobuf."):
        yield from find(value, path)


def _unpacked(value: Any) -> Message | None:
    """The message in an Any; None where there is none to look into."""
    if not value.type_url:
        return None
    try:
        inner = anys.unpack(value)
    except ParseError:
        return None
    return None if inner.DESCRIPTOR.full_name.startswith("google.protobuf.") else inner

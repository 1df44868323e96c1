"""What the `.proto` files declare of fields, oneofs and enum values: their options, with Envoy's extensions.

Those of the API's files are kept apart from the descriptors, which have none (see `fastroute.api.files`); those of a
file that was added to the pool are read from a copy of its declaration. Either way in classes of the API's own pool:
`GetOptions` would not know the extensions, and first import the Python implementation of protobuf.
"""

from __future__ import annotations

import functools
from collections.abc import Collection

from fastroute.api import pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor


@functools.cache
def _file(name: str) -> Any:
    """The options of a file of the API, as a FileDescriptorProto of nothing else; None of any other file."""
    data = pool.declared_options(name)
    return None if data is None else pool.message_class("google.protobuf.FileDescriptorProto").FromString(bytes(data))


def _declaration(descriptor: Descriptor | EnumDescriptor, group: str, kind: str) -> Any:
    """What is declared of a message or an enum, its options at least; None where it has none.

    A file has it in the list `{group}_type`; a message has messages in `nested_type`.
    """
    file: Any = _file(descriptor.file.name)
    if file is None:
        made: Any = pool.new(kind)
        descriptor.CopyToProto(made)
        return made
    around, name = descriptor.containing_type, f"{group}_type"
    if around is not None:
        file, name = _message(around)[0], "nested_type" if group == "message" else name
    return None if file is None else next((each for each in getattr(file, name) if each.name == descriptor.name), None)


@functools.cache
def _message(descriptor: Descriptor) -> tuple[Any, dict[int, Any], dict[str, Any]]:
    """The declaration of a message, the options of its fields by number, those of its oneofs by name."""
    made = _declaration(descriptor, "message", "google.protobuf.DescriptorProto")
    if made is None:
        return None, {}, {}
    fields = {field.number: field.options for field in made.field if field.HasField("options")}
    return made, fields, {oneof.name: oneof.options for oneof in made.oneof_decl if oneof.HasField("options")}


@functools.cache
def _enum(descriptor: EnumDescriptor) -> dict[str, Any]:
    made = _declaration(descriptor, "enum", "google.protobuf.EnumDescriptorProto")
    return {} if made is None else {value.name: value.options for value in made.value if value.HasField("options")}


def declaring(descriptor: Descriptor) -> Collection[int]:
    """The numbers of the fields of a message that declare options."""
    return _message(descriptor)[1].keys()


def field_options(field: FieldDescriptor) -> Any:
    """The `google.protobuf.FieldOptions` of a field of a message; None where none are declared."""
    return _message(field.containing_type)[1].get(field.number)


def oneof_options(oneof: Any) -> Any:
    """The `google.protobuf.OneofOptions` of a oneof; None where none are declared."""
    return _message(oneof.containing_type)[2].get(oneof.name)


def value_options(value: Any) -> Any:
    """The `google.protobuf.EnumValueOptions` of a value of an enum; None where none are declared."""
    return _enum(value.type).get(value.name)


def is_map(field: FieldDescriptor) -> bool:
    """Whether a field is a map: a list of entries that the compiler of `.proto` files wrote the message of."""
    kind = field.message_type
    if kind is None or not field.is_repeated or not kind.has_options:
        return False
    return bool(_message(kind)[0].options.map_entry)

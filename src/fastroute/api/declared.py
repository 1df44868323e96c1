"""What the `.proto` files declare of fields, oneofs and enum values: their options, with Envoy's extensions.

The options are read from a copy of the declaration, in classes of the API's own pool: `GetOptions` would parse each
again, without the extensions, and first import the descriptors and the Python implementation of protobuf.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from fastroute.api import pool

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor


@functools.cache
def _message(descriptor: Descriptor) -> tuple[Any, dict[int, Any], dict[str, Any]]:
    """The declaration of a message, the options of its fields by number, those of its oneofs by name."""
    made: Any = pool.new("google.protobuf.DescriptorProto")
    descriptor.CopyToProto(made)
    fields = {field.number: field.options for field in made.field}
    return made, fields, {oneof.name: oneof.options for oneof in made.oneof_decl}


@functools.cache
def _enum(descriptor: EnumDescriptor) -> dict[str, Any]:
    made: Any = pool.new("google.protobuf.EnumDescriptorProto")
    descriptor.CopyToProto(made)
    return {value.name: value.options for value in made.value}


def field_options(field: FieldDescriptor) -> Any:
    """The `google.protobuf.FieldOptions` of a field of a message."""
    return _message(field.containing_type)[1][field.number]


def oneof_options(oneof: Any) -> Any:
    """The `google.protobuf.OneofOptions` of a oneof."""
    return _message(oneof.containing_type)[2][oneof.name]


def value_options(value: Any) -> Any:
    """The `google.protobuf.EnumValueOptions` of a value of an enum."""
    return _enum(value.type)[value.name]


def is_map(field: FieldDescriptor) -> bool:
    """Whether a field is a map: a list of entries that the compiler of `.proto` files wrote the message of."""
    kind = field.message_type
    if kind is None or not field.is_repeated or not kind.has_options:
        return False
    return bool(_message(kind)[0].options.map_entry)

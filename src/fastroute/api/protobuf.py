"""Pools and message classes of protobuf, from its C implementation where that is in use.

`google.protobuf.descriptor_pool`, `descriptor_pb2` and `message_factory` import the implementation in Python before
they take the one in C: a fifth of what `fastroute route` would take to start. What is made here is the same.
"""

from __future__ import annotations

import importlib
from typing import Any

from google.protobuf.internal import api_implementation
from google.protobuf.message import Message

upb: Any = None
if api_implementation.Type() == "upb":
    upb = importlib.import_module("google._upb._message")


def descriptor_pool(database: Any = None) -> Any:
    """An empty `DescriptorPool`, which asks `database` for files that it does not have."""
    if upb is not None:
        return upb.DescriptorPool(descriptor_db=database)
    from google.protobuf.descriptor_pool import DescriptorPool

    return DescriptorPool(descriptor_db=database)


def message_class(descriptor: Any) -> type[Message]:
    """The class of a message type, and with it those of its fields, as `message_factory.GetMessageClass` makes it."""
    if upb is None:
        from google.protobuf.message_factory import GetMessageClass

        return GetMessageClass(descriptor)
    made: type[Message] = _made(descriptor)
    return made


def _made(descriptor: Any) -> Any:
    found = getattr(descriptor, "_concrete_class", None)
    if found is not None:
        return found
    # Without a module the class would seem to be of this one.
    made = upb.MessageMeta(descriptor.name, (Message,), {"DESCRIPTOR": descriptor, "__module__": None})
    for field in descriptor.fields:
        if field.message_type is not None:
            _made(field.message_type)
    return made


def file_class(declaration: bytes) -> Any:
    """The class `FileDescriptorProto`; `declaration` is the serialized file that defines it."""
    if upb is None:
        from google.protobuf.descriptor_pb2 import FileDescriptorProto

        return FileDescriptorProto
    own = upb.DescriptorPool()
    own.AddSerializedFile(declaration)
    return _made(own.FindMessageTypeByName("google.protobuf.FileDescriptorProto"))

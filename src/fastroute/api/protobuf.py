"""Pools and message classes of protobuf, from its C implementation where that is in use.

`google.protobuf.descriptor_pool`, `descriptor_pb2` and `message_factory` import the implementation in Python before
they take the one in C: a fifth of what `fastroute route` would take to start. What is made here is the same.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

from google.protobuf.internal import api_implementation
from google.protobuf.message import Message

from fastroute.api.wire import sized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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
    """The class of a message type; protobuf makes those of its fields when it first needs them.

    `message_factory.GetMessageClass` makes them all at once: a thousand of them for a bootstrap, of which few are met.
    """
    if upb is None:
        from google.protobuf.message_factory import GetMessageClass

        return GetMessageClass(descriptor)
    found = getattr(descriptor, "_concrete_class", None)
    # Without a module the class would seem to be of this one.
    made: type[Message] = found or upb.MessageMeta(
        descriptor.name, (Message,), {"DESCRIPTOR": descriptor, "__module__": None}
    )
    return made


_CONVENIENCES = "google.protobuf.internal.well_known_types"


def without_conveniences() -> None:
    """Have no `Duration.ToTimedelta`, `Struct.update` and the like in this process, if nothing asked for them before.

    The C implementation imports what gives the well-known types these methods when it makes its first class, and with
    it calendar, datetime, typing and re: a seventh of a start of `fastroute route`, which calls none of them. It asks
    once, and takes a module without any for an answer; whoever imports the module later gets the real one.
    """
    if upb is None or _CONVENIENCES in sys.modules:
        return
    none: Any = type(sys)(_CONVENIENCES)
    none.WKTBASES = {}
    sys.modules[_CONVENIENCES] = none
    try:
        file_maker()
    finally:
        del sys.modules[_CONVENIENCES]


_FILE = "google.protobuf.FileDescriptorProto"


def file_maker() -> Callable[[memoryview], Any]:
    """What makes of a serialized file the message that a descriptor database hands to its pool.

    The C implementation only asks that the message has that name, and serializes it. So it gets one that declares no
    field: whatever is parsed into it stays as it is, and no file is taken apart twice.
    """
    if upb is None:
        from google.protobuf.descriptor_pb2 import FileDescriptorProto

        return lambda data: FileDescriptorProto.FromString(bytes(data))
    package, _, name = _FILE.rpartition(".")
    own = upb.DescriptorPool()
    own.AddSerializedFile(_declaration("carrier.proto", package, name))
    made: Any = message_class(own.FindMessageTypeByName(_FILE))
    parse: Callable[[memoryview], Any] = made.FromString
    return parse


def _declaration(file: str, package: str, message: str) -> bytes:
    """A serialized FileDescriptorProto (1: name, 2: package, 4: messages) of one message without fields."""
    described = sized(b"\x0a" + sized(message.encode()))
    return b"\x0a" + sized(file.encode()) + b"\x12" + sized(package.encode()) + b"\x22" + described

"""The messages of the Envoy 1.40 API, in a descriptor pool of their own.

The descriptors are read out of the Envoy binary by `tools/extract_api.py`. The pool is private: no
other package's copy of the Envoy API can collide with it, and nothing is added to the default pool.
"""

from __future__ import annotations

import functools
import zlib
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

FILE = "envoy_1_40.binpb.z"


def files() -> Any:
    """The files of the Envoy API, as the repeated field of a FileDescriptorSet."""
    data = zlib.decompress(Path(__file__).with_name(FILE).read_bytes())
    return descriptor_pb2.FileDescriptorSet.FromString(data).file


class _Files:
    """Hands the pool the file of a name or of a symbol, when it first asks."""

    def __init__(self) -> None:
        self.by_name: dict[str, Any] = {}
        self.by_package: dict[str, list[Any]] = {}
        for file in files():
            self.add(file)

    def add(self, file: Any) -> None:
        self.by_name[file.name] = file
        self.by_package.setdefault(file.package, []).append(file)

    def FindFileByName(self, name: str) -> Any:  # noqa: N802 - the pool calls it so
        return self.by_name[name]

    def FindFileContainingSymbol(self, symbol: str) -> Any:  # noqa: N802
        """The file in which a message, an enum or an extension, or what one of them stands in, is defined."""
        steps = symbol.split(".")
        for length in range(len(steps) - 1, -1, -1):
            for file in self.by_package.get(".".join(steps[:length]), ()):
                if any(item.name == steps[length] for item in (*file.message_type, *file.enum_type, *file.extension)):
                    return file
        raise KeyError(symbol)


@functools.cache
def _database() -> _Files:
    return _Files()


@functools.cache
def pool() -> descriptor_pool.DescriptorPool:
    """The pool of the Envoy API; its files are added as they are needed."""
    return descriptor_pool.DescriptorPool(descriptor_db=_database())


def add(file: descriptor_pb2.FileDescriptorProto) -> None:
    """Let the pool have one more file, of a name and with messages that it has not been asked for."""
    _database().add(file)


@functools.cache
def message_class(full_name: str) -> type[Message]:
    """The class of the message `full_name` (`envoy.config.route.v3.Route`); KeyError when there is none."""
    descriptor: Descriptor = pool().FindMessageTypeByName(full_name)
    return message_factory.GetMessageClass(descriptor)


def new(full_name: str) -> Message:
    """An empty message of the type `full_name`."""
    return message_class(full_name)()


def type_name(type_url: str) -> str:
    """The message name in a type URL: what follows the last slash."""
    return type_url.rpartition("/")[2]


def is_known(type_url: str) -> bool:
    """Whether Envoy 1.40 has the message that `type_url` names."""
    try:
        pool().FindMessageTypeByName(type_name(type_url))
    except KeyError:
        return False
    return True

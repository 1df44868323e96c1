"""The messages of the Envoy 1.40 API, in a descriptor pool of their own.

The descriptors are read out of the Envoy binary by `tools/extract_api.py`. The pool is private: no
other package's copy of the Envoy API can collide with it, and nothing is added to the default pool.
"""

from __future__ import annotations

import functools
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastroute.api import protobuf
from fastroute.wire.items import Items

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message

FILE = "envoy_1_40.binpb.z"


_DECLARATION = "google/protobuf/descriptor.proto"
_NAME, _PACKAGE = 0x0A, 0x12


class _Files:
    """Hands the pool the file of a name or of a symbol, when it first asks; only then is the file parsed."""

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}
        self._made: dict[str, Any] = {}
        self._by_package: dict[str, list[str]] = {}
        items = Items(zlib.decompress(Path(__file__).with_name(FILE).read_bytes()), 1)
        for at in range(len(items)):
            name, package = _head(items[at])
            self._data[name] = items[at]
            self._by_package.setdefault(package, []).append(name)
        self._parse = protobuf.file_class(self._data[_DECLARATION]).FromString

    def add(self, file: Any) -> None:
        self._made[file.name] = file
        self._by_package.setdefault(file.package, []).append(file.name)

    def FindFileByName(self, name: str) -> Any:  # noqa: N802 - the pool calls it so
        file = self._made.get(name)
        if file is None:
            file = self._made[name] = self._parse(self._data[name])
        return file

    def FindFileContainingSymbol(self, symbol: str) -> Any:  # noqa: N802
        """The file in which a message, an enum or an extension, or what one of them stands in, is defined."""
        steps = symbol.split(".")
        for length in range(len(steps) - 1, -1, -1):
            for name in self._by_package.get(".".join(steps[:length]), ()):
                file = self.FindFileByName(name)
                if any(item.name == steps[length] for item in (*file.message_type, *file.enum_type, *file.extension)):
                    return file
        raise KeyError(symbol)


def _head(data: bytes) -> tuple[str, str]:
    """Name and package of a serialized file: its first two fields, each shorter than 128 bytes."""
    assert data[0] == _NAME
    end = 2 + data[1]
    package = data[end + 2 : end + 2 + data[end + 1]] if data[end] == _PACKAGE else b""
    return data[2:end].decode(), package.decode()


@functools.cache
def _database() -> _Files:
    return _Files()


@functools.cache
def pool() -> DescriptorPool:
    """The pool of the Envoy API; its files are added as they are needed."""
    made: DescriptorPool = protobuf.descriptor_pool(_database())
    return made


def add(file: FileDescriptorProto) -> None:
    """Let the pool have one more file, of a name and with messages that it has not been asked for."""
    _database().add(file)


@functools.cache
def message_class(full_name: str) -> type[Message]:
    """The class of the message `full_name` (`envoy.config.route.v3.Route`); KeyError when there is none."""
    return protobuf.message_class(pool().FindMessageTypeByName(full_name))


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

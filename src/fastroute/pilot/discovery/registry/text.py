"""YAML documents with the position of every field.

Scalars follow YAML's core schema, as Kubernetes' own readers leave them after JSON: only `true`, `false`,
`null` and numbers are special, so that a label `on` or a time stamp stays a string. A key that occurs
twice is an error, and so are tags, which no Kubernetes object has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from fastroute.errors import ParseError, Where

Path = tuple[str | int, ...]
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUOTED: Final = ("'", '"', "|", ">")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final[Mapping[str, object]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Where an object came from: a file, and the place of each of its fields."""

    file: str
    marks: Mapping[Path, tuple[int, int]]

    def where(self, path: Path = ()) -> Where:
        """The position of the field at `path`, or of its nearest ancestor in the text."""
        while path and path not in self.marks:
            path = path[:-1]
        line, column = self.marks.get(path, (1, 1))
        return Where(self.file, line, column)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document as plain values, with its positions."""

    value: object
    source: Source


def spell(path: Path) -> str:
    """A path as people write it: `spec.http[0].route`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else (f".{step}" if text else step)
    return text


def documents(text: str, file: str) -> Iterator[Document]:
    """The documents of a file, without the empty ones; ParseError with its position if it is no YAML."""
    try:
        for node in yaml.compose_all(text, _LOADER):
            if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
                continue
            marks: dict[Path, tuple[int, int]] = {}
            yield Document(_value(node, (), marks, file, 0), Source(file, marks))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = Where(file, mark.line + 1, mark.column + 1) if mark is not None else Where(file)
        raise ParseError(f"not YAML: {error.problem or error.context}", where=where) from None
    except yaml.YAMLError as error:
        raise ParseError(f"not YAML: {error}", where=Where(file)) from None


_DEEPEST: Final = 64


def _value(node: yaml.Node, path: Path, marks: dict[Path, tuple[int, int]], file: str, depth: int) -> object:
    where = Where(file, node.start_mark.line + 1, node.start_mark.column + 1)
    marks.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if depth > _DEEPEST or len(marks) > 1_000_000:
        raise ParseError("nested too deeply or expanded too far", path=spell(path), where=where)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, marks, file, depth)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), marks, file, depth + 1) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode) and node.style not in _QUOTED and node.tag.startswith("tag:yaml.org,2002:"):
        return _scalar(node.value)
    return str(node.value)


def _mapping(
    node: yaml.MappingNode, path: Path, marks: dict[Path, tuple[int, int]], file: str, depth: int
) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, value in node.value:
        line, column = key.start_mark.line + 1, key.start_mark.column + 1
        if not isinstance(key, yaml.ScalarNode):
            raise ParseError("a key must be a string", path=spell(path), where=Where(file, line, column))
        if key.value in result:
            raise ParseError(f"the key {key.value!r} occurs twice", path=spell(path), where=Where(file, line, column))
        marks[(*path, key.value)] = (line, column)
        result[key.value] = _value(value, (*path, key.value), marks, file, depth + 1)
    return result


def _scalar(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    return float(text) if _FLOAT.fullmatch(text) else text

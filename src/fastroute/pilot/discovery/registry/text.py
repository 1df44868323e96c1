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
            reading = _Reading(file)
            yield Document(reading.value(node), Source(file, reading.marks))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = Where(file, mark.line + 1, mark.column + 1) if mark is not None else Where(file)
        raise ParseError(f"not YAML: {error.problem or error.context}", where=where) from None
    except yaml.YAMLError as error:
        raise ParseError(f"not YAML: {error}", where=Where(file)) from None


DEEPEST: Final = 64
LONGEST_NUMBER: Final = 100
"""Characters of a whole number; a longer one is none that any field takes."""
MOST_EXPANDED: Final = 100_000
"""Values of a document that may come of aliases; values that are written out are as many as the file has."""


class _Reading:
    """The values of one document, and where they are."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.marks: dict[Path, tuple[int, int]] = {}
        self._met: set[int] = set()
        self._expanded = 0

    def value(self, node: yaml.Node, path: Path = ()) -> object:
        """What a node and all below it say."""
        self._count(node, path)
        self.marks.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        if (
            isinstance(node, yaml.ScalarNode)
            and node.style not in _QUOTED
            and node.tag.startswith("tag:yaml.org,2002:")
        ):
            return _scalar(node.value)
        return str(node.value)

    def _count(self, node: yaml.Node, path: Path) -> None:
        if id(node) in self._met:
            self._expanded += 1
        self._met.add(id(node))
        if len(path) > DEEPEST:
            raise self._error(node, path[:3], f"nested more than {DEEPEST} deep")
        if self._expanded > MOST_EXPANDED:
            raise self._error(node, path[:3], f"aliases make more than {MOST_EXPANDED} values of it")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, path, "a key must be a string")
            if key.value in result:
                raise self._error(key, path, f"the key {key.value!r} occurs twice")
            self.marks[(*path, key.value)] = (key.start_mark.line + 1, key.start_mark.column + 1)
            result[key.value] = self.value(value, (*path, key.value))
        return result

    def _error(self, node: yaml.Node, path: Path, message: str) -> ParseError:
        mark = node.start_mark
        return ParseError(message, path=spell(path), where=Where(self.file, mark.line + 1, mark.column + 1))


def _scalar(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and len(text) <= LONGEST_NUMBER:
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    return float(text) if _FLOAT.fullmatch(text) else text

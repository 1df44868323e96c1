"""Where a field stands in its text.

A path is looked up by walking down the text from its beginning, so that loading keeps no positions
at all and only an error pays for one. The path is written in the field names of the API; the text
may use either spelling. A step that the text does not show, such as the field that is missing, ends
the walk: the position is then that of the nearest field around it.
"""

from __future__ import annotations

import functools

from fastroute.api.transcode import snake_case
from fastroute.config.resources import Positions
from fastroute.errors import Where
from fastroute.patterns import pattern
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol, TypeVar

    Node = TypeVar("Node")

    class Document(Protocol[Node]):
        """A text that can be walked; positions are offsets or whatever the document likes."""

        def root(self) -> Node:
            """The value of the whole document."""
            ...

        def members(self, node: Node) -> list[tuple[str, Node, Node]]:
            """Name, place and value of each member of an object; nothing for another value."""
            ...

        def elements(self, node: Node) -> list[Node]:
            """The elements of a list; nothing for another value."""
            ...

        def where(self, node: Node) -> Where:
            """The position of a place."""
            ...


_STEP = pattern(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.\[\]]+)')
_ESCAPE = pattern(r"\\(.)")


def steps(path: str) -> list[int | str]:
    """A path in parts: an int for an element of a list, text for a field or a map's key."""
    found: list[int | str] = []
    for match in _STEP.finditer(path):
        if match[1] is not None:
            found.append(int(match[1]))
        else:
            found.append(match[3] if match[2] is None else _ESCAPE.sub(r"\1", match[2]))
    return found


def find(document: Document[Node], path: str) -> Where:
    """The position of `path`, or of its nearest ancestor in the text."""
    node = document.root()
    place = node
    for step in steps(path):
        if isinstance(step, int):
            elements = document.elements(node)
            if step < len(elements):
                node = place = elements[step]
            elif step or elements:
                break
            continue
        member = _member(document, node, step)
        if member is None:
            break
        place, node = member
    return document.where(place)


def _member(document: Document[Node], node: Node, name: str) -> tuple[Node, Node] | None:
    """The last member of that name; looked for in a TypedStruct's `value` too."""
    members = document.members(node)
    for key, place, value in reversed(members):
        if key == name or snake_case(key) == name:
            return place, value
    for key, _, value in members:
        if key == "value" and name != "value" and any(other == "@type" for other, _, _ in members):
            return _member(document, value, name)
    return None


@record
class InText(Positions):
    """Positions in a JSON or YAML text, which is parsed again when one is asked for."""

    file: str
    text: str
    yaml: bool = False

    def where(self, path: str) -> Where | None:
        """The position of the field at `path`, or of its nearest known ancestor."""
        if self.yaml:
            return find(_yaml(self.text, self.file), path)
        return find(_json(self.text, self.file), path)


@functools.lru_cache(1)
def _yaml(text: str, file: str) -> Any:
    """The text as it is walked; kept, for a file with one error has more."""
    from fastroute.config import yaml_text

    return yaml_text.Document(text, file)


@functools.lru_cache(1)
def _json(text: str, file: str) -> Any:
    from fastroute.config import json_text

    return json_text.Document(text, file)


@record
class InFile(Positions):
    """The place of something read from bytes: its file is all there is to say."""

    file: str

    def where(self, path: str) -> Where | None:
        """The file."""
        del path
        return Where(self.file)


def at(text: str, offset: int, file: str) -> Where:
    """The line and column of an offset."""
    start = text.rfind("\n", 0, offset) + 1
    return Where(file, text.count("\n", 0, offset) + 1, offset - start + 1)

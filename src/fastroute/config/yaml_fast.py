"""The plain part of YAML, read line by line: what generated configurations consist of.

libyaml builds an object for every token and then another for every node, which is what takes time in
a large file. This reader knows block mappings and lists, scalars that end with their line, and flow
collections on one line, all in ASCII. At the first thing that it does not know (anchors, tags,
comments behind values, block scalars, scalars over several lines, several documents, tabs) it gives
up and the whole text goes to libyaml, which also is who finds errors. It never takes a text that
libyaml refuses, and reads the same from one that both take; a property test holds it to that.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Scalar = Callable[[str, str], object]

_FORBIDDEN = re.compile(r"[^\x20-\x7e\n]")
_CHARACTER = r"[A-Za-z0-9_/.+\-|*$()^=~%@<>;?!&]"
_PLAIN = re.compile(rf"[A-Za-z0-9_/.+](?:{_CHARACTER}| +(?=[^\s#:-])|:(?=[A-Za-z0-9_/.+*-]))*\Z")
_SIGNED = re.compile(r"-[A-Za-z0-9_/.+][A-Za-z0-9_/.+-]*\Z")
_KEY = re.compile(
    r"""([A-Za-z_][A-Za-z0-9_.\-]{0,120}|"[^"\\\n]{0,120}"|'[^'\n]{0,120}')"""
    r""":(?: +(\S.*))?\Z"""
)
_QUOTED = re.compile(r"""(?:"[^"\\]*"|'[^']*')\Z""")
_FLOW = re.compile(
    r""" *(?:([\[\]{},])|("[^"\\]*"|'[^']*')(:?)"""
    r"""|([A-Za-z0-9_/.+][A-Za-z0-9_/.+\-|*$()^=~%@;]*(?::[A-Za-z0-9_/.+*-]+)*)(:(?= ))?)"""
)
_NULL = frozenset(("null", "Null", "NULL"))
_MOST_NESTED = 90


class GiveUpError(Exception):
    """The text holds something that is left to libyaml."""


def parse(text: str, scalar: Scalar) -> object:
    """The value of `text`; `scalar` gives the meaning of a scalar from its text and tag (`!` or `?`).

    Raises `GiveUpError` for a text that is not plain.
    """
    if _FORBIDDEN.search(text):
        raise GiveUpError
    indents: list[int] = []
    lines: list[str] = []
    for line in text.split("\n"):
        content = line.lstrip(" ")
        if content and content[0] != "#":
            indents.append(len(line) - len(content))
            lines.append(content.rstrip(" "))
    if not lines or lines[0].startswith(("---", "%")):
        raise GiveUpError
    reader = _Reader(indents, lines, scalar)
    value, end = reader.block(0, indents[0], 0)
    if end != len(lines) or not isinstance(value, dict | list):
        raise GiveUpError
    return value


class _Reader:
    __slots__ = ("count", "indents", "lines", "scalar")

    def __init__(self, indents: list[int], lines: list[str], scalar: Scalar) -> None:
        self.count = len(lines)
        self.indents = [*indents, -1]
        self.lines = lines
        self.scalar = scalar

    def block(self, at: int, indent: int, depth: int) -> tuple[object, int]:
        """The collection whose first line is `at`, and the line behind it."""
        if depth > _MOST_NESTED:
            raise GiveUpError
        line = self.lines[at]
        if _is_item(line):
            return self._sequence(at, indent, depth)
        return self._mapping(at, indent, depth)

    def _sequence(self, at: int, indent: int, depth: int) -> tuple[list[object], int]:
        indents, lines = self.indents, self.lines
        items: list[object] = []
        while indents[at] == indent:
            line = lines[at]
            if line[0] != "-":
                break
            if len(line) == 1:
                item, at = self._below(at + 1, indent + 1, depth)
            elif line[1] != " ":
                raise GiveUpError
            else:
                rest = line[1:].lstrip(" ")
                item, at = self._item(at, indent, len(line) - len(rest), rest, depth)
            items.append(item)
        if indents[at] > indent:
            raise GiveUpError
        return items, at

    def _item(self, at: int, indent: int, offset: int, rest: str, depth: int) -> tuple[object, int]:
        if rest[0] == "#":
            raise GiveUpError
        if _is_item(rest) or _KEY.match(rest):
            self.indents[at] = indent + offset
            self.lines[at] = rest
            return self.block(at, indent + offset, depth + 1)
        if self.indents[at + 1] > indent:
            raise GiveUpError
        return self._value(rest), at + 1

    def _mapping(self, at: int, indent: int, depth: int) -> tuple[dict[str, object], int]:
        indents, lines = self.indents, self.lines
        members: dict[str, object] = {}
        while indents[at] == indent:
            match = _KEY.match(lines[at])
            if match is None:
                raise GiveUpError
            key, rest = match.groups()
            if key[0] in "\"'":
                key = key[1:-1]
            elif key in _NULL:
                raise GiveUpError
            at += 1
            if rest is not None:
                if indents[at] > indent:
                    raise GiveUpError
                members[key] = self._value(rest)
            elif indents[at] == indent and lines[at][0] == "-":
                members[key], at = self._sequence(at, indent, depth + 1)
            else:
                members[key], at = self._below(at, indent + 1, depth)
        if indents[at] > indent:
            raise GiveUpError
        return members, at

    def _below(self, at: int, least: int, depth: int) -> tuple[object, int]:
        """What is indented by at least `least` from line `at` on; null when nothing is."""
        indent = self.indents[at]
        if indent < least:
            return None, at
        line = self.lines[at]
        if _is_item(line) or _KEY.match(line):
            return self.block(at, indent, depth + 1)
        raise GiveUpError

    def _value(self, text: str) -> object:
        if _PLAIN.match(text) or _SIGNED.match(text):
            return self.scalar(text, "?")
        first = text[0]
        if first in "\"'":
            if _QUOTED.match(text):
                return text[1:-1]
        elif first in "{[":
            value, end = self._flow(text, 0, 0)
            if end == len(text):
                return value
        raise GiveUpError

    def _flow(self, text: str, at: int, depth: int) -> tuple[object, int]:
        """The flow value at `at`, and the offset behind it."""
        token = _FLOW.match(text, at)
        if token is None or depth > _MOST_NESTED:
            raise GiveUpError
        mark, quoted, quoted_key, plain, plain_key = token.groups()
        if quoted_key or plain_key:
            raise GiveUpError
        if quoted is not None:
            return quoted[1:-1], token.end()
        if plain is not None:
            return self.scalar(plain, "?"), token.end()
        if mark == "[":
            return self._flow_list(text, token.end(), depth + 1)
        if mark == "{":
            return self._flow_object(text, token.end(), depth + 1)
        raise GiveUpError

    def _flow_list(self, text: str, at: int, depth: int) -> tuple[list[object], int]:
        items: list[object] = []
        end = _closed(text, at, "]")
        while end < 0:
            item, at = self._flow(text, at, depth)
            items.append(item)
            at, end = _next(text, at, "]")
        return items, end

    def _flow_object(self, text: str, at: int, depth: int) -> tuple[dict[str, object], int]:
        members: dict[str, object] = {}
        end = _closed(text, at, "}")
        while end < 0:
            token = _FLOW.match(text, at)
            if token is None:
                raise GiveUpError
            _, quoted, quoted_key, plain, plain_key = token.groups()
            key = quoted[1:-1] if quoted is not None and quoted_key else plain if plain_key else None
            if key is None or not key or plain in _NULL or not text.startswith(" ", token.end()):
                raise GiveUpError
            members[key], at = self._flow(text, token.end(), depth)
            at, end = _next(text, at, "}")
        return members, end


def _is_item(line: str) -> bool:
    """Whether a line begins an item of a list."""
    return line[0] == "-" and (len(line) == 1 or line[1] == " ")


def _closed(text: str, at: int, close: str) -> int:
    """The offset behind an immediate `close`; -1 when something else follows."""
    token = _FLOW.match(text, at)
    return token.end() if token is not None and token[1] == close else -1


def _next(text: str, at: int, close: str) -> tuple[int, int]:
    """After an item: where the next one begins and -1, or anything and the offset behind `close`."""
    token = _FLOW.match(text, at)
    if token is None or token[1] is None:
        raise GiveUpError
    if token[1] == close:
        return at, token.end()
    if token[1] != ",":
        raise GiveUpError
    return token.end(), -1

"""JSON as Envoy reads it, and with comments, which Envoy does not take.

Rules (CF-04; protobuf's reader in its lenient mode):

* Strings may be in single quotes and keys without quotes; a comma may end a list or an object.
* A key may occur twice in an object. At most 100 objects and lists lie in each other.
* A byte order mark, an empty document, `NaN` and the like as bare words are refused.
* Beyond Envoy: `// …` to the end of the line and `/* … */` count as white space outside strings.

`fastroute.wire.json_text` reads what is plain JSON, then the standard library what repeats a key. Only
what both refuse goes through the slower scanner below, which knows the lenient forms and says where an
error is.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from fastroute.api.transcode import DuplicateKeys
from fastroute.config.positions import at
from fastroute.errors import ParseError, Where
from fastroute.patterns import pattern
from fastroute.wire import json_text as plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import json
    import re
    from typing import NoReturn

_MOST_NESTED = 100
_TOKENS = pattern(r'(?s)"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|//[^\n]*|/\*.*?\*/')
_NOT_LINE_END = pattern(r"[^\n]")
_SPACE = pattern(r"[ \t\r\n]*")
_WORD = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = pattern(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PLAIN = {'"': pattern(r'[^"\\]*'), "'": pattern(r"[^'\\]*")}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "'": "'"}
_HEX = pattern(r"[0-9a-fA-F]{4}")


def without_comments(text: str) -> str:
    """`text` with its comments blanked, so that every position stays what it was."""
    if "//" not in text and "/*" not in text:
        return text
    return _TOKENS.sub(_blank_comment, text)


def comments(text: str) -> list[int]:
    """The offsets of the comments in `text`, which Envoy would refuse."""
    if "//" not in text and "/*" not in text:
        return []
    return [match.start() for match in _TOKENS.finditer(text) if match[0].startswith("/")]


def _blank_comment(match: re.Match[str]) -> str:
    found = match[0]
    return _NOT_LINE_END.sub(" ", found) if found.startswith("/") else found


class _NotPlainError(ValueError):
    """The text needs the scanner."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        return DuplicateKeys(pairs)
    return found


def _constant(name: str) -> NoReturn:
    raise _NotPlainError(name)


@functools.cache
def _decoder() -> json.JSONDecoder:
    from json import JSONDecoder

    return JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def parse(text: str, file: str) -> object:
    """The value that `text` spells; `ParseError` with the position where it spells none."""
    found = plain.parse(text)
    if found is not plain.NOT_PLAIN:
        return found
    try:
        return _decoder().decode(text)
    except RecursionError:
        raise _too_deep(file) from None
    except ValueError:
        return _parse_leniently(without_comments(text), file)


def _parse_leniently(text: str, file: str) -> object:
    try:
        return _decoder().decode(text)
    except RecursionError:
        raise _too_deep(file) from None
    except ValueError:
        return Scanner(text, file).document()


def _too_deep(file: str, where: Where | None = None) -> ParseError:
    message = f"more than {_MOST_NESTED} objects and lists in each other"
    return ParseError(message, where=where or Where(file), code="nesting")


class Scanner:
    """A recursive reader of lenient JSON that knows where it is."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file

    def fail(self, offset: int, message: str, remedy: str = "") -> ParseError:
        """The error at `offset`."""
        return ParseError(message, where=at(self.text, offset, self.file), remedy=remedy, code="syntax")

    def space(self, offset: int) -> int:
        """The offset of the next token."""
        match = _SPACE.match(self.text, offset)
        return match.end() if match else offset

    def document(self) -> object:
        """The only value of the text."""
        start = self.space(0)
        if self.text.startswith("\ufeff"):
            raise self.fail(0, "the text begins with a byte order mark, which Envoy refuses")
        if start == len(self.text):
            raise self.fail(start, "the document is empty")
        found, end = self.value(start, 0)
        end = self.space(end)
        if end != len(self.text):
            raise self.fail(end, f"unexpected {self.text[end]!r} after the end of the document")
        return found

    def value(self, offset: int, depth: int) -> tuple[object, int]:
        """The value at `offset` and the offset behind it."""
        first = self.text[offset : offset + 1]
        if first == "{":
            pairs, end = self._members(offset, depth)
            return _object(pairs), end
        if first == "[":
            return self._list(offset, depth)
        if first in ('"', "'") and first:
            return self.string(offset)
        return self._bare(offset)

    def _bare(self, offset: int) -> tuple[object, int]:
        match = _NUMBER.match(self.text, offset)
        if match:
            return self._number(match, offset)
        word = _WORD.match(self.text, offset)
        name = word[0] if word else ""
        for text, found in (("true", True), ("false", False), ("null", None)):
            if name == text:
                return found, offset + len(text)
        if offset >= len(self.text):
            raise self.fail(offset, "the text ends where a value is expected")
        if word:
            raise self.fail(offset, f"expected a value, got {name}", "Text needs quotes.")
        raise self.fail(offset, f"expected a value, got {self.text[offset]!r}")

    def _number(self, match: re.Match[str], offset: int) -> tuple[object, int]:
        text = match[0]
        after = self.text[match.end() : match.end() + 1]
        if after.isalnum() or after in tuple("._+-"):
            raise self.fail(offset, "not a number", "Text needs quotes; a number has no leading zero.")
        if text.lstrip("-").isdigit() and len(text) < 400:
            return int(text), match.end()
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise self.fail(offset, "the number is out of range")
        return number, match.end()

    def _list(self, offset: int, depth: int) -> tuple[list[object], int]:
        self._check_depth(offset, depth)
        found: list[object] = []
        end = self.space(offset + 1)
        while self.text[end : end + 1] != "]":
            item, end = self.value(end, depth + 1)
            found.append(item)
            end = self._after(end, "]")
        return found, end + 1

    def _members(self, offset: int, depth: int) -> tuple[list[tuple[str, object]], int]:
        self._check_depth(offset, depth)
        pairs: list[tuple[str, object]] = []
        end = self.space(offset + 1)
        while self.text[end : end + 1] != "}":
            name, start = self.key(end)
            item, end = self.value(start, depth + 1)
            pairs.append((name, item))
            end = self._after(end, "}")
        return pairs, end + 1

    def _check_depth(self, offset: int, depth: int) -> None:
        if depth >= _MOST_NESTED:
            raise _too_deep(self.file, at(self.text, offset, self.file))

    def _after(self, offset: int, close: str) -> int:
        end = self.space(offset)
        found = self.text[end : end + 1]
        if found == ",":
            return self.space(end + 1)
        if found == close:
            return end
        if not found:
            raise self.fail(end, f"the text ends where , or {close} is expected")
        raise self.fail(end, f"expected , or {close}, got {found!r}")

    def key(self, offset: int) -> tuple[str, int]:
        """The key at `offset` and the offset of its value."""
        first = self.text[offset : offset + 1]
        word = _WORD.match(self.text, offset)
        if first in ('"', "'") and first:
            name, end = self.string(offset)
        elif word and word[0] not in ("true", "false", "null"):
            name, end = word[0], word.end()
        else:
            raise self.fail(offset, f"expected a key, got {first!r}" if first else "the text ends within an object")
        end = self.space(end)
        if self.text[end : end + 1] != ":":
            raise self.fail(end, f'expected : after the key "{name}"')
        return name, self.space(end + 1)

    def string(self, offset: int) -> tuple[str, int]:
        """The string at `offset`, in either quotes, and the offset behind it."""
        quote = self.text[offset]
        parts: list[str] = []
        end = offset + 1
        while True:
            match = _PLAIN[quote].match(self.text, end)
            end = match.end() if match else end
            parts.append(match[0] if match else "")
            if end >= len(self.text):
                raise self.fail(offset, "the string never ends")
            if self.text[end] == quote:
                break
            part, end = self._escape(end)
            parts.append(part)
        return self._pairs("".join(parts), offset), end + 1

    def _escape(self, offset: int) -> tuple[str, int]:
        letter = self.text[offset + 1 : offset + 2]
        if letter in ("u", "U"):
            digits = _HEX.match(self.text, offset + 2)
            if digits is None:
                raise self.fail(offset, "\\u needs four hexadecimal digits")
            return chr(int(digits[0], 16)), offset + 6
        if letter not in _ESCAPES:
            raise self.fail(offset, f"\\{letter} is not an escape")
        return _ESCAPES[letter], offset + 2

    def _pairs(self, text: str, offset: int) -> str:
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise self.fail(offset, "the string holds half of a surrogate pair") from None


class Document(Scanner):
    """The text as offsets, walked for positions; see `fastroute.config.positions`."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(without_comments(text), file)
        self._members_of: dict[int, list[tuple[str, int, int]]] = {}
        self._elements_of: dict[int, list[int]] = {}

    def root(self) -> int:
        """The offset of the whole value."""
        return self.space(0)

    def where(self, node: int) -> Where:
        """The line and column of an offset."""
        return at(self.text, node, self.file)

    def members(self, node: int) -> list[tuple[str, int, int]]:
        """Name, offset of the name, offset of the value, of each member that can be read."""
        if node not in self._members_of:
            self._members_of[node] = list(self._each_member(node)) if self.text[node : node + 1] == "{" else []
        return self._members_of[node]

    def elements(self, node: int) -> list[int]:
        """The offset of each element that can be read."""
        if node not in self._elements_of:
            self._elements_of[node] = list(self._each_element(node)) if self.text[node : node + 1] == "[" else []
        return self._elements_of[node]

    def _each_member(self, node: int) -> Iterator[tuple[str, int, int]]:
        end = self.space(node + 1)
        while self.text[end : end + 1] != "}":
            name, start = self.key(end)
            yield name, end, start
            end = self._after(self._skip(start), "}")

    def _each_element(self, node: int) -> Iterator[int]:
        end = self.space(node + 1)
        while self.text[end : end + 1] != "]":
            yield end
            end = self._after(self._skip(end), "]")

    def _skip(self, offset: int) -> int:
        try:
            return _decoder().raw_decode(self.text, offset)[1]
        except ValueError:
            return self.value(offset, 0)[1]

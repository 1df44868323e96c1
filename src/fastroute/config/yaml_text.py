"""YAML as Envoy reads it, which is not as Python reads it.

Rules (CF-08):

* A plain scalar is null (`~`, `null`, empty), else a boolean (`y n yes no on off true false` in
  lower case, upper case or capitalised), else an integer (decimal, `0x` or leading `0` for octal),
  else text. A quoted scalar is always text; `!!str on` still is a boolean.
* An integer that does not fit 32 bits becomes text. Numbers with a point or an exponent, dates,
  `1_000` and `1:30` are text too, which a number field then reads or refuses.
* Anchors and aliases work, the merge key `<<` does not. Of a repeated key the last one counts.
* Syntax is libyaml's; what only Envoy's own YAML parser takes (`\\'` in double quotes) is refused.
* A key with the tag `!ignore` drops its entry. Only the first document of a stream is read.
"""

from __future__ import annotations

import re
from typing import Any, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from fastroute.errors import ParseError, Where
from fastroute.wire import yaml_lines

_PLAIN = "?"
_QUOTED = "!"
_IGNORE = "!ignore"
_TRUE = frozenset(form for word in ("y", "yes", "true", "on") for form in (word, word.upper(), word.capitalize()))
_FALSE = frozenset(form for word in ("n", "no", "false", "off") for form in (word, word.upper(), word.capitalize()))
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_INTEGER = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)\Z")
_NUMERIC = frozenset("+-0123456789")
_NO_TEXT = b"~nNyYtTfFoO+-0123456789"
"""The characters with which a plain scalar begins that may be more than text."""

_INT32 = 1 << 31
_INT64 = 1 << 63

_MOST_EXPANDED = 1_000_000
"""Values that aliases may add to those written out; a document that repeats itself more is an attack."""

_MOST_NESTED = 100
_NEST = re.compile(r"^[ \t?:-]{200}", re.MULTILINE)
_FLOW = re.compile(r"[\[\]{}]")

_BARE_TAG = re.compile(r"(?<!\S)!(?!\S)")


class _Resolver:
    """Tells the composer how a scalar was written; what it means is decided here, not by PyYAML."""

    def resolve(self, kind: type, value: object, implicit: object) -> str:
        del value
        if kind is ScalarNode:
            return _PLAIN if cast("tuple[bool, bool]", implicit)[0] else _QUOTED
        return ""

    def descend_resolver(self, current_node: object, current_index: object) -> None:
        """PyYAML asks for it; there are no resolvers by path."""

    def ascend_resolver(self) -> None:
        """PyYAML asks for it; there are no resolvers by path."""


try:
    from yaml.cyaml import CParser as _CParser  # type: ignore[attr-defined]
except ImportError:
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Composer(Reader, Scanner, Parser, Composer, _Resolver):
        """PyYAML's own parser, where it was built without libyaml."""

        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)

else:

    class _Composer(_CParser, _Resolver):  # type: ignore[no-redef]
        """libyaml's parser."""


def compose(text: str, file: str) -> Node:
    """The node of the first document; `ParseError` where there is none."""
    _refuse_deep(text, file)
    try:
        composer = _Composer(text)
        node: Node | None = composer.get_node() if composer.check_node() else None
    except yaml.YAMLError as error:
        raise _syntax(error, file) from None
    if node is None:
        raise ParseError("the document is empty", where=Where(file, 1, 1), code="syntax")
    return node


def _syntax(error: yaml.YAMLError, file: str) -> ParseError:
    if not isinstance(error, yaml.MarkedYAMLError):
        return ParseError(f"not YAML: {error}", where=Where(file), code="syntax")
    where = _at(error.problem_mark or error.context_mark, file)
    message = ", ".join(part for part in (error.context, error.problem) if part)
    return ParseError(f"not YAML: {message}", where=where, code="syntax")


def _refuse_deep(text: str, file: str) -> None:
    """Refuse a document whose nesting could exhaust the C stack of the composer."""
    depth = most = 0
    if _FLOW.search(text):
        for match in _FLOW.finditer(text):
            depth += 1 if match[0] in "[{" else -1
            most = max(most, depth)
    if most < 2 * _MOST_NESTED and not _NEST.search(text):
        return
    depth = 0
    try:
        parser = _Composer(text)
        while parser.check_event():
            event: object = parser.get_event()  # type: ignore[no-untyped-call]
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _MOST_NESTED:
                    raise _too_deep(_at(cast("Any", event).start_mark, file))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError as error:
        raise _syntax(error, file) from None


def _too_deep(where: Where) -> ParseError:
    return ParseError(f"more than {_MOST_NESTED} mappings and lists in each other", where=where, code="nesting")


def scalar(text: str, tag: str) -> object:
    """The value of a scalar whose tag is `tag`: `!` when it is quoted, `?` when it is plain."""
    if tag == _QUOTED:
        return text
    if tag == _PLAIN and text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    match = _INTEGER.match(text) if text[:1] in _NUMERIC else None
    return _integer(match, text) if match else text


def _integer(match: re.Match[str], text: str) -> object:
    digits = match[2].lower()
    if len(digits) > 24:
        return text
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    number = int(digits, base) * (-1 if match[1] == "-" else 1)
    if not -_INT64 <= number < _INT64:
        return text
    return number if -_INT32 <= number < _INT32 else str(number)


class _Builder:
    """Nodes to values; an aliased node is built once and counted as often as it is used."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.tagged = text if _BARE_TAG.search(text) else ""
        self.built: dict[Node, tuple[object, int]] = {}
        self.open: set[Node] = set()
        self.repeated = 0

    def build(self, node: Node) -> tuple[object, int]:
        """The value of a node, and how many values it consists of."""
        if node.__class__ is ScalarNode:
            return scalar(node.value, self._tag(node)), 1
        found = self.built.get(node)
        if found is not None:
            self.repeated += found[1]
            if self.repeated > _MOST_EXPANDED:
                wrong = f"aliases repeat more than {_MOST_EXPANDED} values"
                raise self.fail(node, wrong, "alias-bomb", "Write the values out, or split the file.")
            return found
        if node in self.open:
            raise self.fail(
                node, "an alias within its own anchor", "cycle", "Write the value out in one of the places."
            )
        self.open.add(node)
        if len(self.open) > _MOST_NESTED:
            raise _too_deep(_where(node, self.file))
        found = self._mapping(node) if isinstance(node, MappingNode) else self._sequence(cast("SequenceNode", node))
        self.open.discard(node)
        self.built[node] = found
        return found

    def _tag(self, node: Node) -> str:
        """The tag of a scalar; the parser loses the tag `!` of a plain one, which makes it text."""
        if self.tagged and node.tag == _PLAIN and self.tagged.startswith("!", node.start_mark.index):
            return _QUOTED
        return node.tag

    def _key(self, node: Node) -> str:
        """The text of a key; a plain null is the text `null`, an empty one nothing at all."""
        if self._tag(node) != _PLAIN or node.value not in _NULL:
            return cast("str", node.value)
        if not node.value:
            raise self.fail(node, "a key must not be empty")
        return "null"

    def fail(self, node: Node, message: str, code: str = "syntax", remedy: str = "") -> ParseError:
        """The error at a node."""
        return ParseError(message, where=_where(node, self.file), code=code, remedy=remedy)

    def _sequence(self, node: SequenceNode) -> tuple[object, int]:
        size = 1
        items = []
        for child in node.value:
            item, count = self.build(child)
            items.append(item)
            size += count
        return items, size

    def _mapping(self, node: MappingNode) -> tuple[object, int]:
        size = 1
        members: dict[str, object] = {}
        for name, child in node.value:
            if name.tag == _IGNORE:
                continue
            if name.__class__ is not ScalarNode:
                raise self.fail(name, "a key must be a scalar")
            value, count = self.build(child)
            members[self._key(name)] = value
            size += count
        return members, size


def _where(node: Node, file: str) -> Where:
    return _at(node.start_mark, file)


def _at(mark: Any, file: str) -> Where:
    return Where(file, mark.line + 1, mark.column + 1) if mark else Where(file)


def parse(text: str, file: str) -> object:
    """The value of the first document of `text`."""
    try:
        return yaml_lines.parse(text, scalar, _NO_TEXT)
    except yaml_lines.GiveUpError:
        return parse_fully(text, file)


def parse_fully(text: str, file: str) -> object:
    """The value of the first document of `text`, read by libyaml."""
    return _Builder(text, file).build(compose(text, file))[0]


class Document:
    """The text as nodes, walked for positions; see `fastroute.config.positions`."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.node = compose(text, file)

    def root(self) -> Node:
        """The node of the document."""
        return self.node

    def where(self, node: Node) -> Where:
        """The line and column at which a node begins."""
        return _where(node, self.file)

    def members(self, node: Node) -> list[tuple[str, Node, Node]]:
        """Name, key and value of each entry of a mapping."""
        if not isinstance(node, MappingNode):
            return []
        return [(name.value, name, value) for name, value in node.value if isinstance(name, ScalarNode)]

    def elements(self, node: Node) -> list[Node]:
        """The items of a sequence."""
        return list(node.value) if isinstance(node, SequenceNode) else []

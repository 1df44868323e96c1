"""Scoped routes: which route configuration, by a key made of headers.

- VH-30: every fragment must yield a string; keys are compared as lists of strings, exactly.
- VH-31: of a header the first value; with `index` the i-th element between separators, untrimmed; out
  of range is a failure. An empty separator takes the whole value.
- VH-32: with `element` the first element whose text before its separator is the key; what follows the
  separator is the fragment; an element without separator that is the key yields "".
- VH-33: of inline scopes with one key the last wins.
- VH-34: the key is made of the raw headers first, and again when the route is resolved.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastroute.reference.header_map import HeaderMap
from fastroute.reference.stream import Message, Stream


def choose(builder: Message, scopes: Iterable[Message], stream: Stream) -> Message | None:
    """The scope (a ScopedRouteConfiguration) of a request, or None."""
    wanted = key(builder, stream.headers)
    if wanted is None:
        stream.trace.add("scope", "key", "answered", "a fragment of the scope key cannot be made", "VH-30")
        return None
    found = None
    for scope in scopes:
        if [fragment.string_key.encode("utf-8") for fragment in scope.key.fragments] == wanted:
            found = scope
    if found is None:
        stream.trace.add("scope", repr(wanted), "answered", "no scope has this key", "VH-30")
    else:
        stream.trace.add("scope", found.name, "chosen", f"its key is {wanted!r}", "VH-30")
    return found


def key(builder: Message, headers: HeaderMap) -> list[bytes] | None:
    """The scope key of a request, or None when a fragment fails."""
    fragments = []
    for each in builder.fragments:
        value = headers.first(each.header_value_extractor.name.encode("utf-8"))
        fragment = None if value is None else _extract(each.header_value_extractor, value)
        if fragment is None:
            return None
        fragments.append(fragment)
    return fragments


def _extract(extractor: Message, value: bytes) -> bytes | None:
    separator = extractor.element_separator.encode("utf-8")
    elements = value.split(separator) if separator else [value]
    if extractor.WhichOneof("extract_type") == "element":
        return _by_key(extractor.element, elements)
    return elements[extractor.index] if extractor.index < len(elements) else None


def _by_key(element: Message, elements: list[bytes]) -> bytes | None:
    wanted, separator = element.key.encode("utf-8"), element.separator.encode("utf-8")
    for each in elements:
        name, _, rest = each.partition(separator)
        if name == wanted:
            return rest
    return None

"""URI templates (`path_match_policy`, uri_template).

- RM-09: segments are separated by "/". `*` is one segment, not empty; `**` is any rest, with slashes,
  and the last operator; `{v}` is `{v=*}`; `{v=a/*}` mixes literals and operators.
- RM-09: what an operator takes are the characters that a path segment may have (RFC 3986), "%" among
  them; other bytes make the path no match.
- RM-09: case always matters. The query is no part of the subject.

A template is turned into one regular expression over the whole path.
"""

from __future__ import annotations

import functools
import re

_LITERAL = r"a-zA-Z0-9\-._~%!$&'()+,;:@="
_ONE = f"[{_LITERAL}*]+"  # a path may have a star, a literal of a template may not
_REST = f"[{_LITERAL}*/]*"
_TOKEN = re.compile(r"\{(?P<name>[^{}=]+)(?:=(?P<inner>[^{}]*))?\}|(?P<rest>\*\*)|(?P<one>\*)|(?P<literal>[^{*]+)")


@functools.cache
def pattern(template: str) -> str:
    """The template as a regular expression with one named group a variable."""
    return "".join(_part(found) for found in _TOKEN.finditer(template))


def _part(found: re.Match[str]) -> str:
    if found["name"] is not None:
        inner = pattern(found["inner"]) if found["inner"] is not None else _ONE
        return f"(?P<{found['name']}>{inner})"
    if found["rest"] is not None:
        return _REST
    return _ONE if found["one"] is not None else re.escape(found["literal"])


@functools.cache
def _compiled(template: str) -> re.Pattern[bytes]:
    return re.compile(pattern(template).encode("utf-8"))


def matches(template: str, path: bytes) -> bool:
    """Whether the template takes the whole path."""
    return _compiled(template).fullmatch(path) is not None


def variables(template: str, path: bytes) -> dict[str, bytes]:
    """What the variables of the template stand for in a path that it takes."""
    found = _compiled(template).fullmatch(path)
    return found.groupdict() if found is not None else {}

"""Cookie matchers (`RouteMatch.cookies`).

- RM-41: the first cookie of that name over all cookie headers counts; names are case-sensitive.
- RM-41: a header is split on ";"; spaces before a cookie are dropped; a cookie without "=" is
  ignored; one pair of double quotes around the value is removed.
- RM-41: an absent cookie does not match, and matches with `invert_match`.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastroute.reference import strings
from fastroute.reference.header_map import HeaderMap
from fastroute.reference.stream import Message
from fastroute.reference.trace import Reason, text


def cookies(headers: HeaderMap) -> dict[bytes, bytes]:
    """The first value of every cookie of a request."""
    found: dict[bytes, bytes] = {}
    for header in headers.all(b"cookie"):
        for part in header.split(b";"):
            name, equals, value = part.lstrip(b" ").partition(b"=")
            if equals:
                found.setdefault(name, _unquoted(value))
    return found


def _unquoted(value: bytes) -> bytes:
    if len(value) >= 2 and value.startswith(b'"') and value.endswith(b'"'):
        return value[1:-1]
    return value


def why_not(matchers: Iterable[Message], headers: HeaderMap) -> Reason | None:
    """The first cookie matcher that does not hold, or None when all do."""
    found = cookies(headers)
    for matcher in matchers:
        value = found.get(matcher.name.encode("utf-8"))
        holds = value is not None and strings.matches(matcher.string_match, value)
        if holds == matcher.invert_match:
            has = "is absent" if value is None else f"is {text(value)!r}"
            negated = "not " if matcher.invert_match else ""
            wanted = strings.describe(matcher.string_match)
            return Reason(f"cookie {matcher.name} {has}; {negated}{wanted} is needed", "RM-41")
    return None

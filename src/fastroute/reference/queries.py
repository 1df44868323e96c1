"""Query parameter matchers (`RouteMatch.query_parameters`).

- RM-40: the query starts after the first "?"; it is split on "&" only; the first "=" of a part ends
  the name. Names and values are compared raw: nothing is decoded, case matters.
- RM-40: of a name that occurs more than once the first counts; a part without "=" has the value "".
- RM-40: `string_match`, or `present_match` (false: absent), or nothing at all: present.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastroute.reference import strings
from fastroute.reference.stream import Message
from fastroute.reference.trace import Reason, text


def parameters(path: bytes) -> dict[bytes, bytes]:
    """The first value of every query parameter of a request target."""
    found: dict[bytes, bytes] = {}
    _, mark, query = path.partition(b"?")
    for part in query.split(b"&") if mark else ():
        name, _, value = part.partition(b"=")
        found.setdefault(name, value)
    return found


def why_not(matchers: Iterable[Message], path: bytes) -> Reason | None:
    """The first query parameter matcher that does not hold, or None when all do."""
    found = parameters(path)
    for matcher in matchers:
        value = found.get(matcher.name.encode("utf-8"))
        if not _matches(matcher, value):
            has = "is absent" if value is None else f"is {text(value)!r}"
            return Reason(f"query parameter {matcher.name} {has}; {_wanted(matcher)} is needed", "RM-40")
    return None


def _matches(matcher: Message, value: bytes | None) -> bool:
    match matcher.WhichOneof("query_parameter_match_specifier"):
        case "string_match":
            return value is not None and strings.matches(matcher.string_match, value)
        case "present_match":
            return (value is not None) == bool(matcher.present_match)
        case _:
            return value is not None


def _wanted(matcher: Message) -> str:
    kind = matcher.WhichOneof("query_parameter_match_specifier")
    if kind == "string_match":
        return strings.describe(matcher.string_match)
    return "absence" if kind == "present_match" and not matcher.present_match else "presence"

"""Header matchers (`RouteMatch.headers`).

- RM-30: all matchers must hold. `host` is `:authority`; `:path` has the query and is normalised.
- RM-31: a header on several lines matches when any line does; `invert_match` is the negation of that.
- RM-32: on an absent header every value matcher is false, inverted or not. With
  `treat_missing_header_as_empty` the value "" is tested, and the result inverted.
- RM-33: `present_match: true` is presence, `false` is absence; no specifier at all is presence.
  `present_match: false` with `treat_missing_header_as_empty` never matches an absent header.
- RM-34: the legacy `exact_match: ""` is presence of any value.
- RM-35: `range_match` parses the whole value as a signed 64-bit integer; the range is half open.
- RM-37: the codec has trimmed the values.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastroute.reference import regexes, strings
from fastroute.reference.header_map import HeaderMap
from fastroute.reference.numbers import signed_64
from fastroute.reference.stream import Message
from fastroute.reference.trace import Reason, text


def why_not(matchers: Iterable[Message], headers: HeaderMap) -> Reason | None:
    """The first header matcher that does not hold, or None when all do."""
    for matcher in matchers:
        if not matches(matcher, headers):
            return Reason(_sentence(matcher, headers), _rule(matcher, headers))
    return None


def matches(matcher: Message, headers: HeaderMap) -> bool:
    """Whether one header matcher holds."""
    values = headers.all(matcher.name.encode("utf-8"))
    if matcher.treat_missing_header_as_empty:
        values = values or [b""]
    kind = matcher.WhichOneof("header_match_specifier")
    if kind is None or kind == "present_match":
        wanted = True if kind is None else matcher.present_match
        return (bool(values) == wanted) != bool(matcher.invert_match)
    if not values:
        return False
    return any(_value_matches(matcher, kind, value) for value in values) != bool(matcher.invert_match)


def _value_matches(matcher: Message, kind: str, value: bytes) -> bool:
    match kind:
        case "string_match":
            return strings.matches(matcher.string_match, value)
        case "exact_match":
            return not matcher.exact_match or value == matcher.exact_match.encode("utf-8")
        case "prefix_match":
            return value.startswith(matcher.prefix_match.encode("utf-8"))
        case "suffix_match":
            return value.endswith(matcher.suffix_match.encode("utf-8"))
        case "contains_match":
            return matcher.contains_match.encode("utf-8") in value
        case "safe_regex_match":
            return regexes.covers(matcher.safe_regex_match.regex, value)
        case _:
            number = signed_64(value)
            return number is not None and matcher.range_match.start <= number < matcher.range_match.end


def _rule(matcher: Message, headers: HeaderMap) -> str:
    kind = matcher.WhichOneof("header_match_specifier")
    if kind is None or kind == "present_match":
        return "RM-33"
    values = headers.all(matcher.name.encode("utf-8"))
    if not values:
        return "RM-32"
    return {"range_match": "RM-35", "string_match": "RM-36"}.get(kind, "RM-34") if len(values) == 1 else "RM-31"


def _sentence(matcher: Message, headers: HeaderMap) -> str:
    values = headers.all(matcher.name.encode("utf-8"))
    has = "is absent" if not values else "is " + ", ".join(repr(text(value)) for value in values)
    negated = "not " if matcher.invert_match else ""
    return f"header {matcher.name} {has}; {negated}{_wanted(matcher)} is needed"


def _wanted(matcher: Message) -> str:
    kind = matcher.WhichOneof("header_match_specifier")
    if kind is None or kind == "present_match":
        return "presence" if kind is None or matcher.present_match else "absence"
    if kind == "string_match":
        return strings.describe(matcher.string_match)
    if kind == "range_match":
        return f"an integer in [{matcher.range_match.start}, {matcher.range_match.end})"
    shown = matcher.safe_regex_match.regex if kind == "safe_regex_match" else getattr(matcher, kind)
    return f"{kind.removesuffix('_match')} {shown!r}"

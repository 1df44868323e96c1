"""Metadata matchers (`RouteMatch.dynamic_metadata`).

- RM-52: the value is found by filter and then by keys through structs. An absent value does not match,
  and matches with `invert`.
- RM-52: `present_match: true` is any value; `present_match: false` never matches.
- RM-52: types are strict: `string_match` takes text only, `double_match` numbers, `bool_match`
  booleans, `null_match` an explicit null; a double range is half open.
- RM-52: `list_match.one_of` is any element of a list; `or_match` any of its matchers.
- PIPE-03: what filters of the same request would write is not there yet when the route is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fastroute.reference import strings
from fastroute.reference.stream import Message
from fastroute.reference.trace import Reason

ABSENT = object()


def why_not(matchers: Iterable[Message], metadata: Mapping[str, object]) -> Reason | None:
    """The first metadata matcher that does not hold, or None when all do."""
    for matcher in matchers:
        keys = [segment.key for segment in matcher.path]
        value = find(metadata, matcher.filter, keys)
        if matches(matcher.value, value) == matcher.invert:
            has = "is absent" if value is ABSENT else f"is {value!r}"
            negated = "not " if matcher.invert else ""
            wanted = matcher.value.WhichOneof("match_pattern")
            return Reason(f"metadata {matcher.filter}:{'.'.join(keys)} {has}; {negated}{wanted} is needed", "RM-52")
    return None


def find(metadata: Mapping[str, object], namespace: str, keys: Sequence[str]) -> object:
    """The value at a path of keys in a namespace, or ABSENT."""
    value: object = metadata.get(namespace, ABSENT)
    for key in keys:
        value = value.get(key, ABSENT) if isinstance(value, Mapping) else ABSENT
    return value


def matches(matcher: Message, value: object) -> bool:
    """Whether a ValueMatcher takes a value; ABSENT is taken by none."""
    if value is ABSENT:
        return False
    match matcher.WhichOneof("match_pattern"):
        case "null_match":
            return value is None
        case "bool_match":
            return isinstance(value, bool) and value == matcher.bool_match
        case "string_match":
            return isinstance(value, str) and strings.matches(matcher.string_match, value.encode("utf-8"))
        case "double_match":
            return _double(matcher.double_match, value)
        case "present_match":
            return bool(matcher.present_match)
        case "list_match":
            one_of = matcher.list_match.one_of
            return isinstance(value, list | tuple) and any(matches(one_of, each) for each in value)
        case "or_match":
            return any(matches(each, value) for each in matcher.or_match.value_matchers)
        case _:
            return False


def _double(matcher: Message, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    match matcher.WhichOneof("match_pattern"):
        case "exact":
            return bool(value == matcher.exact)
        case "range":
            return bool(matcher.range.start <= value < matcher.range.end)
        case _:
            return False

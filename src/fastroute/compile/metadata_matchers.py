"""Metadata matchers of a configuration (RM-52).

A value is found by filter name, then by keys through structs. Types are strict; an absent value fails every
matcher and matches inverted. `present_match: false` matches nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastroute.compile.context import Context
from fastroute.compile.string_matchers import compile_string_matcher
from fastroute.core.decision import Decision
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Test = Callable[[object], bool]
_ABSENT = object()


@record
class MetadataMatcher:
    """Looks a value up in the request's dynamic metadata and tests it."""

    filter: str
    keys: tuple[str, ...]
    test: Test
    invert: bool

    def __call__(self, decision: Decision) -> bool:
        return self.holds(decision.dynamic_metadata)

    def holds(self, metadata: Mapping[str, object]) -> bool:
        """Whether the value in `metadata`, by filter name, is as wanted."""
        value: object = metadata.get(self.filter, _ABSENT)
        for key in self.keys:
            value = value.get(key, _ABSENT) if isinstance(value, Mapping) else _ABSENT
        return (value is not _ABSENT and self.test(value)) != self.invert


def compile_metadata_matcher(message: Any, ctx: Context, path: str) -> MetadataMatcher:
    """A MetadataMatcher of `envoy.type.matcher.v3`."""
    ctx.only(message, path, ("filter", "path", "value", "invert"))
    if not message.filter:
        raise ctx.reject(f"{path}.filter", "value length must be at least 1 characters")
    if not message.path:
        raise ctx.reject(f"{path}.path", "value must contain at least 1 item(s)")
    if not message.HasField("value"):
        raise ctx.reject(f"{path}.value", "value is required")
    keys = tuple(segment.key for segment in message.path)
    if not all(keys):
        raise ctx.reject(f"{path}.path[{keys.index('')}].key", "value length must be at least 1 characters")
    return MetadataMatcher(message.filter, keys, _test(message.value, ctx, f"{path}.value"), message.invert)


def _test(message: Any, ctx: Context, path: str) -> Test:
    match message.WhichOneof("match_pattern"):
        case "null_match":
            return lambda value: value is None
        case "bool_match":
            wanted = bool(message.bool_match)
            return lambda value: value is wanted
        case "present_match":
            present = bool(message.present_match)
            return lambda _: present
        case "string_match":
            matcher = compile_string_matcher(message.string_match, ctx, f"{path}.string_match")
            return lambda value: isinstance(value, str) and matcher.match(value.encode("utf-8"))
        case "double_match":
            return _number_test(message.double_match, ctx, f"{path}.double_match")
        case "list_match":
            one_of = _test(message.list_match.one_of, ctx, f"{path}.list_match.one_of")
            return lambda value: isinstance(value, list | tuple) and any(one_of(each) for each in value)
        case "or_match":
            return _any_test(message.or_match, ctx, f"{path}.or_match")
        case _:
            raise ctx.reject(path, "match_pattern is required")


def _number_test(message: Any, ctx: Context, path: str) -> Test:
    if message.WhichOneof("match_pattern") is None:
        raise ctx.reject(path, "match_pattern is required")
    start, end, exact = message.range.start, message.range.end, message.exact
    if message.WhichOneof("match_pattern") == "exact":
        return lambda value: _is_number(value) and value == exact
    return lambda value: _is_number(value) and start <= value < end


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _any_test(message: Any, ctx: Context, path: str) -> Test:
    if len(message.value_matchers) < 2:
        raise ctx.reject(f"{path}.value_matchers", "value must contain at least 2 item(s)")
    tests = [_test(each, ctx, f"{path}.value_matchers[{at}]") for at, each in enumerate(message.value_matchers)]
    return lambda value: any(test(value) for test in tests)

"""Header and string matchers inside actions.

RM-34  `exact_match: ""` is a presence test.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastroute.action.matchers import HeaderMatcher, ValueTest
from fastroute.action.tests import RangeTest, RegexTest, TextTest
from fastroute.compile.regexes import compile_regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context


def compile_string(message: Any, ctx: Context, path: str) -> ValueTest:
    """The test of a StringMatcher at `path`."""
    kind = message.WhichOneof("match_pattern")
    if kind == "safe_regex":
        return RegexTest(compile_regex(message.safe_regex, ctx, f"{path}.safe_regex"))
    if kind not in ("exact", "prefix", "suffix", "contains"):
        if kind is None:
            raise ctx.reject(path, "match_pattern is required")
        raise ctx.unsupported(f"{path}.{kind}", f"{kind} of StringMatcher is not supported")
    text = getattr(message, kind).encode()
    return TextTest(kind, text.lower() if message.ignore_case else text, message.ignore_case)


def compile_headers(messages: Iterable[Any], ctx: Context, path: str) -> tuple[HeaderMatcher, ...]:
    """The matchers of a list of HeaderMatcher at `path`."""
    return tuple(ctx.each(messages, path, compile_header))


def compile_header(message: Any, ctx: Context, path: str) -> HeaderMatcher:
    """The matcher of a HeaderMatcher at `path`."""
    kind = message.WhichOneof("header_match_specifier")
    present = message.present_match if kind == "present_match" else True
    return HeaderMatcher(
        message.name.lower().encode(),
        _test(message, kind, ctx, path),
        present,
        message.invert_match,
        message.treat_missing_header_as_empty,
    )


def _test(message: Any, kind: str | None, ctx: Context, path: str) -> ValueTest | None:
    if kind in (None, "present_match") or (kind == "exact_match" and not message.exact_match):
        return None
    if kind == "string_match":
        return compile_string(message.string_match, ctx, f"{path}.string_match")
    if kind == "safe_regex_match":
        return RegexTest(compile_regex(message.safe_regex_match, ctx, f"{path}.safe_regex_match"))
    if kind == "range_match":
        return RangeTest(message.range_match.start, message.range_match.end)
    if kind == "exact_match":
        return TextTest("exact", message.exact_match.encode())
    if kind == "prefix_match":
        return TextTest("prefix", message.prefix_match.encode())
    if kind == "suffix_match":
        return TextTest("suffix", message.suffix_match.encode())
    return TextTest("contains", message.contains_match.encode())

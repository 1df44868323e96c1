"""String matchers of a configuration (RM-36)."""

from __future__ import annotations

from fastroute.compile.regexes import compile_regex
from fastroute.core.strings import StringMatcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

_NOT_EMPTY = ("prefix", "suffix", "contains")


def compile_string_matcher(message: Any, ctx: Context, path: str) -> StringMatcher:
    """A StringMatcher of Envoy's or of xDS; `custom` matchers are not supported."""
    ctx.only(message, path, ("exact", "prefix", "suffix", "contains", "safe_regex", "ignore_case", "custom"))
    kind = message.WhichOneof("match_pattern")
    if kind == "custom":
        raise ctx.unsupported(
            f"{path}.custom",
            "custom of StringMatcher is not supported",
            remedy="Remove the field, or decide this resource with Envoy itself.",
            code="unsupported-field",
        )
    if kind is None:
        raise ctx.reject(path, "match_pattern is required")
    if kind == "safe_regex" and message.ignore_case:
        raise ctx.reject(f"{path}.ignore_case", "ignore_case has no effect for safe_regex.")
    if kind == "safe_regex":
        return StringMatcher("regex", compile_regex(message.safe_regex, ctx, f"{path}.safe_regex"))
    text = getattr(message, kind).encode("utf-8")
    if kind in _NOT_EMPTY and not text:
        raise ctx.reject(f"{path}.{kind}", "value length must be at least 1 characters")
    return StringMatcher(kind, text, ignore_case=message.ignore_case)

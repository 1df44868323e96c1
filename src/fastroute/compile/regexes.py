"""Regular expressions of a configuration (RM-05, RM-06)."""

from __future__ import annotations

from fastroute.compile.runtime import runtime_integer
from fastroute.core.regexes import Regex, RegexError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

_LIMIT_KEY = "re2.max_program_size.error_level"
_LIMIT = 100
_UNLIMITED = 2**31 - 1


def program_limit(ctx: Context) -> int:
    """The size that a compiled program may have: 100, unless the runtime says otherwise."""
    number = runtime_integer(ctx.runtime, _LIMIT_KEY)
    return _LIMIT if number is None else min(number, _UNLIMITED)


def compile_regex(message: Any, ctx: Context, path: str) -> Regex:
    """A RegexMatcher; refused as Envoy refuses it."""
    ctx.only(message, path, ("regex", "google_re2"))
    if not message.regex:
        raise ctx.reject(f"{path}.regex", "value length must be at least 1 characters")
    limit = program_limit(ctx)
    own_limit = "max_program_size" in message.google_re2.DESCRIPTOR.fields_by_name  # xDS's matcher has none
    if own_limit and message.google_re2.HasField("max_program_size"):
        limit = message.google_re2.max_program_size.value
    try:
        return Regex(message.regex, max_program_size=max(limit, 1))
    except RegexError as error:
        raise ctx.reject(f"{path}.regex", str(error)) from None

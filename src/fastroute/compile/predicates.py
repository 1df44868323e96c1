"""What a route asks of a request besides its path (RM-20 to RM-53), in Envoy's order (RM-01).

RM-34  The legacy `exact_match: ""` is presence of any value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastroute.compile import string_matchers
from fastroute.compile.regexes import compile_regex
from fastroute.compile.runtime import runtime_fraction
from fastroute.core.predicates import (
    CallPredicate,
    CookiePredicate,
    FractionPredicate,
    GrpcPredicate,
    HeaderPredicate,
    Predicate,
    QueryPredicate,
    TlsPredicate,
)
from fastroute.core.strings import StringMatcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

_HEADER_FIELDS = (
    "name",
    "string_match",
    "exact_match",
    "prefix_match",
    "suffix_match",
    "contains_match",
    "safe_regex_match",
    "range_match",
    "present_match",
    "invert_match",
    "treat_missing_header_as_empty",
)
_FORBIDDEN_IN_NAMES = "\x00\r\n"


def compile_predicates(match: Any, ctx: Context, path: str) -> tuple[Predicate, ...]:
    """The predicates of a RouteMatch other than its path specifier."""
    found: list[Predicate] = []
    if match.HasField("runtime_fraction"):
        found += ctx.attempt((), _fraction, match.runtime_fraction, ctx, f"{path}.runtime_fraction")
    if match.HasField("grpc"):
        found.append(GrpcPredicate())
    found += ctx.each(match.headers, f"{path}.headers", compile_header_matcher)
    found += ctx.each(match.query_parameters, f"{path}.query_parameters", _query)
    found += ctx.each(match.cookies, f"{path}.cookies", _cookie)
    if match.HasField("tls_context"):
        found.append(_tls(match.tls_context))
    if match.dynamic_metadata or match.filter_state:
        found += map(CallPredicate, _calls(match, ctx, path))
    return tuple(found)


def _calls(match: Any, ctx: Context, path: str) -> Iterable[Callable[[Any], bool]]:
    from fastroute.compile.filter_states import compile_filter_state
    from fastroute.compile.metadata_matchers import compile_metadata_matcher

    return (
        *ctx.each(match.dynamic_metadata, f"{path}.dynamic_metadata", compile_metadata_matcher),
        *ctx.each(match.filter_state, f"{path}.filter_state", compile_filter_state),
    )


def _fraction(message: Any, ctx: Context, path: str) -> tuple[FractionPredicate]:
    if not message.HasField("default_value"):
        raise ctx.reject(f"{path}.default_value", "value is required")
    share = runtime_fraction(message, ctx.runtime)
    return (FractionPredicate(share.numerator, share.denominator),)


def compile_header_matcher(message: Any, ctx: Context, path: str) -> HeaderPredicate:
    """A HeaderMatcher (RM-30 to RM-36)."""
    ctx.only(message, path, _HEADER_FIELDS)
    if not message.name:
        raise ctx.reject(f"{path}.name", "value length must be at least 1 characters")
    if any(char in _FORBIDDEN_IN_NAMES for char in message.name):
        raise ctx.reject(f"{path}.name", "value does not match a header name")
    kind = message.WhichOneof("header_match_specifier")
    limits = (message.range_match.start, message.range_match.end) if kind == "range_match" else None
    return HeaderPredicate(
        message.name.encode("utf-8"),
        _value_matcher(message, kind, ctx, path),
        range=limits,
        absent=kind == "present_match" and not message.present_match,
        invert=message.invert_match,
        missing_as_empty=message.treat_missing_header_as_empty,
    )


def _value_matcher(message: Any, kind: str | None, ctx: Context, path: str) -> StringMatcher | None:
    if kind is None or kind in ("range_match", "present_match"):
        return None
    if kind == "string_match":
        return string_matchers.compile_string_matcher(message.string_match, ctx, f"{path}.string_match")
    if kind == "safe_regex_match":
        return StringMatcher("regex", compile_regex(message.safe_regex_match, ctx, f"{path}.safe_regex_match"))
    text = getattr(message, kind).encode("utf-8")
    if kind == "exact_match":
        return StringMatcher("exact", text) if text else StringMatcher("prefix", b"")
    if not text:
        raise ctx.reject(f"{path}.{kind}", "value length must be at least 1 characters")
    if kind == "prefix_match":
        return StringMatcher("prefix", text)
    return StringMatcher("suffix" if kind == "suffix_match" else "contains", text)


def _query(message: Any, ctx: Context, path: str) -> QueryPredicate:
    ctx.only(message, path, ("name", "string_match", "present_match"))
    if not 1 <= len(message.name.encode("utf-8")) <= 1024:
        raise ctx.reject(f"{path}.name", "value length must be between 1 and 1024 bytes, inclusive")
    kind = message.WhichOneof("query_parameter_match_specifier")
    matcher = None
    if kind == "string_match":
        matcher = string_matchers.compile_string_matcher(message.string_match, ctx, f"{path}.string_match")
    absent = kind == "present_match" and not message.present_match
    return QueryPredicate(message.name.encode("utf-8"), matcher, absent=absent)


def _cookie(message: Any, ctx: Context, path: str) -> CookiePredicate:
    ctx.only(message, path, ("name", "string_match", "invert_match"))
    if not message.name:
        raise ctx.reject(f"{path}.name", "value length must be at least 1 characters")
    if not message.HasField("string_match"):
        raise ctx.reject(f"{path}.string_match", "value is required")
    matcher = string_matchers.compile_string_matcher(message.string_match, ctx, f"{path}.string_match")
    return CookiePredicate(message.name.encode("utf-8"), matcher, invert=message.invert_match)


def _tls(message: Any) -> TlsPredicate:
    return TlsPredicate(
        presented=message.presented.value if message.HasField("presented") else None,
        validated=message.validated.value if message.HasField("validated") else None,
    )

"""Rewrite fields of routes and redirects to `fastroute.action.rewrites`.

RA-20  At most one of `prefix_rewrite`, `regex_rewrite`, `path_rewrite_policy` and `path_rewrite`.
RA-21  How much `prefix_rewrite` replaces follows from the route's match.
"""

from __future__ import annotations

from fastroute.action.policies import PATH_FIELDS
from fastroute.action.rewrites import (
    FormatRewrite,
    HostFormat,
    HostHeader,
    HostLiteral,
    HostRegex,
    HostRewrite,
    PathRewrite,
    PrefixRewrite,
    RegexRewrite,
)
from fastroute.compile import formatter
from fastroute.compile.regexes import compile_regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context


def matched_text(match: Any) -> bytes | None:
    """The path that a RouteMatch names; None where it is the whole path."""
    kind = match.WhichOneof("path_specifier")
    if kind in ("prefix", "path", "path_separated_prefix"):
        named: bytes = getattr(match, kind).encode()
        return named
    return None


def compile_path_rewrite(message: Any, match: Any, ctx: Context, path: str) -> tuple[PathRewrite | None, str]:
    """The path rewrite of a RouteAction or RedirectAction at `path`, and the field that says it."""
    wanted = [field for field in PATH_FIELDS if _has(message, field)]
    if len(wanted) > 1:
        first, second, *_ = (f"{path}.{field}" for field in wanted)
        raise ctx.reject(
            second,
            "Specify only one of prefix_rewrite, regex_rewrite or path_rewrite_policy",
            remedy="Remove one of the two.",
            conflict=ctx.conflict(first),
        )
    if not wanted:
        return None, ""
    field = wanted[0]
    here = f"{path}.{field}"
    if field == "prefix_rewrite":
        if match.WhichOneof("path_specifier") == "path_match_policy":
            raise ctx.reject(here, "Cannot use prefix_rewrite with matcher extension")
        return PrefixRewrite(message.prefix_rewrite.encode(), matched_text(match)), field
    if field == "regex_rewrite":
        return RegexRewrite(*_regex(message.regex_rewrite, ctx, here)), field
    if field == "path_rewrite":
        return FormatRewrite(formatter.compile_template(message.path_rewrite, ctx, here)), field
    from fastroute.compile.template_rewrites import compile_template_rewrite

    return compile_template_rewrite(message.path_rewrite_policy, match, ctx, here), field


def _has(message: Any, field: str) -> bool:
    descriptor = message.DESCRIPTOR.fields_by_name.get(field)
    if descriptor is None:
        return False
    return bool(message.HasField(field)) if descriptor.message_type is not None else bool(getattr(message, field))


def _regex(message: Any, ctx: Context, path: str) -> tuple[Any, bytes]:
    if not message.HasField("pattern"):
        raise ctx.reject(f"{path}.pattern", "value is required")
    return compile_regex(message.pattern, ctx, f"{path}.pattern"), message.substitution.encode()


def compile_host_rewrite(message: Any, ctx: Context, path: str) -> tuple[HostRewrite | None, str]:
    """The host rewrite of a RouteAction at `path`, and the field that says it; `auto_host_rewrite` is none."""
    field = message.WhichOneof("host_rewrite_specifier")
    here = f"{path}.{field}"
    if field == "host_rewrite_literal" and message.host_rewrite_literal:
        return HostLiteral(message.host_rewrite_literal.encode()), field
    if field == "host_rewrite_header" and message.host_rewrite_header:
        return HostHeader(message.host_rewrite_header.lower().encode()), field
    if field == "host_rewrite_path_regex":
        return HostRegex(*_regex(message.host_rewrite_path_regex, ctx, here)), field
    if field == "host_rewrite" and message.host_rewrite:
        return HostFormat(formatter.compile_template(message.host_rewrite, ctx, here, missing=b"-")), field
    return None, ""

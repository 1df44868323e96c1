"""Path specifiers of a configuration, as the core compares them.

RM-03, RM-04  A prefix or path with "?" or "#" matches nothing, for what is compared ends there.
RM-05, RM-11  A regex ignores `case_sensitive`; it is looked for below the literal beginning of its matches.
RM-07  A separated prefix does not end with "/" and has no "?" or "#"; Envoy takes one without a leading "/".
RM-08  `connect_matcher` takes requests without a path.
RM-09  A URI template is a regex of its own kind.
"""

from __future__ import annotations

from fastroute.compile.extensions import open_any
from fastroute.compile.regexes import compile_regex
from fastroute.core.predicates import PathPredicate, Predicate
from fastroute.core.regexes import Regex, literal_prefix
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from fastroute.compile.context import Context

    How = Literal["prefix", "path", "path_separated_prefix", "pathless", "never"]

URI_TEMPLATE = "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"


@record
class PathMatch:
    """How a path is compared, with what; a regex adds a predicate."""

    how: How
    text: bytes = b""
    case_sensitive: bool = True
    predicates: tuple[Predicate, ...] = ()


def compile_path(match: Any, ctx: Context, path: str, *, stripped: bool = False) -> PathMatch:
    """The path specifier of a RouteMatch; `stripped` says that paths are compared without parameters (RM-12)."""
    kind = match.WhichOneof("path_specifier")
    match kind:
        case "prefix" | "path" | "path_separated_prefix":
            return _text(match, kind, ctx, path)
        case "safe_regex":
            return _regex(compile_regex(match.safe_regex, ctx, f"{path}.safe_regex"))
        case "connect_matcher":
            return PathMatch("pathless")
        case "path_match_policy":
            return _policy(match.path_match_policy, ctx, f"{path}.path_match_policy", stripped=stripped)
        case _:
            raise ctx.reject(path, "path_specifier is required")


def _text(match: Any, kind: Literal["prefix", "path", "path_separated_prefix"], ctx: Context, path: str) -> PathMatch:
    value: str = getattr(match, kind)
    if kind == "path_separated_prefix" and not _is_separated(value):
        raise ctx.reject(f"{path}.{kind}", 'value does not match regex pattern "^[^?#]+[^?#/]$"')
    if "?" in value or "#" in value:
        return PathMatch("never")
    folded = match.HasField("case_sensitive") and not match.case_sensitive.value
    return PathMatch(kind, value.encode("utf-8"), not folded)


def _is_separated(value: str) -> bool:
    return len(value) > 1 and not value.endswith("/") and "?" not in value and "#" not in value


def _regex(regex: Regex) -> PathMatch:
    return PathMatch("prefix", literal_prefix(regex.pattern), True, (PathPredicate(regex),))


def _policy(policy: Any, ctx: Context, path: str, *, stripped: bool) -> PathMatch:
    name, message = open_any(policy.typed_config, ctx, f"{path}.typed_config")
    if name != URI_TEMPLATE or message is None:
        raise ctx.unsupported(path, f"path match policy {name} is not supported")
    from fastroute.compile.templates import compile_template

    template = compile_template(message.path_template, ctx, f"{path}.typed_config.path_template")
    beginning = b"" if stripped else literal_prefix(template.regex.pattern)
    return PathMatch("prefix", beginning, True, (PathPredicate(template.regex, template=True),))

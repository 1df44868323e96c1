"""URI templates (`path_match_policy`): RM-09, RM-10.

A template is a list of segments between slashes. A segment is a literal, in which variables `{v}` may be
mixed, or an operator: `*` takes one segment, `**` any rest with slashes. `{v}` is `{v=*}`, and `{v=a/*}` holds
segments of its own. It becomes one regular expression over the whole path with a group for each variable.
"""

from __future__ import annotations

import re

from fastroute.compile.context import Context
from fastroute.core.regexes import Regex
from fastroute.records import record

_CHARS = r"a-zA-Z0-9\-._~%!$&'()+,;:@"
_ONE = f"[{_CHARS}=*]+"  # a path may have a star, a literal of a template may not
_REST = f"[{_CHARS}=*/]*"
_LITERAL = re.compile(f"[{_CHARS}]+")
_NAME = re.compile("[a-zA-Z][a-zA-Z0-9_]*")
_GRAPHIC = re.compile(r"/[\x21-\x7e]*")
_TOKEN = re.compile(r"\{([^}]*)\}|(\*\*)|(\*)|([^{*]+)")
_MOST_VARIABLES = 5
_LONGEST_NAME = 16


@record
class Template:
    """A compiled template; the groups of `regex` are the `variables`, in order."""

    text: str
    regex: Regex
    variables: tuple[str, ...]


class _TemplateError(ValueError):
    """Why a template is none; the text is Envoy's."""


def compile_template(text: str, ctx: Context, path: str) -> Template:
    """The template `text`; refused where Envoy refuses it."""
    try:
        pattern, variables = _parse(text)
    except _TemplateError as error:
        raise ctx.reject(path, f"path_match_policy.path_template {text} is invalid: {error}") from None
    return Template(text, Regex(pattern), variables)


def _parse(text: str) -> tuple[str, tuple[str, ...]]:
    if not _GRAPHIC.fullmatch(text):
        raise _TemplateError("Invalid pattern")
    parts: list[str] = []
    names: list[str] = []
    operators: list[str] = []
    at, after_variable = 0, False
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or (found[1] is not None and after_variable):
            raise _TemplateError("Invalid pattern")
        parts.append(_part(found, names, operators))
        after_variable = found[1] is not None
        at = found.end()
    _check(names, operators)
    return "".join(parts), tuple(names)


def _part(found: re.Match[str], names: list[str], operators: list[str]) -> str:
    variable, rest, one, literal = found.groups()
    if variable is not None:
        return _variable(variable, names, operators)
    if rest or one:
        operators.append(rest or one)
        return _REST if rest else _ONE
    if any(segment and not _LITERAL.fullmatch(segment) for segment in literal.split("/")):
        raise _TemplateError("Invalid literal")
    return re.escape(literal)


def _variable(text: str, names: list[str], operators: list[str]) -> str:
    name, equals, inner = text.partition("=")
    if not _NAME.fullmatch(name):
        raise _TemplateError("Invalid variable name")
    names.append(name)
    if not equals:
        operators.append("*")
        return f"({_ONE})"
    segments = inner.split("/")
    if not all(segments):
        raise _TemplateError("Empty variable match" if not inner else "Invalid variable match")
    return f"({'/'.join(_segment(each, operators) for each in segments)})"


def _segment(text: str, operators: list[str]) -> str:
    if text in ("*", "**"):
        operators.append(text)
        return _REST if text == "**" else _ONE
    if not _LITERAL.fullmatch(text):
        raise _TemplateError("Invalid literal")
    return re.escape(text)


def _check(names: list[str], operators: list[str]) -> None:
    if len(names) > _MOST_VARIABLES:
        raise _TemplateError(f"Exceeded variable count limit ({_MOST_VARIABLES})")
    if any(len(name) > _LONGEST_NAME for name in names):
        raise _TemplateError("Invalid variable length")
    if len(set(names)) < len(names):
        raise _TemplateError("Repeated variable name")
    if "**" in operators[:-1]:
        raise _TemplateError("Glob after text glob.")

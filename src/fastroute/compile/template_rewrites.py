"""`path_rewrite_policy`: a URI template whose variables the route's `path_match_policy` captures.

RA-23  It needs a template to match with, and names variables of that template only. `{b}` stands for what
       the variable captured; everything else is literal. The query is kept.
"""

from __future__ import annotations

import re

from fastroute.action.rewrites import TemplateRewrite
from fastroute.api.anys import unpack
from fastroute.compile.context import Context
from fastroute.compile.path_matches import URI_TEMPLATE
from fastroute.compile.templates import compile_template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REWRITE = "envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig"
_PART = re.compile(r"\{([a-zA-Z][a-zA-Z0-9_]*)\}|([^{}]+)")
_LITERAL = re.compile(r"[a-zA-Z0-9\-._~%!$&'()+,;:@=/]+")


def compile_template_rewrite(message: Any, match: Any, ctx: Context, path: str) -> TemplateRewrite:
    """The rewrite of the `path_rewrite_policy` at `path`, for a route with the RouteMatch `match`."""
    config: Any = unpack(message.typed_config, path=f"{path}.typed_config")
    if config.DESCRIPTOR.full_name != REWRITE:
        raise ctx.unsupported(path, f"the path rewrite extension {message.name} is not supported")
    if not match.HasField("path_match_policy"):
        raise ctx.reject(path, f"unable to use {message.name} extension without envoy.path.match extension")
    matcher: Any = unpack(match.path_match_policy.typed_config, path=path)
    if matcher.DESCRIPTOR.full_name != URI_TEMPLATE:
        raise ctx.reject(path, f"unable to use {message.name} extension without {URI_TEMPLATE} extension")
    template = compile_template(matcher.path_template, ctx, path)
    parts = _parts(config.path_template_rewrite, template.variables, ctx, f"{path}.typed_config.path_template_rewrite")
    used = {part for part in parts if isinstance(part, int)}
    if used != set(range(len(template.variables))):
        raise ctx.reject(
            path,
            f"mismatch between variables in path_match_policy {matcher.path_template} "
            f"and path_rewrite_policy {config.path_template_rewrite}",
        )
    return TemplateRewrite(template.regex, parts)


def _parts(text: str, variables: tuple[str, ...], ctx: Context, path: str) -> tuple[bytes | int, ...]:
    parts: list[bytes | int] = []
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None or (found[2] is not None and not _LITERAL.fullmatch(found[2])):
            raise ctx.reject(path, f"path_rewrite_policy.path_template_rewrite {text} is invalid")
        if found[2] is not None:
            parts.append(found[2].encode())
        elif found[1] in variables:
            parts.append(variables.index(found[1]))
        else:
            raise ctx.reject(path, f"mismatch between variables in path_match_policy and path_rewrite_policy {text}")
        at = found.end()
    return tuple(parts)

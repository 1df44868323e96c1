"""RedirectAction, DirectResponseAction and InternalRedirectPolicy messages."""

from __future__ import annotations

from typing import Any

from fastroute.action.format import Template
from fastroute.action.redirects import (
    FOLLOWED,
    AllowListedRoutes,
    InternalRedirectPolicy,
    Predicate,
    previous_routes,
    safe_cross_scheme,
)
from fastroute.compile.context import Context
from fastroute.compile.extensions import open_any
from fastroute.compile.formatter import compile_template
from fastroute.compile.rewrites import compile_path_rewrite

_PREDICATES = "envoy.extensions.internal_redirect."
_STATUSES = (301, 302, 303, 307, 308)


def redirect_status(message: Any) -> int:
    """The status of a RedirectAction (RA-45)."""
    return _STATUSES[message.response_code]


def compile_redirect(message: Any, match: Any, ctx: Context, path: str) -> dict[str, Any]:
    """The fields of `RedirectAction` for a RedirectAction at `path`."""
    nothing = None, ""
    rewrite, field = ctx.attempt(nothing, compile_path_rewrite, message, match, ctx, path)
    scheme = "https" if message.https_redirect else message.scheme_redirect
    return {
        "scheme": scheme.encode(),
        "redirect_host": message.host_redirect.encode(),
        "port": b":%d" % message.port_redirect if message.port_redirect else b"",
        "path_redirect": rooted(message.path_redirect.encode()),
        "rewrite": rewrite,
        "rewrite_field": field,
        "strip_query": message.strip_query,
    }


def rooted(target: bytes) -> bytes:
    """The path of a redirect, which Envoy begins with a slash."""
    return target if not target or target.startswith(b"/") else b"/" + target


def compile_body(message: Any, limit: int, ctx: Context, path: str) -> bytes:
    """The body of a DataSource at `path`, at most `limit` bytes (RA-50); Envoy takes a limit of 0 for none."""
    ctx.only(message, path, ("inline_string", "inline_bytes"))
    text = message.inline_bytes if message.WhichOneof("specifier") == "inline_bytes" else message.inline_string.encode()
    if 0 < limit < len(text):
        ctx.gather(ctx.reject(path, f"response body size is {len(text)} bytes; maximum is {limit}"))
    return bytes(text)


def compile_body_format(message: Any, body: bytes, ctx: Context, path: str) -> tuple[Template, bytes]:
    """The template of a SubstitutionFormatString at `path`, and its content type if it names one."""
    ctx.only(message, path, ("text_format_source", "text_format", "omit_empty_values", "content_type"))
    kind = message.WhichOneof("format")
    if kind is None:
        raise ctx.reject(path, "format is required")
    if body:
        raise ctx.unsupported(path, "body_format together with a body is not supported")
    text = message.text_format
    if kind == "text_format_source":
        text = compile_body(message.text_format_source, 1 << 32, ctx, f"{path}.text_format_source").decode()
    missing = b"" if message.omit_empty_values else b"-"
    template = compile_template(text, ctx, f"{path}.{kind}", missing=missing)
    return template, message.content_type.encode()


def compile_internal_redirect(message: Any, ctx: Context, path: str) -> InternalRedirectPolicy:
    """The policy of an InternalRedirectPolicy at `path`."""
    handled = ("max_internal_redirects", "redirect_response_codes", "allow_cross_scheme_redirect", "predicates")
    ctx.only(message, path, (*handled, "response_headers_to_copy"))
    codes = frozenset(message.redirect_response_codes) & FOLLOWED
    return InternalRedirectPolicy(
        message.max_internal_redirects.value if message.HasField("max_internal_redirects") else 1,
        codes if message.redirect_response_codes else frozenset({302}),
        message.allow_cross_scheme_redirect,
        tuple(name.lower().encode() for name in message.response_headers_to_copy),
        tuple(ctx.each(message.predicates, f"{path}.predicates", _predicate)),
    )


def _predicate(extension: Any, ctx: Context, path: str) -> Predicate:
    """The predicate of an internal redirect at `path`."""
    name, config = open_any(extension.typed_config, ctx, f"{path}.typed_config")
    if name == f"{_PREDICATES}previous_routes.v3.PreviousRoutesConfig":
        return previous_routes
    if name == f"{_PREDICATES}safe_cross_scheme.v3.SafeCrossSchemeConfig":
        return safe_cross_scheme
    if name != f"{_PREDICATES}allow_listed_routes.v3.AllowListedRoutesConfig":
        if name.startswith(_PREDICATES):
            raise ctx.unsupported(path, f"the predicate {name} of internal redirects is not supported")
        error = f"Didn't find a registered implementation for '{extension.name}' with type URL: '{name}'"
        raise ctx.reject(path, error)
    allowed: Any = config
    if not all(allowed.allowed_route_names):
        raise ctx.reject(f"{path}.typed_config.allowed_route_names", "value length must be at least 1 characters")
    return AllowListedRoutes(frozenset(allowed.allowed_route_names))

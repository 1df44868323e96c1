"""RedirectAction, DirectResponseAction and InternalRedirectPolicy messages."""

from __future__ import annotations

from fastroute.action.redirects import (
    FOLLOWED,
    AllowListedRoutes,
    InternalRedirectPolicy,
    Predicate,
    previous_routes,
    safe_cross_scheme,
)
from fastroute.compile import rewrites
from fastroute.compile.extensions import open_any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

_PREDICATES = "envoy.extensions.internal_redirect."
_STATUSES = (301, 302, 303, 307, 308)


def redirect_status(message: Any) -> int:
    """The status of a RedirectAction (RA-45)."""
    return _STATUSES[message.response_code]


def compile_redirect(message: Any, match: Any, ctx: Context, path: str) -> dict[str, Any]:
    """The fields of `RedirectAction` for a RedirectAction at `path`."""
    nothing = None, ""
    rewrite, field = ctx.attempt(nothing, rewrites.compile_path_rewrite, message, match, ctx, path)
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

"""Scoped routes (`HttpConnectionManager.scoped_routes`, SRDS).

VH-30  fragments of the key builder, one at least; every one is a header value extractor.
VH-31  Without element_separator the only index is 0. VH-32  An element has a key and a separator.
VH-33  Inline scopes hold their route configuration, and the last of equal keys wins; scopes that come by SRDS
       name theirs, or hold it, and equal keys are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fastroute.compile.context import Context
from fastroute.config.resources import Resource
from fastroute.core.scopes import ScopedRoutes
from fastroute.core.table import RouteTable

Inline = Callable[[Any, str], RouteTable]
_Fragment = tuple[bytes, bytes, int | None, bytes, bytes]


def compile_scoped_routes(
    message: Any, ctx: Context, path: str, inline: Inline, scopes: Iterable[Resource]
) -> ScopedRoutes:
    """The ScopedRoutes at `path`; `scopes` are the ScopedRouteConfigurations that came by SRDS."""
    ctx.only(
        message,
        path,
        ("scope_key_builder", "scoped_route_configurations_list", "scoped_rds"),
        ("name", "rds_config_source"),
    )
    fragments = tuple(ctx.attempt([], _fragments, message.scope_key_builder, ctx, f"{path}.scope_key_builder"))
    if message.WhichOneof("config_specifier") == "scoped_route_configurations_list":
        listed = message.scoped_route_configurations_list.scoped_route_configurations
        here = f"{path}.scoped_route_configurations_list.scoped_route_configurations"

        def scope(each: Any, ctx: Context, path: str) -> tuple[tuple[bytes, ...], RouteTable]:
            return _inline(each, ctx, path, inline)

        return ScopedRoutes(fragments, ctx.each(listed, here, scope))
    return ScopedRoutes(fragments, _delivered(scopes, ctx))


def _fragments(builder: Any, ctx: Context, path: str) -> list[_Fragment]:
    if not builder.fragments:
        raise ctx.reject(f"{path}.fragments", "value must contain at least 1 item(s)")
    return ctx.each(builder.fragments, f"{path}.fragments", _fragment)


def _fragment(fragment: Any, ctx: Context, path: str) -> _Fragment:
    if fragment.WhichOneof("type") != "header_value_extractor":
        raise ctx.reject(path, "type is required")
    return _extractor(fragment.header_value_extractor, ctx, f"{path}.header_value_extractor")


def _extractor(message: Any, ctx: Context, path: str) -> _Fragment:
    if not message.name:
        raise ctx.reject(f"{path}.name", "value length must be at least 1 characters")
    name, separator = message.name.lower().encode("utf-8"), message.element_separator.encode("utf-8")
    if message.WhichOneof("extract_type") == "element":
        key, inner = message.element.key, message.element.separator
        if not key or not inner:
            raise ctx.reject(f"{path}.element", "key and separator must have at least 1 characters")
        return name, separator, None, key.encode("utf-8"), inner.encode("utf-8")
    if message.WhichOneof("extract_type") is None:
        raise ctx.reject(path, "extract_type is required")
    if not separator and message.index:
        raise ctx.reject(f"{path}.index", "Index > 0 for empty string element separator.")
    return name, separator, message.index, b"", b""


def _inline(message: Any, ctx: Context, path: str, inline: Inline) -> tuple[tuple[bytes, ...], RouteTable]:
    if message.route_configuration_name:
        raise ctx.reject(
            path, "Fetching routes via RDS (route_configuration_name) is not supported with inline scoped routes."
        )
    if not message.HasField("route_configuration"):
        raise ctx.reject(path, "You must specify a route_configuration with inline scoped routes.")
    return scope_key(message, ctx, path), inline(message.route_configuration, f"{path}.route_configuration")


def scope_key(message: Any, ctx: Context, path: str) -> tuple[bytes, ...]:
    """The key of a ScopedRouteConfiguration."""
    if not message.name:
        raise ctx.reject(f"{path}.name" if path else "name", "value length must be at least 1 characters")
    if not message.key.fragments:
        raise ctx.reject(f"{path}.key" if path else "key", "value is required")
    return tuple(fragment.string_key.encode("utf-8") for fragment in message.key.fragments)


def _delivered(scopes: Iterable[Resource], ctx: Context) -> dict[tuple[bytes, ...], RouteTable | str]:
    found: dict[tuple[bytes, ...], RouteTable | str] = {}
    for scope in scopes:
        here = ctx.for_resource(scope, "ScopedRouteConfiguration")
        message: Any = scope.message
        key = scope_key(message, here, "")
        if key in found:
            here.gather(here.reject("key", "scope key already exists"))
        if message.HasField("route_configuration"):
            wrong = "a scope that holds its route configuration is not supported"
            here.keep(here.unsupported("route_configuration", wrong), "the scope is left out")
            continue
        found[key] = message.route_configuration_name
    return found

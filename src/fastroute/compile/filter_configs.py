"""`typed_per_filter_config` maps to filter settings.

RA-90  The key is the HTTP filter's configuration name.
RA-91  FilterConfig wraps a configuration and can disable the filter.
RA-92  Refused by Envoy: an unknown type, one of no filter or of a filter without such settings, and a FilterConfig
       that neither configures nor disables. A key that names no installed filter is accepted; the manager's
       compiler decides which filters it takes.
"""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from fastroute.action.levels import FilterSetting
from fastroute.api.anys import type_url, unpack
from fastroute.api.names import FAULT
from fastroute.api.pool import is_known, type_name
from fastroute.compile.plain import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

CORS_POLICY = "envoy.extensions.filters.http.cors.v3.CorsPolicy"
HTTP_RBAC_PER_ROUTE = "envoy.extensions.filters.http.rbac.v3.RBACPerRoute"
COMPRESSOR_PER_ROUTE = "envoy.extensions.filters.http.compressor.v3.CompressorPerRoute"
HEADER_MUTATION_PER_ROUTE = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute"
ON_DEMAND = "envoy.extensions.filters.http.on_demand.v3.PerRouteConfig"
FILTER_CONFIG = "envoy.config.route.v3.FilterConfig"
NONE: Mapping[str, FilterSetting] = {}
FAILED = FilterSetting("")


def compile_filter_configs(entries: Any, ctx: Context, path: str) -> Mapping[str, FilterSetting]:
    """The settings by filter name; `path` is that of the message that has the map."""
    if not entries:
        return NONE
    dot = f"{path}." if path else ""
    made = {}
    for name in sorted(entries):
        here = f'{dot}typed_per_filter_config["{name}"]'
        made[name] = ctx.attempt(FAILED, _setting, entries[name], ctx, here)
    return made


def _setting(any_message: Any, ctx: Context, path: str) -> FilterSetting:
    name = type_name(any_message.type_url)
    if name != FILTER_CONFIG:
        return _plain_setting(any_message, ctx, path)
    wrapper: Any = _unpack(any_message, ctx, path)
    if wrapper.disabled:
        return FilterSetting(FILTER_CONFIG, disabled=True)
    if not wrapper.HasField("config"):
        raise ctx.reject(path, "Empty route/virtual host per filter configuration")
    if wrapper.is_optional and not is_known(type_url(wrapper.config)):
        return FilterSetting(type_name(wrapper.config.type_url))
    return _plain_setting(wrapper.config, ctx, f"{path}.config")


def _plain_setting(any_message: Any, ctx: Context, path: str) -> FilterSetting:
    message = _unpack(any_message, ctx, path)
    if message is None:
        return FilterSetting(type_name(any_message.type_url))
    name = message.DESCRIPTOR.full_name
    return FilterSetting(name, plain(message), policy=_policy(message, name, ctx, path))


def _policy(message: Any, name: str, ctx: Context, path: str) -> object:
    if name == FAULT:
        from fastroute.compile.faults import compile_fault

        return compile_fault(message, ctx, path)
    if name == HTTP_RBAC_PER_ROUTE:
        from fastroute.compile.http_rbac import compile_rbac_per_route

        return compile_rbac_per_route(message, ctx, path)
    if name == COMPRESSOR_PER_ROUTE:
        from fastroute.compile.codings import compile_compressor_per_route

        return compile_compressor_per_route(message, ctx, path)
    if name == HEADER_MUTATION_PER_ROUTE:
        from fastroute.compile.header_filter import compile_header_filter_per_route

        return compile_header_filter_per_route(message, ctx, path)
    if name == ON_DEMAND:
        ctx.only(message, path, ())
    if name != CORS_POLICY:
        return None
    from fastroute.compile.cors import compile_cors

    return compile_cors(message, ctx, path)


def _unpack(any_message: Any, ctx: Context, path: str) -> Message | None:
    """The message in an Any; None for a type that Envoy lacks, which only lenient loading lets through."""
    url = type_url(any_message)
    if type_name(url) == FILTER_CONFIG:
        return unpack(any_message, path=path)
    if is_known(url):
        from fastroute.compile.per_route import refusal

        message = unpack(any_message, path=path)
        wrong = refusal(type_name(url), not message.ByteSize())
        if wrong:
            ctx.gather(ctx.reject(path, wrong, remedy="Remove the setting, or give it the filter's own type."))
        return message
    error = ctx.reject(
        path,
        f"Didn't find a registered implementation for type URL: '{url}'",
        remedy="Remove the setting, or wrap it in a FilterConfig that is optional.",
        code="unknown-type",
    )
    ctx.tolerate(error, "the setting has no effect")
    return None

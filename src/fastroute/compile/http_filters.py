"""HTTP filters: which ones leave the route decision alone (HC-70, PIPE-03).

Routes are chosen before any filter runs, so a filter matters here when it answers by itself, or changes what a
later evaluation of the routes would see. Only filters known to do neither are let through; the fault and CORS
filters are, for their settings of a route are part of its decision. Filters that change what passes them are
compiled (`passed_filters.py`). RBAC filters are compiled (NF-14); in front
of them is only what neither answers nor changes a request.
"""

from __future__ import annotations

from fastroute.action.router_options import DEFAULT_ROUTER, RouterOptions
from fastroute.api import names, pool
from fastroute.api.anys import type_url, unpack
from fastroute.compile.extensions import is_of, open_extension
from fastroute.compile.passed_filters import TYPES as _PASSED
from fastroute.compile.passed_filters import compile_passed
from fastroute.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context
    from fastroute.compile.http_rbac import Filter

_PREFIX = "envoy.extensions.filters.http."
_ROUTER = names.ROUTER
_FAULT = names.FAULT
_HARMLESS = frozenset(
    _PREFIX + name
    for name in (
        "cors.v3.Cors",
        "grpc_stats.v3.FilterConfig",
        "tap.v3.Tap",
        "bandwidth_limit.v3.BandwidthLimit",
        "original_src.v3.OriginalSrc",
    )
)
_HARMLESS_UNSET = frozenset(
    (
        _PREFIX + "alternate_protocols_cache.v3.FilterConfig",
        _PREFIX + "on_demand.v3.OnDemand",
    )
)
"""Filters that do nothing to a request as long as no field of theirs is set."""
_CHANGES = {
    _PREFIX + "stateful_session.v3.StatefulSession": "chooses the host of a session",
}
"""Filters that leave the route alone, but not the rest of the decision."""
_OFTEN = frozenset((_ROUTER, _FAULT, names.CORS, names.HTTP_RBAC))
_MAY_END = frozenset(
    (
        _ROUTER,
        _PREFIX + "mcp_router.v3.McpRouter",
        _PREFIX + "dynamic_modules.v3.DynamicModuleFilter",
        _PREFIX + "file_server.v3.FileServerConfig",
    )
)
"""Filters that may be the last; the others go on to a next one, which Envoy asks for when it builds the chain."""
_REROUTES = "may answer or reroute a request"
_BEFORE_RBAC = frozenset((names.HTTP_RBAC, *_HARMLESS_UNSET, *_HARMLESS)) - {names.CORS}
_ROUTER_HANDLED = ("suppress_envoy_headers", "respect_expected_rq_timeout")
_ROUTER_INERT = ("dynamic_stats", "start_child_span", "upstream_log", "upstream_log_options")
_MEANT = {
    "envoy.filters.http.router": names.ROUTER,
    "envoy.router": names.ROUTER,
    "envoy.filters.http.fault": names.FAULT,
    "envoy.fault": names.FAULT,
    "envoy.filters.http.cors": names.CORS,
    "envoy.cors": names.CORS,
}


def check_http_filters(filters: Any, ctx: Context, path: str) -> tuple[tuple[str, str], ...]:
    """Name and type of the HTTP filters of a manager, in order; a filter that could change a decision is refused."""
    for number, each in enumerate(filters):
        here = f"{path}[{number}]"
        ctx.only(each, here, ("name", "typed_config", "is_optional", "disabled", "config_discovery"))
        optional = each.is_optional and not each.HasField("config_discovery")
        ctx.attempt(None, _check_optional if optional else _check, each, ctx, here, last=number == len(filters) - 1)
    return tuple((each.name, type_of(each)) for each in filters)


def type_of(each: Any) -> str:
    """The type of a filter; of an untyped one, what its name means."""
    return pool.type_name(type_url(each.typed_config)) or _MEANT.get(each.name, "")


def settled_filters(filters: Any) -> tuple[tuple[str, str], ...]:
    """Name and type of the filters whose settings of a route are part of its decision, in order."""
    named = ((each.name, type_of(each)) for each in filters)
    return tuple(one for one in named if one[1] in (names.FAULT, names.CORS))


def router_options(filters: Any, ctx: Context, path: str) -> RouterOptions:
    """The options of the router filter among `filters`, which were checked, and the filters that change requests."""
    passed = compile_passed(filters, ctx, path)
    if not filters or type_of(filters[-1]) != _ROUTER or not filters[-1].HasField("typed_config"):
        return replace(DEFAULT_ROUTER, filters=passed)
    message: Any = unpack(filters[-1].typed_config)
    return RouterOptions(message.suppress_envoy_headers, message.respect_expected_rq_timeout, filters=passed)


def compile_rbac_filters(filters: Any, ctx: Context, path: str) -> tuple[Filter, ...]:
    """The RBAC filters among those of a manager, in order."""
    found: list[Filter] = []
    types = [type_of(each) for each in filters]
    for number, each in enumerate(filters):
        if types[number] != names.HTTP_RBAC or each.HasField("config_discovery"):
            continue
        here = f"{path}[{number}]"
        before = next((kind for kind in types[:number] if kind not in _BEFORE_RBAC), None)
        if before is not None:
            error = ctx.unsupported(
                here,
                f"the HTTP filter {each.name} comes after {before}, which may answer a request or change it first",
                remedy="Put RBAC filters in front.",
                code="unsupported-filter",
            )
            ctx.gather(error)
        # Its matchers are another part of the package, which most tables do without.
        from fastroute.compile.http_rbac import Filter, compile_http_rbac

        _, message = open_extension(each, ctx, here, effect="the filter is left out", by_name=_MEANT)
        if message is not None:
            found.append(Filter(each.name, compile_http_rbac(message, ctx, f"{here}.typed_config"), each.disabled))
    return tuple(found)


def _check_optional(each: Any, ctx: Context, path: str, *, last: bool) -> None:
    """An optional filter of unknown type is left out by Envoy."""
    if pool.is_known(each.typed_config.type_url):
        _check(each, ctx, path, last=last)


def _check(each: Any, ctx: Context, path: str, *, last: bool) -> None:
    type_name, message = open_extension(each, ctx, path, effect="the filter is left out", by_name=_MEANT)
    if message is None:
        return
    if type_name not in _OFTEN and not is_of(type_name, "envoy.filters.http"):
        wrong = f"Didn't find a registered implementation for '{each.name}' with type URL: '{type_name}'"
        raise ctx.reject(path, wrong, remedy="Remove the filter: Envoy has no HTTP filter of that type.")
    if last and type_name not in _MAY_END:
        wrong = f"non-terminal filter named {each.name} of type {type_name} is the last filter in a http filter chain."
        ctx.gather(ctx.reject(path, wrong, remedy="Add the router behind it."))
    if type_name in _HARMLESS:
        ctx.look_through(message, f"{path}.typed_config")
        return
    if type_name in _HARMLESS_UNSET:
        ctx.only(message, f"{path}.typed_config", ())
        return
    if type_name == names.HTTP_RBAC or type_name in _PASSED:
        return
    if type_name == _ROUTER:
        if not last:
            raise ctx.reject(path, f"terminal filter named {each.name} must be the last filter in a http filter chain.")
        if each.disabled:
            raise ctx.reject(
                path, f"the last (terminal) filter ({each.name}) in the chain cannot be disabled by default"
            )
        ctx.only(message, f"{path}.typed_config", _ROUTER_HANDLED, _ROUTER_INERT)
        return
    if type_name == _FAULT and (each.disabled or not message.ByteSize()):
        return
    ctx.look_through(message, f"{path}.typed_config")
    error = ctx.unsupported(
        path,
        f"the HTTP filter {each.name} ({type_name}) {_CHANGES.get(type_name, _REROUTES)}, and is not supported",
        remedy="Decide requests with the filter's effects already applied, and leave the filter out.",
        code="unsupported-filter",
    )
    ctx.tolerate(error, "the filter is left out")

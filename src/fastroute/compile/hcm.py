"""HttpConnectionManager to the core's manager.

HC-31  Only one of strip_matching_host_port and strip_any_host_port.
HC-64  An upgrade type occurs once, whatever its case.
VH-35  Exactly one of `rds`, `route_config` and `scoped_routes` is set.
Runtime keys stand in for options that are not set: `http_connection_manager.normalize_path`,
`http_connection_manager.path_with_escaped_slashes_action` and Envoy's own limits of headers. The guard
`http_reject_path_with_fragment`, where it is off, has fragments cut off instead of refused (HC-06).
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from fastroute.action.router_options import DEFAULT_ROUTER, RouterOptions
from fastroute.compile.durations import optional_milliseconds
from fastroute.compile.header_processing import compile_processing
from fastroute.compile.http_filters import check_http_filters, compile_rbac_filters, router_options, settled_filters
from fastroute.compile.routes import compile_inline
from fastroute.compile.runtime import GUARD, override_of, runtime_integer, runtime_number, runtime_value
from fastroute.core.codec import Codec
from fastroute.core.hcm import HttpManager
from fastroute.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from fastroute.compile.context import Context
    from fastroute.compile.http_rbac import Access
    from fastroute.config.resources import Resource
    from fastroute.core.scopes import ScopedRoutes
    from fastroute.core.table import RouteTable

    Slashes = Literal["keep", "reject", "redirect", "forward"]

_HANDLED = (
    "rds",
    "route_config",
    "scoped_routes",
    "upgrade_configs",
    "http_filters",
    "common_http_protocol_options",
    "http_protocol_options",
    "max_request_headers_kb",
    "normalize_path",
    "merge_slashes",
    "path_with_escaped_slashes_action",
    "strip_matching_host_port",
    "strip_any_host_port",
    "strip_trailing_host_dot",
    "local_reply_config",
    "use_remote_address",
    "xff_num_trusted_hops",
    "original_ip_detection_extensions",
    "skip_xff_append",
    "internal_address_config",
    "scheme_header_transformation",
    "append_x_forwarded_port",
    "via",
    "forward_client_cert_details",
    "set_current_client_cert_details",
    "generate_request_id",
    "preserve_external_request_id",
    "early_header_mutation_extensions",
    "proxy_100_continue",
    "always_set_request_id_in_response",
)
_INERT = (
    "codec_type",
    "stat_prefix",
    "tracing",
    "add_proxy_protocol_connection_state",
    "http1_safe_max_connection_duration",
    "http2_protocol_options",
    "http3_protocol_options",
    "server_name",
    "server_header_transformation",
    "stream_idle_timeout",
    "stream_flush_timeout",
    "request_timeout",
    "request_headers_timeout",
    "drain_timeout",
    "drain_timeout_jitter",
    "delayed_close_timeout",
    "access_log",
    "access_log_flush_interval",
    "flush_access_log_on_new_request",
    "access_log_options",
    "stream_error_on_invalid_http_message",
    "append_local_overload",
    "record_route_resolution_stats",
)
_COMMON_INERT = (
    "idle_timeout",
    "max_connection_duration",
    "max_connection_duration_jitter",
    "max_response_headers_kb",
    "max_requests_per_connection",
)
_HTTP1_INERT = (
    "accept_http_10",
    "default_host_for_http_10",
    "header_key_format",
    "enable_trailers",
    "allow_chunked_length",
    "override_stream_error_on_invalid_http_message",
    "send_fully_qualified_url",
)
_HOP_BY_HOP = ("connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade")
_CHANGED = frozenset((*_HOP_BY_HOP, "host", "expect", "referer", "user-agent", "via", "x-request-id"))
_LIMITS = {"max_request_headers_size_kb": 60, "max_request_headers_count": 100}
_KEEP = 1
_HTTP3 = 3
_UNDERSCORES: tuple[Literal["allow", "reject", "drop"], ...] = ("allow", "reject", "drop")
_SLASHES: dict[int, Slashes] = {1: "keep", 2: "reject", 3: "redirect", 4: "forward"}
_RUNTIME = "http_connection_manager."


def compile_hcm(
    message: Any,
    ctx: Context,
    path: str,
    clusters: Container[str] | None = None,
    *,
    scopes: Iterable[Resource] = (),
) -> HttpManager:
    """The manager of the HttpConnectionManager at `path`.

    `clusters` are those that exist, if known; `scopes` the ScopedRouteConfigurations that came by SRDS.
    """
    ctx.only(message, path, _HANDLED, _INERT)
    ctx.attempt(None, _check_filters, message, ctx, f"{path}.http_filters")
    filters = check_http_filters(message.http_filters, ctx, f"{path}.http_filters")
    ctx.attempt(None, _check_local_replies, message, ctx, path)
    if message.strip_matching_host_port and message.strip_any_host_port:
        wrong = "Only one of `strip_matching_host_port` or `strip_any_host_port` can be set."
        ctx.gather(ctx.reject(path, wrong))
    if message.codec_type == _HTTP3:
        ctx.gather(ctx.reject(f"{path}.codec_type", "HTTP/3 codec configured on non-QUIC listener."))
    _check_protocol_options(message, ctx, path)
    nowhere = None, None
    table, scoped = ctx.attempt(nowhere, _routes, message, ctx, path, clusters, scopes)
    return HttpManager(
        route_table=table,
        route_config_name=message.rds.route_config_name if message.HasField("rds") else None,
        scopes=scoped,
        http_filters=filters,
        router=ctx.attempt(None, _router, message, ctx, path),
        access=ctx.attempt(None, _access, message, ctx, path),
        upgrades=_upgrades(message, ctx, path),
        processing=compile_processing(message, ctx, path),
        codec=_codec(message, ctx, path),
        escaped_slashes=_escaped_slashes(message, ctx, path),
        normalize_path=_normalize_path(message, ctx, path),
        merge_slashes=message.merge_slashes,
        drop_fragment=_drops_fragment(ctx),
        strip_trailing_dot=message.strip_trailing_host_dot,
        strip_port="any" if message.strip_any_host_port else "matching" if message.strip_matching_host_port else "no",
    )


def _router(message: Any, ctx: Context, path: str) -> RouterOptions | None:
    """The router's options; an upgrade with filters of its own must have the same, and the same faults and CORS."""
    settled = settled_filters(message.http_filters)
    options = router_options(message.http_filters, ctx, f"{path}.http_filters")
    for number, each in enumerate(message.upgrade_configs):
        if each.filters and settled_filters(each.filters) != settled:
            raise ctx.unsupported(
                f"{path}.upgrade_configs[{number}].filters",
                "an upgrade with other fault or CORS filters than those of the connection manager is not supported",
            )
        here = f"{path}.upgrade_configs[{number}].filters"
        if each.filters and router_options(each.filters, ctx, here) != options:
            raise ctx.unsupported(
                here,
                "an upgrade with another router, or other filters that change requests, is not supported",
            )
    here = f"{path}.common_http_protocol_options"
    limit = optional_milliseconds(message.common_http_protocol_options, "max_stream_duration", ctx, here) or 0
    always = message.always_set_request_id_in_response
    options = replace(options, max_stream_duration=limit, request_id_in_response=always)
    return None if options == DEFAULT_ROUTER else options


def _access(message: Any, ctx: Context, path: str) -> Access | None:
    """NF-14: an upgrade with filters of its own passes by those of the manager, which is not supported with RBAC."""
    found = compile_rbac_filters(message.http_filters, ctx, f"{path}.http_filters")
    for number, each in enumerate(message.upgrade_configs):
        here = f"{path}.upgrade_configs[{number}].filters"
        if each.filters and (found or compile_rbac_filters(each.filters, ctx, here)):
            raise ctx.unsupported(here, "filters of an upgrade are not supported together with RBAC filters")
    if not found:
        return None
    from fastroute.compile.http_rbac import access_of

    return access_of(found)


def _routes(
    message: Any, ctx: Context, path: str, clusters: Container[str] | None, scopes: Iterable[Resource]
) -> tuple[RouteTable | None, ScopedRoutes | None]:
    def inline(configuration: Any, where: str) -> RouteTable:
        return compile_inline(configuration, ctx, where, clusters)

    match message.WhichOneof("route_specifier"):
        case "route_config":
            return inline(message.route_config, f"{path}.route_config"), None
        case "rds":
            return None, None
        case "scoped_routes":
            _check_scope_headers(message, ctx, path)
            from fastroute.compile.scoped_routes import compile_scoped_routes

            return None, compile_scoped_routes(message.scoped_routes, ctx, f"{path}.scoped_routes", inline, scopes)
        case _:
            raise ctx.reject(path, "route_specifier is required")


def _check_scope_headers(message: Any, ctx: Context, path: str) -> None:
    """VH-34: the scope is found again after the headers were processed; here it is found once, on the raw ones.

    So a header that the manager itself may change cannot be part of the key.
    """
    if message.early_header_mutation_extensions:
        wrong = "early mutations may change the header that the scope is found by (VH-34), which is not supported"
        ctx.gather(ctx.unsupported(f"{path}.early_header_mutation_extensions", wrong))
    for number, fragment in enumerate(message.scoped_routes.scope_key_builder.fragments):
        name = fragment.header_value_extractor.name.lower()
        if name in _CHANGED or name.startswith((":", "x-envoy-", "x-forwarded-")):
            here = f"{path}.scoped_routes.scope_key_builder.fragments[{number}].header_value_extractor.name"
            wrong = f"the connection manager may change {name} before the scope is found again (VH-34): not supported"
            ctx.gather(ctx.unsupported(here, wrong))


def _check_filters(message: Any, ctx: Context, path: str) -> None:
    """HC-70: Envoy takes a manager without filters, and leaves its requests without an answer."""
    if not message.http_filters:
        error = ctx.unsupported(
            path,
            "without HTTP filters no request is ever answered",
            remedy="Add the router filter.",
            code="unsupported-filter",
        )
        ctx.tolerate(error, "requests are routed as if there were a router")


def _check_local_replies(message: Any, ctx: Context, path: str) -> None:
    if message.HasField("local_reply_config"):
        error = ctx.unsupported(
            f"{path}.local_reply_config",
            "local_reply_config may change status, headers and body of Envoy's own answers, and is not supported",
            remedy="Remove the field, or decide this resource with Envoy itself.",
            code="unsupported-field",
        )
        ctx.tolerate(error, "Envoy's own answers are what they are without it")


def _check_protocol_options(message: Any, ctx: Context, path: str) -> None:
    handled = ("max_headers_count", "headers_with_underscores_action", "max_stream_duration")
    ctx.only(message.common_http_protocol_options, f"{path}.common_http_protocol_options", handled, _COMMON_INERT)
    if message.common_http_protocol_options.HasField("max_response_headers_kb"):
        field = f"{path}.common_http_protocol_options.max_response_headers_kb"
        ctx.gather(ctx.reject(field, "max_response_headers_kb cannot be set on http_connection_manager."))
    http1 = ("allow_absolute_url", "allow_custom_methods")
    ctx.only(message.http_protocol_options, f"{path}.http_protocol_options", http1, _HTTP1_INERT)


def _underscores(common: Any, ctx: Context, path: str) -> Literal["allow", "reject", "drop"]:
    action: int = common.headers_with_underscores_action
    if action < len(_UNDERSCORES):
        return _UNDERSCORES[action]
    wrong = f"Envoy takes the unknown value {action}; what it does about it is not known"
    ctx.tolerate(ctx.unsupported(f"{path}.headers_with_underscores_action", wrong), "the headers are allowed")
    return "allow"


def _codec(message: Any, ctx: Context, path: str) -> Codec:
    common, http1 = message.common_http_protocol_options, message.http_protocol_options
    kilobytes, headers = (_own_limit(ctx, key, usual) for key, usual in _LIMITS.items())
    if message.HasField("max_request_headers_kb"):
        kilobytes = message.max_request_headers_kb.value
    if common.HasField("max_headers_count"):
        headers = common.max_headers_count.value
    return Codec(
        max_headers=headers,
        max_header_bytes=1024 * kilobytes,
        underscores=_underscores(common, ctx, f"{path}.common_http_protocol_options"),
        custom_methods=http1.allow_custom_methods,
        absolute_urls=http1.allow_absolute_url.value or not http1.HasField("allow_absolute_url"),
    )


def _own_limit(ctx: Context, key: str, usual: int) -> int:
    found = runtime_integer(ctx.runtime, GUARD + key)
    return usual if found is None else found


def _drops_fragment(ctx: Context) -> bool:
    """Whether fragments are cut off: by a guard that is off: false, or the number 0."""
    key = GUARD + "http_reject_path_with_fragment"
    return runtime_value(ctx.runtime, key) is False or runtime_number(ctx.runtime, key) == 0


def _escaped_slashes(message: Any, ctx: Context, path: str) -> Slashes:
    action = message.path_with_escaped_slashes_action
    if action and action not in _SLASHES:
        wrong = f"Envoy takes the unknown value {action}; what it does about it is not known"
        ctx.tolerate(ctx.unsupported(f"{path}.path_with_escaped_slashes_action", wrong), "escaped slashes are kept")
        return "keep"
    if action == 0:
        number = runtime_number(ctx.runtime, _RUNTIME + "path_with_escaped_slashes_action")
        action = int(number) if number in _SLASHES else _KEEP
    return _SLASHES[action]


def _normalize_path(message: Any, ctx: Context, path: str) -> bool:
    if message.HasField("normalize_path"):
        return bool(message.normalize_path.value)
    share = override_of(ctx.runtime, _RUNTIME + "normalize_path")
    if share is None or share.numerator == 0:
        return False
    if share.numerator < share.denominator:
        wrong = "normalising the paths of a share of requests is not supported"
        ctx.tolerate(ctx.unsupported(f"{path}.normalize_path", wrong), "every path is normalised")
    return True


def _upgrades(message: Any, ctx: Context, path: str) -> dict[bytes, bool]:
    found: dict[bytes, bool] = {}
    for number, each in enumerate(message.upgrade_configs):
        here = f"{path}.upgrade_configs[{number}]"
        ctx.only(each, here, ("upgrade_type", "enabled", "filters"))
        check_http_filters(each.filters, ctx, f"{here}.filters")
        name = each.upgrade_type.encode("utf-8").lower()
        if name in found:
            ctx.gather(ctx.reject(here, "multiple upgrade configs with the same name"))
        found[name] = each.enabled.value if each.HasField("enabled") else True
    return found

"""HttpConnectionManager to the core's manager.

HC-64  An upgrade type occurs once, whatever its case.
VH-35  Exactly one of `rds`, `route_config` and `scoped_routes` is set.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from fastroute.compile.context import Context
from fastroute.compile.http_filters import check_http_filters
from fastroute.compile.routes import compile_inline
from fastroute.core.hcm import HttpManager

_HANDLED = ("rds", "route_config", "upgrade_configs", "http_filters", "codec_type", "generate_request_id")
_INERT = (
    "stat_prefix",
    "access_log",
    "access_log_flush_interval",
    "flush_access_log_on_new_request",
    "access_log_options",
    "tracing",
    "server_name",
    "server_header_transformation",
    "drain_timeout",
    "delayed_close_timeout",
    "stream_idle_timeout",
    "request_timeout",
    "request_headers_timeout",
    "proxy_100_continue",
)


def compile_hcm(message: Any, ctx: Context, path: str, clusters: Container[str] | None = None) -> HttpManager:
    """The manager of the HttpConnectionManager at `path`; `clusters` are those that exist, if known."""
    ctx.only(message, path, _HANDLED, _INERT)
    check_http_filters(message.http_filters, ctx, f"{path}.http_filters")
    upgrades = _upgrades(message, ctx, path)
    match message.WhichOneof("route_specifier"):
        case "route_config":
            table = compile_inline(message.route_config, ctx, f"{path}.route_config", clusters)
            return HttpManager(upgrades=upgrades, route_table=table)
        case "rds":
            return HttpManager(upgrades=upgrades, route_config_name=message.rds.route_config_name)
        case _:
            raise ctx.reject(path, "route_specifier is required")


def _upgrades(message: Any, ctx: Context, path: str) -> dict[bytes, bool]:
    found: dict[bytes, bool] = {}
    for number, each in enumerate(message.upgrade_configs):
        here = f"{path}.upgrade_configs[{number}]"
        ctx.only(each, here, ("upgrade_type", "enabled"))
        name = each.upgrade_type.encode("utf-8").lower()
        if name in found:
            raise ctx.reject(here, "multiple upgrade configs with the same name")
        found[name] = each.enabled.value if each.HasField("enabled") else True
    return found

"""CorsPolicy messages, of the CORS filter and of routes, to `fastroute.action.cors`."""

from __future__ import annotations

from fastroute.action.cors import CorsSetting
from fastroute.action.fractions import ALWAYS
from fastroute.compile.action_matchers import compile_string
from fastroute.compile.context import Context
from fastroute.compile.runtime import runtime_fraction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def compile_cors(message: Any, ctx: Context, path: str) -> CorsSetting:
    """The setting of a CorsPolicy at `path`."""
    enabled = ALWAYS
    if message.HasField("filter_enabled"):
        enabled = runtime_fraction(message.filter_enabled, ctx.runtime)
    return CorsSetting(
        tuple(ctx.each(message.allow_origin_string_match, f"{path}.allow_origin_string_match", compile_string)),
        message.allow_methods,
        message.allow_headers,
        message.expose_headers,
        message.max_age,
        _flag(message, "allow_credentials"),
        _flag(message, "allow_private_network_access"),
        _flag(message, "forward_not_matching_preflights"),
        enabled,
    )


def _flag(message: Any, name: str) -> bool | None:
    return bool(getattr(message, name).value) if message.HasField(name) else None

"""Compressor and decompressor filters to `fastroute.action.codings`, and what routes set of them.

A runtime key decides at loading; its value is true or false, or it is not supported.
"""

from __future__ import annotations

from fastroute.action.codings import DEFAULT_LENGTH, DEFAULT_TYPES, Compressor, Decompressor, Direction, RouteSetting
from fastroute.api import pool
from fastroute.api.anys import type_url
from fastroute.compile.runtime import runtime_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context
    from fastroute.compile.passed_filters import Installed

_CODINGS = {"gzip": b"gzip", "brotli": b"br", "zstd": b"zstd"}
_LIBRARIES = {
    f"envoy.extensions.compression.{name}.{kind}.v3.{name.capitalize()}": coding
    for name, coding in _CODINGS.items()
    for kind in ("compressor", "decompressor")
}
_BY_TEXT = {"true": True, "false": False}


def compile_compressor(message: Any, where: Installed, ctx: Context) -> Compressor:
    """The compressor `message`. Fields of old, beside those of the two directions, are not supported."""
    path = where.path
    ctx.only(message, path, ("compressor_library", "request_direction_config", "response_direction_config"))
    answers, here = message.response_direction_config, f"{path}.response_direction_config"
    handled = ("common_config", "disable_on_etag_header", "weaken_etag_on_compress", "remove_accept_encoding_header")
    ctx.only(answers, here, (*handled, "uncompressible_response_codes"))
    requests = None
    if message.HasField("request_direction_config"):
        config = message.request_direction_config.common_config
        requests = _direction(config, ctx, f"{path}.request_direction_config.common_config")
    return Compressor(
        where.name,
        where.place,
        where.disabled,
        coding=_coding(message.compressor_library, ctx, f"{path}.compressor_library"),
        requests=requests,
        responses=_direction(answers.common_config, ctx, f"{here}.common_config"),
        remove_accept=answers.remove_accept_encoding_header,
        disable_on_etag=answers.disable_on_etag_header,
        weaken_etag=answers.weaken_etag_on_compress,
        uncompressible=tuple(answers.uncompressible_response_codes),
    )


def compile_compressor_per_route(message: Any, ctx: Context, path: str) -> RouteSetting:
    """What a route sets of a compressor."""
    ctx.only(message.overrides, f"{path}.overrides", ("response_direction_config",))
    answers = message.overrides.response_direction_config
    return RouteSetting(
        disabled=message.disabled,
        responses=message.overrides.HasField("response_direction_config"),
        remove_accept=answers.remove_accept_encoding_header.value
        if answers.HasField("remove_accept_encoding_header")
        else None,
    )


def compile_decompressor(message: Any, where: Installed, ctx: Context) -> Decompressor:
    """The decompressor `message`."""
    path, asked = where.path, message.request_direction_config
    return Decompressor(
        where.name,
        where.place,
        where.disabled,
        coding=_coding(message.decompressor_library, ctx, f"{path}.decompressor_library"),
        advertise=asked.advertise_accept_encoding.value or not asked.HasField("advertise_accept_encoding"),
        requests=_decodes(asked.common_config, ctx, f"{path}.request_direction_config.common_config"),
        responses=_decodes(
            message.response_direction_config.common_config, ctx, f"{path}.response_direction_config.common_config"
        ),
    )


def _coding(library: Any, ctx: Context, path: str) -> bytes:
    name = pool.type_name(type_url(library.typed_config))
    coding = _LIBRARIES.get(name)
    if coding is None:
        raise ctx.unsupported(f"{path}.typed_config", f"the library {name or 'without a type'} is not supported")
    return coding


def _direction(config: Any, ctx: Context, path: str) -> Direction:
    ctx.only(config, path, ("enabled", "min_content_length", "content_type"))
    return Direction(
        enabled=_enabled(config, ctx, path),
        least=config.min_content_length.value or DEFAULT_LENGTH,  # 0 is no length
        types=frozenset(each.lower().encode("utf-8") for each in config.content_type) or DEFAULT_TYPES,
    )


def _decodes(config: Any, ctx: Context, path: str) -> bool | None:
    return not config.ignore_no_transform_header if _enabled(config, ctx, path) else None


def _enabled(config: Any, ctx: Context, path: str) -> bool:
    if not config.HasField("enabled"):
        return True
    default: bool = config.enabled.default_value.value
    value = runtime_value(ctx.runtime, config.enabled.runtime_key)
    if value is None:
        return default
    found = _BY_TEXT.get(value) if isinstance(value, str) else value
    if not isinstance(found, bool):
        wrong = f"the runtime key {config.enabled.runtime_key} is neither true nor false, which is not supported"
        raise ctx.unsupported(f"{path}.enabled.runtime_key", wrong)
    return found

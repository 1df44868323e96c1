"""Durations as Envoy takes them: whole milliseconds, never negative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastroute.compile.context import Context

_LIMIT_S = 9_223_372_036


def milliseconds(duration: Any, ctx: Context, path: str) -> int:
    """The duration in milliseconds, cut towards zero; a negative or oversized one is refused by Envoy."""
    if duration.seconds < 0 or duration.nanos < 0 or duration.nanos > 999_999_999:
        raise ctx.reject(path, "Invalid duration: Expected positive duration")
    if duration.seconds > _LIMIT_S:
        raise ctx.reject(path, "Invalid duration: Duration out-of-range")
    return int(duration.seconds) * 1000 + int(duration.nanos) // 1_000_000


def optional_milliseconds(message: Any, name: str, ctx: Context, path: str) -> int | None:
    """The duration field `name` of `message` in milliseconds, None when it is not set."""
    if not message.HasField(name):
        return None
    return ctx.attempt(None, milliseconds, getattr(message, name), ctx, f"{path}.{name}")

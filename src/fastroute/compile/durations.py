"""Durations as Envoy takes them: whole milliseconds, never negative."""

from __future__ import annotations

from fastroute.api import durations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context


def milliseconds(duration: Any, ctx: Context, path: str) -> int:
    """The duration in milliseconds, cut towards zero; a negative or oversized one is refused by Envoy."""
    wrong = durations.fault(duration)
    if wrong:
        raise ctx.reject(path, f"Invalid duration: {wrong[0]}", remedy=wrong[1])
    return int(duration.seconds) * 1000 + int(duration.nanos) // 1_000_000


def optional_milliseconds(message: Any, name: str, ctx: Context, path: str) -> int | None:
    """The duration field `name` of `message` in milliseconds, None when it is not set."""
    if not message.HasField(name):
        return None
    return ctx.attempt(None, milliseconds, getattr(message, name), ctx, f"{path}.{name}")

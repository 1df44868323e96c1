"""The timeout fields of a RouteAction."""

from __future__ import annotations

from fastroute.action.timeouts import DEFAULT_TIMEOUT_MS, DEFAULT_TIMEOUTS, StreamDuration, Timeouts
from fastroute.compile.durations import optional_milliseconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

_FIELDS = frozenset(
    ("timeout", "idle_timeout", "flush_timeout", "max_stream_duration", "max_grpc_timeout", "grpc_timeout_offset")
)


def compile_timeouts(message: Any, ctx: Context, path: str) -> Timeouts:
    """The timeouts of `message`, a RouteAction at `path`."""
    if not any(descriptor.name in _FIELDS for descriptor, _ in message.ListFields()):
        return DEFAULT_TIMEOUTS
    timeout = optional_milliseconds(message, "timeout", ctx, path)
    stream = None
    if message.HasField("max_stream_duration"):
        stream = _stream_duration(message.max_stream_duration, ctx, f"{path}.max_stream_duration")
    return Timeouts(
        DEFAULT_TIMEOUT_MS if timeout is None else timeout,
        optional_milliseconds(message, "idle_timeout", ctx, path),
        optional_milliseconds(message, "flush_timeout", ctx, path),
        stream,
        optional_milliseconds(message, "max_grpc_timeout", ctx, path),
        optional_milliseconds(message, "grpc_timeout_offset", ctx, path),
    )


def _stream_duration(message: Any, ctx: Context, path: str) -> StreamDuration:
    return StreamDuration(
        optional_milliseconds(message, "max_stream_duration", ctx, path),
        optional_milliseconds(message, "grpc_timeout_header_max", ctx, path),
        optional_milliseconds(message, "grpc_timeout_header_offset", ctx, path),
    )

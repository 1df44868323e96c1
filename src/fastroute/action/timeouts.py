"""Timeouts of a forwarded request, and the headers that announce them to the upstream.

RA-60  `timeout` defaults to 15 s; 0 is infinite.
RA-61  With `max_stream_duration` present the timeout is not used at all.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_TIMEOUT_MS = 15_000


@dataclass(frozen=True, slots=True)
class StreamDuration:
    """RouteAction.MaxStreamDuration, in milliseconds; None where a field is absent."""

    maximum: int | None = None
    grpc_header_max: int | None = None
    grpc_header_offset: int | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The timeouts of one route in milliseconds; None where Envoy's default or the manager's holds."""

    timeout: int = DEFAULT_TIMEOUT_MS
    idle: int | None = None
    flush: int | None = None
    stream: StreamDuration | None = None
    max_grpc: int | None = None
    grpc_offset: int | None = None


DEFAULT_TIMEOUTS = Timeouts()

"""What a client may take of the server, and how fast.

A client that asks faster than it may is read from more slowly; gRPC then holds it back. One that does not take what
it is sent, does not say who it is, or opens too many streams, is cut off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """All of them; times in seconds."""

    message_bytes: int = 4 << 20
    """Of one request."""
    streams: int = 10_000
    """Calls open at one time."""
    streams_of_connection: int = 100
    new_streams: float = 100.0
    """New streams a second; more wait for `new_stream_wait`, and are refused then."""
    new_stream_wait: float = 1.0
    requests: float = 100.0
    """Requests a second of one stream, once `burst` are used up."""
    burst: int = 1000
    first_request: float = 10.0
    """Until a stream says who it is."""
    send: float = 5.0
    """Until a response is taken."""
    push_throttle: int = 100
    """Proxies that are pushed to at one time."""


LIMITS: Final = Limits()
"""Those that hold when nothing else is said."""


class Bucket:
    """Allows `rate` things a second on average, and `burst` at once. Time is passed in."""

    __slots__ = ("_each", "_full_at", "_room")

    def __init__(self, rate: float, burst: int) -> None:
        self._each, self._room, self._full_at = 1 / rate, burst / rate, 0.0

    def take(self, now: float, most: float = math.inf) -> float:
        """Take one; how long to wait before it may be used (0.0 mostly). None is taken if that is more than `most`."""
        full_at = self._full_at
        full_at = (full_at if full_at > now else now) + self._each
        wait = full_at - now - self._room
        if wait <= 0.0:
            self._full_at = full_at
            return 0.0
        if wait <= most:
            self._full_at = full_at
        return wait

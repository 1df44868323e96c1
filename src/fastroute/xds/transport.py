"""What a feed is followed by: an attempt to connect gives a connection, which gives messages until it ends."""

from __future__ import annotations

from typing import Any, Protocol

from fastroute.errors import FastrouteError


class FeedError(FastrouteError):
    """A feed's connection could not be had, or ended; the text says why. It is tried again."""


class UnreadableError(FeedError):
    """An answer came which is none. For a file and for REST this is an answer all the same (XD-23)."""


class Connection(Protocol):
    """One connection."""

    async def send(self, request: Any) -> None:
        """Send a request; FeedError when the connection is gone."""
        ...

    async def receive(self) -> Any:
        """The next response; FeedError at the end, UnreadableError for an answer that is none."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class Transport(Protocol):
    """How one feed is connected to."""

    async def connect(self, attempt: int) -> Connection:
        """Connect; FeedError or ConfigError say why not. `attempt` counts the failures before."""
        ...

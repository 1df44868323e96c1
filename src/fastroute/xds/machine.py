"""The client without I/O: events in, requests out. Time is a parameter of every event.

    machine = Machine(start, tables)
    machine.begin(now)
    for feed in machine.feeds: …           # connect each
    machine.opened(feed, now)
    for request in machine.requests(feed): …   # send
    machine.received(feed, message, now)   # then look at all feeds again: what came may need more
    machine.closed(feed)
    machine.advance(now)                   # at machine.next_time()

Nothing that a server sends raises: it is put in force or refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastroute.xds import events
from fastroute.xds.delta import Delta
from fastroute.xds.feeds import Feed
from fastroute.xds.phases import begin
from fastroute.xds.sotw import Sotw
from fastroute.xds.start import Start
from fastroute.xds.stream import Stream
from fastroute.xds.tables import Tables
from fastroute.xds.world import World


class Machine:
    """One client."""

    def __init__(self, start: Start, tables: Tables, *, admit: Callable[[Feed], None] | None = None) -> None:
        """`admit` raises ConfigError for a feed that cannot be followed; what names it is then refused."""
        self._start = start
        self.world = World(start, tables, self._make, admit or _anything)

    @property
    def feeds(self) -> list[Feed]:
        """Where something is asked for now."""
        return list(self.world.book.streams)

    @property
    def ready(self) -> bool:
        """Whether everything was answered once, or waited for long enough; it stays true."""
        return self.world.ready

    def begin(self, now: float) -> None:
        """Ask for the first things; ConfigError when a static resource cannot be followed."""
        begin(self.world, now)

    def opened(self, feed: Feed) -> None:
        """A feed is connected, anew."""
        if feed in self.world.book.streams:
            self.world.book.streams[feed].opened()

    def closed(self, feed: Feed) -> None:
        """A feed's connection is gone; all that came by it stays in force."""
        if feed in self.world.book.streams:
            self.world.book.streams[feed].closed()

    def requests(self, feed: Feed) -> list[Any]:
        """What has to be sent to a feed now."""
        stream = self.world.book.streams.get(feed)
        return [] if stream is None else stream.requests()

    def received(self, feed: Feed, message: Any, now: float) -> str:
        """A response came; why it is refused, or nothing."""
        stream = self.world.book.streams.get(feed)
        response = stream.receive(message) if stream is not None else None
        if stream is None or response is None:
            return ""
        error = events.take(self.world, feed, response, now)
        if error:
            stream.refuse(response, error)
        else:
            stream.accept(response)
        self._prune()
        return error

    def broken(self, feed: Feed, error: str, now: float) -> None:
        """A file or a poll gave something that is no response."""
        if feed in self.world.book.streams:
            events.broken(self.world, feed, error, now)
            self._prune()

    def advance(self, now: float) -> None:
        """Time has passed."""
        events.advance(self.world, now)
        self._prune()

    def next_time(self) -> float | None:
        """When `advance` has something to do; None: never."""
        return events.next_time(self.world)

    def _prune(self) -> None:
        for feed in self.world.book.unused():
            self.world.book.drop(feed)

    def _make(self, feed: Feed) -> Stream:
        made = Delta if feed.delta else Sotw
        once = feed.transport == "grpc" and bool(feed.config.set_node_on_first_message_only)
        return made(self._start.node, node_once=once)


def _anything(_: Feed) -> None:
    """Every feed is admitted: whoever connects will see."""

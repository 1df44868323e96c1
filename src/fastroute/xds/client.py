"""The client with I/O: a task for each feed, one at a time in the machine.

Rules:
- What goes wrong on a feed ends its connection, is noted in its state, and is tried again after a back-off (XD-22).
  Whatever came before stays in force.
- The next response is read when the requests that the last one led to were taken, so that neither side's
  messages pile up. After several refused responses in a row the feed is read more slowly: a server that sends
  garbage as fast as it can gets no more than a response a second.
- The machine's work is done in a worker thread when the event loop belongs to somebody else.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from fastroute.errors import ConfigError, FastrouteError
from fastroute.snapshot import Snapshot
from fastroute.xds.backoff import Backoff, backoff_of
from fastroute.xds.feeds import Feed
from fastroute.xds.files import FileTransport
from fastroute.xds.machine import Machine
from fastroute.xds.rest_transport import RestTransport
from fastroute.xds.start import Start
from fastroute.xds.status import FeedState, Status, feed_state, resources_of
from fastroute.xds.tables import SnapshotTables
from fastroute.xds.transport import Connection, FeedError, Transport, UnreadableError

MOST_BYTES: Final = 256 << 20
"""The longest message that is taken, unless the bootstrap says otherwise."""
_PATIENCE: Final = 5
"""Refused responses in a row before the feed is read more slowly."""
_log = logging.getLogger("fastroute.xds")
_T = TypeVar("_T")

Lookup = Callable[[str, str], Any]


class _Feed:
    """A feed with its task."""

    def __init__(self, feed: Feed, transport: Transport, backoff: Backoff) -> None:
        self.feed, self.transport, self.backoff = feed, transport, backoff
        self.state: FeedState = feed_state(feed)
        self.wake, self.idle = asyncio.Event(), asyncio.Event()
        self.refused_in_a_row = 0
        self.task: asyncio.Task[None] | None = None

    def stir(self) -> None:
        """There may be something to send."""
        self.idle.clear()
        self.wake.set()


class Client:
    """Follows what a bootstrap names. `run` ends when it is cancelled.

    ConfigError when the bootstrap names a feed that cannot be followed.
    """

    def __init__(
        self,
        start: Start,
        *,
        strict: bool,
        random: Callable[[], float],
        publish: Callable[[Snapshot], None],
        became_ready: Callable[[], None],
        lookup: Lookup | None = None,
        most_bytes: int = MOST_BYTES,
        offload: bool = False,
    ) -> None:
        self._start, self._random, self._most = start, random, most_bytes
        self._publish, self._became_ready, self._lookup = publish, became_ready, lookup
        self._offload = offload
        self._transports: dict[Feed, Transport] = {}
        self.tables = SnapshotTables(start.resources, strict=strict)
        self.machine = Machine(start, self.tables, admit=self._admit)
        self._published = self.tables.snapshot
        self._feeds: dict[Feed, _Feed] = {}
        self._told_ready = False
        self._wall = time.time() - time.monotonic()
        self.error = ""
        if lookup is not None:
            self._published.resolve(lookup)
        self.machine.begin(time.monotonic())

    async def run(self) -> None:
        """Follow until cancelled."""
        self._lock, self._timer_news = asyncio.Lock(), asyncio.Event()
        try:
            await self._do(self.machine.advance, time.monotonic())
            await self._keep_time()
        except Exception as error:
            self.error = str(error) or type(error).__name__
            raise
        finally:
            await self._end()

    async def _end(self) -> None:
        tasks = {each.task for each in self._feeds.values() if each.task is not None}
        self._feeds.clear()  # Whoever looks again sees that nobody needs him.
        while tasks:
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=0.5)

    async def status(self) -> Status:
        """What there is to know now."""
        async with self._lock:
            return self.status_now()

    def status_now(self) -> Status:
        """The same, when nobody is at work."""
        feeds = tuple(replace(each.state) for each in self._feeds.values())
        resources = tuple(resources_of(self.machine.world, self._wall))
        return Status(self.machine.ready, self.tables.snapshot.version, feeds, resources, self.error)

    # The machine

    async def _do(self, work: Callable[..., _T], *arguments: Any) -> _T:
        """One event for the machine, and what follows from it."""
        async with self._lock:
            result = await self._work(work, *arguments)
            await self._work(self._put_in_force)
            self._reconcile()
        self._timer_news.set()
        for each in self._feeds.values():
            each.stir()
        return result

    async def _work(self, work: Callable[..., _T], *arguments: Any) -> _T:
        if not self._offload:
            return work(*arguments)
        task = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task})  # The machine is not left in the middle of something.
            raise

    def _put_in_force(self) -> None:
        snapshot = self.tables.snapshot
        if snapshot is not self._published:
            self._published = snapshot
            if self._lookup is not None:
                snapshot.resolve(self._lookup)
            self._publish(snapshot)
        if self.machine.ready and not self._told_ready:
            self._told_ready = True
            self._became_ready()

    def _reconcile(self) -> None:
        """A task for each feed that is needed, and none for others."""
        wanted = dict.fromkeys(self.machine.feeds)
        for feed in wanted:
            if feed not in self._feeds:
                self._feeds[feed] = made = _Feed(feed, self._transports[feed], self._backoff(feed))
                made.task = asyncio.create_task(self._follow(made), name=str(feed))
        for feed in [feed for feed in self._feeds if feed not in wanted]:
            gone = self._feeds.pop(feed)
            self._transports.pop(feed, None)
            if gone.task is not None and gone.task is not asyncio.current_task():
                gone.task.cancel()

    def _admit(self, feed: Feed) -> None:
        if feed not in self._transports:
            self._transports[feed] = self._transport(feed)

    def _transport(self, feed: Feed) -> Transport:
        resources = self._start.resources
        if feed.transport == "path":
            return FileTransport(feed, most_bytes=self._most)
        if feed.transport == "rest":
            return RestTransport(feed, resources, most_bytes=self._most, random=self._random)
        try:
            from fastroute.xds.grpc_transport import GrpcTransport
        except ImportError:
            raise ConfigError(
                "a control plane over gRPC needs the extra `xds`", remedy="pip install 'fastroute[xds]'"
            ) from None
        return GrpcTransport(feed, resources, most_bytes=self._most)

    def _backoff(self, feed: Feed) -> Backoff:
        if feed.transport != "grpc":
            return Backoff(self._random)
        service = feed.config.grpc_services[0]
        own = service.envoy_grpc.retry_policy
        return backoff_of(own if own.HasField("retry_back_off") else service.retry_policy, self._random)

    async def _keep_time(self) -> None:
        while True:
            self._timer_news.clear()
            when = self.machine.next_time()
            try:
                async with asyncio.timeout(None if when is None else max(0.0, when - time.monotonic())):
                    await self._timer_news.wait()
            except TimeoutError:
                await self._do(self.machine.advance, time.monotonic())

    # One feed

    async def _follow(self, each: _Feed) -> None:
        while self._feeds.get(each.feed) is each:
            try:
                connection = await each.transport.connect(each.backoff.failures)
                each.state.address = str(getattr(each.transport, "address", ""))
                try:
                    await self._converse(each, connection)
                finally:
                    await connection.close()
                    self.machine.closed(each.feed)
            except (FastrouteError, OSError) as error:
                self._lost(each, str(error))
            except Exception as error:  # noqa: BLE001 - a fault of ours must not end the following: the feed begins anew
                _log.exception("%s: an unexpected error", each.feed)
                self._lost(each, f"unexpected: {type(error).__name__}: {error}")
            await asyncio.sleep(each.backoff.wait())

    def _lost(self, each: _Feed, reason: str) -> None:
        state = each.state
        if state.connected or not state.since:
            state.since = time.time()
        if state.error != reason:
            _log.warning("%s: %s", each.feed, reason)
        state.connected, state.error, state.failures = False, reason, each.backoff.failures + 1

    async def _converse(self, each: _Feed, connection: Connection) -> None:
        async with self._lock:
            self.machine.opened(each.feed)
        each.state.connected, each.state.since = True, time.time()
        each.stir()
        sender = asyncio.create_task(self._send(each, connection))
        try:
            while self._feeds.get(each.feed) is each:
                await _either(each.idle.wait(), sender)
                await self._receive(each, connection, sender)
                await self._calm(each)
        finally:
            await _stop(sender)

    async def _receive(self, each: _Feed, connection: Connection, sender: asyncio.Task[None]) -> None:
        try:
            message = await _either(connection.receive(), sender)
        except UnreadableError as error:
            each.state.responses += 1
            each.state.error = str(error)
            each.refused_in_a_row += 1
            await self._do(self.machine.broken, each.feed, str(error), time.monotonic())
            return
        each.state.responses += 1
        error_text = await self._do(self.machine.received, each.feed, message, time.monotonic())
        each.backoff.reset()
        each.state.failures = 0
        each.state.error = error_text
        each.state.refusals += bool(error_text)
        each.refused_in_a_row = each.refused_in_a_row + 1 if error_text else 0

    async def _calm(self, each: _Feed) -> None:
        over = each.refused_in_a_row - _PATIENCE
        if over > 0:
            await asyncio.sleep(min(1.0, 0.05 * 2.0 ** min(over, 8)))

    async def _send(self, each: _Feed, connection: Connection) -> None:
        while True:
            await each.wake.wait()
            each.wake.clear()
            async with self._lock:
                requests = self.machine.requests(each.feed)
            for request in requests:
                await connection.send(request)
            if not each.wake.is_set():
                each.idle.set()


async def _either(wanted: Any, sender: asyncio.Task[None]) -> Any:
    """What `wanted` gives, unless the sender fails before."""
    task = asyncio.ensure_future(wanted)
    try:
        await asyncio.wait({task, sender}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        sender.result()  # It ends by failing only.
        raise FeedError("the sender ended")
    finally:
        await _stop(task)


async def _stop(task: asyncio.Future[Any]) -> None:
    """Cancel a task and wait for its end; a cancellation of the caller meanwhile is not lost."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # Whatever it is, it has been seen.

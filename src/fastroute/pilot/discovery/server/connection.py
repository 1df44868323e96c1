"""One stream: who it is, what it speaks, what waits for it, and how it is written to.

Responses leave in the order in which they were made: they go into an outbox, and whoever finds nobody writing writes
until it is empty. A push that finds somebody writing leaves its state to that one; a request that must be answered
waits until the outbox is empty, so that a client gets no further than it reads.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from fastroute.pilot.discovery.layers import Holding
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.server.metrics import Metrics
from fastroute.pilot.discovery.server.protocol import Response, Session

SHORT: Final = {"clusters": "cds", "endpoints": "eds", "listeners": "lds", "routes": "rds"}
HISTORY: Final = 8
_NUMBERS = itertools.count(1)


class EndedError(Exception):
    """The server ends the stream, for the reason that `Connection.failure` gives."""


@dataclass(slots=True, eq=False)
class Connection:
    """A stream."""

    proxy: Proxy
    variant: str
    context: Any
    metrics: Metrics
    version: str = ""
    """What the node says of itself."""
    session: Session | None = None
    number: int = field(default_factory=lambda: next(_NUMBERS))
    opened: float = field(default_factory=time.time)
    task: asyncio.Task[Any] | None = None
    """The stream's own; to be cancelled when the server ends the stream."""
    failure: str = ""
    """Why the server ends the stream."""
    too_slow: bool = False
    """Whether that is because it did not take what it was sent."""
    ending: bool = False
    """Whether the stream's own task is about to end it."""
    waiting: Holding | None = None
    """The newest state that was not sent yet; a newer one takes its place."""
    waiting_since: float = 0.0
    changed_at: float = 0.0
    history: deque[tuple[int, Holding]] = field(default_factory=lambda: deque(maxlen=HISTORY))
    """The last states of the proxy, with the number of the push that each came with."""
    writer: asyncio.Task[Any] | None = None
    """Who writes now."""
    writing_since: float = 0.0
    writing: str = ""
    """The kind that is written now; as in metrics."""
    _outbox: deque[Response] = field(default_factory=deque)
    _converging: bool = False
    """Whether what is in the outbox is all that a state makes necessary."""
    _emptied: asyncio.Future[None] | None = None

    @property
    def id(self) -> str:
        """Names the stream."""
        return f"{self.proxy.name}.{self.proxy.namespace}-{self.number}"

    def remember(self, push: int, holding: Holding) -> None:
        """Keep a state of the proxy, so that pushes can be compared."""
        history = self.history
        if not history or history[-1][0] < push:
            if history and history[-1][1] is not holding:
                history[-1][1].let_go()
            history.append((push, holding))

    def offer(self, holding: Holding, changed_at: float) -> bool:
        """Let a state wait to be sent; whether one waited already."""
        merged = self.waiting is not None
        if not merged:
            self.waiting_since, self.changed_at = time.monotonic(), changed_at
        self.waiting = holding
        return merged

    async def request(self, request: Any, data: bytes = b"") -> None:
        """Answer a request, whose bytes are `data`; RequestError if no proxy may send such."""
        assert self.session is not None
        self._outbox.extend(self.session.request(request, data))
        if self._outbox:
            await self.flush()

    def hears(self, data: bytes) -> bool:
        """Whether a request did no more than acknowledge, and nothing waits to be written."""
        assert self.session is not None
        return not self._outbox and self.session.hears(data)

    async def flush(self) -> None:
        """Send what waits, or wait until it was sent."""
        while self._outbox:
            if self.writer is None:
                await self._write()
            else:
                await self.quiet()

    async def quiet(self) -> None:
        """Wait until nobody writes."""
        while self.writer is not None:
            self._emptied = self._emptied or asyncio.get_running_loop().create_future()
            await self._emptied

    def begin(self) -> bool:
        """Make what a waiting state makes necessary; whether `push` is to be called.

        If somebody writes to the stream already, that one does it all.
        """
        if self.writer is not None or self.session is None:
            return False
        if self.waiting is not None:
            self._make(self.waiting)
        return bool(self._outbox)

    async def push(self) -> None:
        """Send what was made, unless somebody writes to the stream already."""
        if self.writer is None and self.session is not None:
            await self._write()

    async def _write(self) -> None:
        """Write until nothing waits; EndedError if the stream is to end."""
        self.writer = asyncio.current_task()
        try:
            await self._send()
            while self.waiting is not None:
                self._make(self.waiting)
                await self._send()
        finally:
            self.writer, self.writing_since = None, 0.0
            if self._emptied is not None:
                if not self._emptied.done():
                    self._emptied.set_result(None)
                self._emptied = None

    def _make(self, holding: Holding) -> None:
        """Put the responses into the outbox that a state makes necessary."""
        assert self.session is not None
        metrics, begin = self.metrics, time.monotonic()
        self.waiting = None
        metrics.queue_time.add(begin - self.waiting_since)
        responses = self.session.push(holding)
        now = time.monotonic()
        metrics.push_time.add(now - begin)
        if responses:
            self._outbox.extend(responses)
            self._converging = True
        else:
            metrics.convergence_time.add(now - self.changed_at)

    async def _send(self) -> None:
        outbox, metrics, now = self._outbox, self.metrics, time.monotonic()
        while outbox:
            response = outbox[0]
            kind, data = SHORT[response.kind], response.data
            self.writing, self.writing_since = kind, now
            await self.context.write(data)
            outbox.popleft()
            begin, now = now, time.monotonic()
            metrics.sent(kind, now - begin, len(data))
            if self.failure:
                raise EndedError
        self.writing_since = 0.0
        if self._converging:
            self._converging = False
            metrics.convergence_time.add(now - self.changed_at)

    def end(self, reason: str) -> None:
        """End the stream from outside: at once, or when what is being written was taken.

        gRPC takes no status beside a write, and the client would wait for ever.
        """
        self.failure = self.failure or reason
        if self.writer is None and self.task is not None and not self.ending:
            self.task.cancel()

    def check(self, now: float, limit: float) -> None:
        """Give up a write that was not taken in time, and end the stream."""
        if self.writer is None or not self.writing_since or now - self.writing_since <= limit:
            return
        self.failure, self.too_slow = f"{self.writing} was not taken within {limit:g} s", True
        self.writer.cancel()
        if self.task is not None and self.task is not self.writer and not self.ending:
            self.task.cancel()

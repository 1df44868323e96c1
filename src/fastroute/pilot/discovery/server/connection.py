"""One stream: who it is, what it speaks, what waits for it, and how it is written to."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from fastroute.pilot.discovery.layers import Holding
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.server.metrics import Metrics
from fastroute.pilot.discovery.server.protocol import Response, Session

SHORT: Final = {"clusters": "cds", "endpoints": "eds", "listeners": "lds", "routes": "rds"}
HISTORY: Final = 8
_NUMBERS = itertools.count(1)


class TooSlowError(Exception):
    """The proxy did not take what it was sent in time."""


@dataclass(slots=True, eq=False)
class Connection:
    """A stream. Requests are answered and pushes are sent under one lock, so that responses keep their order."""

    proxy: Proxy
    variant: str
    context: Any
    metrics: Metrics
    send_limit: float
    version: str = ""
    """What the node says of itself."""
    session: Session | None = None
    number: int = field(default_factory=lambda: next(_NUMBERS))
    opened: float = field(default_factory=time.time)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: asyncio.Task[Any] | None = None
    """The stream's own; to be cancelled when a push cannot be delivered."""
    writing: asyncio.Future[None] | None = None
    """The last write. It goes on when the one who waits for it is cancelled."""
    failure: str = ""
    """Why the server ends the stream."""
    waiting: Holding | None = None
    """The newest state that was not sent yet; a newer one takes its place."""
    waiting_since: float = 0.0
    changed_at: float = 0.0
    history: deque[tuple[int, Holding]] = field(default_factory=lambda: deque(maxlen=HISTORY))
    """The last states of the proxy, with the number of the push that each came with."""

    @property
    def id(self) -> str:
        """Names the stream."""
        return f"{self.proxy.name}.{self.proxy.namespace}-{self.number}"

    def remember(self, push: int, holding: Holding) -> None:
        """Keep a state of the proxy, so that pushes can be compared."""
        if not self.history or self.history[-1][0] < push:
            self.history.append((push, holding))

    def offer(self, holding: Holding, changed_at: float) -> bool:
        """Let a state wait to be sent; whether one waited already."""
        merged = self.waiting is not None
        if not merged:
            self.waiting_since, self.changed_at = time.monotonic(), changed_at
        self.waiting = holding
        return merged

    async def request(self, request: Any) -> None:
        """Answer a request; RequestError if no proxy may send such."""
        async with self.lock:
            assert self.session is not None
            await self._write(self.session.request(request))

    async def push(self) -> None:
        """Send what waits."""
        async with self.lock:
            if self.waiting is None or self.session is None or self.failure:
                return
            holding, self.waiting = self.waiting, None
            begin = time.monotonic()
            self.metrics.observe("pilot_proxy_queue_time", begin - self.waiting_since)
            responses = self.session.push(holding)
            self.metrics.observe("pilot_xds_push_time", time.monotonic() - begin, type="all")
            await self._write(responses)
            self.metrics.observe("pilot_proxy_convergence_time", time.monotonic() - self.changed_at)

    def end(self, reason: str) -> None:
        """End the stream from outside."""
        self.failure = self.failure or reason
        if self.task is not None:
            self.task.cancel()

    async def settled(self) -> None:
        """Wait for what is being written: gRPC takes no status beside a write, and the client would wait for ever."""
        async with self.lock:
            if self.writing is not None:
                await asyncio.wait((self.writing,))

    async def _write(self, responses: Iterable[Response]) -> None:
        for response in responses:
            kind = SHORT[response.kind]
            begin = time.monotonic()
            self.writing = writing = asyncio.ensure_future(self.context.write(response.data))
            try:
                async with asyncio.timeout(self.send_limit):
                    await asyncio.shield(writing)
            except TimeoutError:
                raise TooSlowError(f"{kind} was not taken within {self.send_limit:g} s") from None
            self.metrics.sent(kind, time.monotonic() - begin, len(response.data))

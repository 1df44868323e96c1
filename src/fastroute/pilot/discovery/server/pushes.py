"""The queue of pushes: each proxy waits in it once, however many states come meanwhile.

So many proxies as may be pushed to at one time are; the others wait, in order. A proxy that is slow holds up one of
those places, for as long as one response may take; then its stream is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Final

import grpc
import grpc.aio

from fastroute.pilot.discovery.layers import Holding
from fastroute.pilot.discovery.server.connection import Connection, EndedError
from fastroute.pilot.discovery.server.metrics import Metrics

GONE: Final = (grpc.RpcError, grpc.aio.UsageError, grpc.aio.InternalError, asyncio.InvalidStateError)
"""What writing to a stream raises whose client has gone."""


class PushQueue:
    """Proxies that wait, in order, and the pushes that go on. `stop` belongs to the event loop of `put`."""

    def __init__(self, most: int, metrics: Metrics) -> None:
        self._most, self._metrics = most, metrics
        self._waiting: deque[Connection] = deque()
        self._pushes: set[asyncio.Task[None]] = set()

    @property
    def going_on(self) -> frozenset[asyncio.Task[None]]:
        """The tasks of the pushes that were begun and have not ended."""
        return frozenset(self._pushes)

    def put(self, connection: Connection, holding: Holding, changed_at: float) -> None:
        """Let a state wait for a proxy."""
        if connection.offer(holding, changed_at):
            self._metrics.add("pilot_push_merged")
        elif len(self._pushes) < self._most:
            self._start(connection)
        else:
            self._waiting.append(connection)

    async def stop(self) -> None:
        """End all pushes."""
        self._waiting.clear()
        for push in list(self._pushes):
            push.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await push

    def _start(self, connection: Connection) -> None:
        push = asyncio.create_task(self._push(connection))
        self._pushes.add(push)
        push.add_done_callback(self._ended)

    def _ended(self, push: asyncio.Task[None]) -> None:
        self._pushes.discard(push)
        if self._waiting:
            self._start(self._waiting.popleft())

    async def _push(self, connection: Connection) -> None:
        try:
            await connection.push()
        except EndedError:
            connection.end(connection.failure)
        except GONE:
            connection.end("the stream has ended")
        except Exception as error:  # noqa: BLE001 - a fault of ours: this stream ends, the others go on
            if not connection.failure:
                self._metrics.add("pilot_total_xds_internal_errors")
            connection.end(f"{type(error).__name__}: {error}")

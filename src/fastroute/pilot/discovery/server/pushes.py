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
        self._pushes: dict[Connection, asyncio.Task[None]] = {}
        self._quiet: asyncio.Future[None] | None = None

    def put(self, connection: Connection, holding: Holding, changed_at: float) -> None:
        """Let a state wait for a proxy."""
        if connection.offer(holding, changed_at):
            self._metrics.add("pilot_push_merged")
        elif len(self._pushes) < self._most:
            self._start(connection)
        else:
            self._waiting.append(connection)

    async def quiet(self) -> None:
        """Wait until no push goes on."""
        while self._pushes:
            if self._quiet is None:
                self._quiet = asyncio.get_running_loop().create_future()
            await self._quiet

    async def stop(self) -> None:
        """End all pushes."""
        self._waiting.clear()
        for push in list(self._pushes.values()):
            push.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await push
        self._pushes.clear()

    def _start(self, connection: Connection) -> None:
        """Begin a push; what there is to write is written by a task, so that no proxy waits for another."""
        try:
            if connection.begin() and connection not in self._pushes:
                self._pushes[connection] = asyncio.create_task(self._push(connection))
        except Exception as error:  # noqa: BLE001 - a fault of ours: this stream ends, the others go on
            self._failed(connection, error)

    async def _push(self, connection: Connection) -> None:
        try:
            await connection.push()
        except EndedError:
            connection.end(connection.failure)
        except GONE:
            connection.end("the stream has ended")
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(connection, error)
        finally:
            del self._pushes[connection]
            while self._waiting and len(self._pushes) < self._most:
                self._start(self._waiting.popleft())
            if self._quiet is not None and not self._pushes:
                self._quiet.set_result(None)
                self._quiet = None

    def _failed(self, connection: Connection, error: Exception) -> None:
        if not connection.failure:
            self._metrics.add("pilot_total_xds_internal_errors")
        connection.end(f"{type(error).__name__}: {error}")

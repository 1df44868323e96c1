"""The queue of pushes: each proxy waits in it once, however many states come meanwhile.

So many workers as proxies may be pushed to at one time take the first that waits. A proxy that is slow holds up one
worker, for as long as one response may take; then its stream is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Final

import grpc
import grpc.aio

from fastroute.pilot.discovery.layers import Holding
from fastroute.pilot.discovery.server.connection import Connection, TooSlowError
from fastroute.pilot.discovery.server.metrics import Metrics

GONE: Final = (grpc.RpcError, grpc.aio.UsageError, grpc.aio.InternalError, asyncio.InvalidStateError)
"""What writing to a stream raises whose client has gone."""


class PushQueue:
    """Proxies that wait, in order, and the workers. `start` and `stop` belong to one event loop."""

    def __init__(self, workers: int, metrics: Metrics) -> None:
        self._most, self._metrics = workers, metrics
        self._waiting: deque[Connection] = deque()
        self._workers: set[asyncio.Task[None]] = set()

    def put(self, connection: Connection, holding: Holding, changed_at: float) -> None:
        """Let a state wait for a proxy."""
        if connection.offer(holding, changed_at):
            self._metrics.add("pilot_push_merged")
            return
        self._waiting.append(connection)
        if len(self._workers) < self._most:
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def stop(self) -> None:
        """End all workers."""
        for worker in list(self._workers):
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker

    async def _work(self) -> None:
        while self._waiting:
            connection = self._waiting.popleft()
            try:
                await connection.push()
            except TooSlowError as error:
                self._metrics.add("pilot_xds_write_timeout")
                connection.end(str(error))
            except GONE:
                connection.end("the stream has ended")
            except Exception as error:  # noqa: BLE001 - a fault of ours: this stream ends, the others go on
                if not connection.failure:
                    self._metrics.add("pilot_total_xds_internal_errors")
                connection.end(f"{type(error).__name__}: {error}")

"""A router that follows a control plane, for asyncio programs: the client runs in the program's own loop.

    async with fastroute.xds.aio.connect("bootstrap.yaml") as router:
        await router.ready()

Compiling is done in a worker thread, so that the loop is not held up.
"""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from fastroute.config.load import Source
from fastroute.errors import FastrouteError
from fastroute.snapshot import Snapshot
from fastroute.types import RandomSource
from fastroute.xds.client import MOST_BYTES, Lookup
from fastroute.xds.following import Following
from fastroute.xds.status import Status


class FollowingRouter(Following):
    """A `Router` whose snapshot is what the control plane says. Use it as an asynchronous context manager.

    Until `ready` it has what the bootstrap holds by itself and what came so far. Callbacks run in the loop.
    """

    def __init__(
        self,
        bootstrap: Source,
        *,
        strict: bool = True,
        random: RandomSource | None = None,
        lookup: Lookup | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._first = asyncio.Event()
        super().__init__(bootstrap, strict=strict, random=random, lookup=lookup, most_bytes=most_bytes, offload=True)
        self._task = asyncio.create_task(self._client.run(), name="fastroute-xds")
        self._task.add_done_callback(lambda _: self._first.set())

    async def ready(self) -> Self:
        """Wait until everything that was asked for has been answered, refused, or waited for long enough.

        Raises the error that ended the client. `asyncio.timeout` bounds the wait.
        """
        await self._first.wait()
        if self._task.done():
            error = None if self._task.cancelled() else self._task.exception()
            raise error or FastrouteError("the router was closed")
        return self

    async def status(self) -> Status:
        """Each feed and each resource, now."""
        return self._client.status_now() if self._task.done() else await self._client.status()

    async def close(self) -> None:
        """End following. The last snapshot stays in force."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._task

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    # In a worker thread

    def _published(self, snapshot: Snapshot) -> None:
        before = self.swap(snapshot)
        self._loop.call_soon_threadsafe(self._listeners.tell, before, snapshot)

    def _is_ready(self) -> None:
        self._loop.call_soon_threadsafe(self._first.set)


def connect(
    bootstrap: Source,
    *,
    strict: bool = True,
    random: RandomSource | None = None,
    lookup: Lookup | None = None,
    most_bytes: int = MOST_BYTES,
) -> FollowingRouter:
    """A router that follows the control plane of `bootstrap`, in the running loop; see `fastroute.xds.connect`."""
    return FollowingRouter(bootstrap, strict=strict, random=random, lookup=lookup, most_bytes=most_bytes)

"""A router that follows a control plane, for plain programs: the client runs in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random as _random
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from fastroute.config.load import Source
from fastroute.errors import FastrouteError
from fastroute.router import Router
from fastroute.snapshot import Snapshot
from fastroute.types import RandomSource
from fastroute.xds.client import MOST_BYTES, Client, Lookup
from fastroute.xds.start import read_start
from fastroute.xds.status import Status

OnUpdate = Callable[[Snapshot, Snapshot], object]
"""Called with the snapshot that was in force and the one that is."""
_log = logging.getLogger("fastroute.xds")


class Listeners:
    """Who wants to hear of updates."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: tuple[OnUpdate, ...] = ()

    def add(self, callback: OnUpdate) -> Callable[[], None]:
        """Call it from now on; what is returned ends that."""
        with self._lock:
            self._all = (*self._all, callback)
        return lambda: self._drop(callback)

    def _drop(self, callback: OnUpdate) -> None:
        with self._lock:
            self._all = tuple(each for each in self._all if each is not callback)

    def tell(self, before: Snapshot, after: Snapshot) -> None:
        """An update; what a callback raises is logged."""
        for callback in self._all:
            try:
                callback(before, after)
            except Exception:  # noqa: BLE001 - a callback may raise anything, and the others are still to be told
                _log.exception("a callback of an update failed")


class Following(Router):
    """What the routers for plain and for asyncio programs share: the client, and who hears of updates."""

    def __init__(
        self,
        bootstrap: Source,
        *,
        strict: bool,
        random: RandomSource | None,
        lookup: Lookup | None,
        most_bytes: int,
        offload: bool = False,
    ) -> None:
        self._listeners = Listeners()
        self._client = Client(
            read_start(bootstrap, strict=strict),
            strict=strict,
            random=_random.SystemRandom().random,
            publish=self._published,
            became_ready=self._is_ready,
            lookup=lookup,
            most_bytes=most_bytes,
            offload=offload,
        )
        super().__init__(self._client.tables.snapshot, random=random)

    def on_update(self, callback: OnUpdate) -> Callable[[], None]:
        """Call `callback(before, after)` after each update; what is returned ends that."""
        return self._listeners.add(callback)

    def _published(self, snapshot: Snapshot) -> None:
        raise NotImplementedError

    def _is_ready(self) -> None:
        raise NotImplementedError


class FollowingRouter(Following):
    """A `Router` whose snapshot is what the control plane says.

    Until `ready` it has what the bootstrap holds by itself and what came so far. Close it, or use it as a
    context manager. All methods may be called from any thread; callbacks run in the client's.
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
        self._first: Future[None] = Future()
        super().__init__(bootstrap, strict=strict, random=random, lookup=lookup, most_bytes=most_bytes)
        self._loop = asyncio.new_event_loop()
        self._started: Future[None] = Future()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="fastroute-xds", daemon=True)
        self._thread.start()
        self._started.result()

    def ready(self, timeout: float | None = None) -> Self:
        """Wait until everything that was asked for has been answered, refused, or waited for long enough.

        Raises TimeoutError after `timeout` seconds, saying what is missing, and the error that ended the client.
        """
        try:
            self._first.result(timeout)
        except TimeoutError:
            raise TimeoutError(f"not ready within {timeout:g} s\n{self.status().text()}") from None
        return self

    def status(self) -> Status:
        """Each feed and each resource, now."""
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            with contextlib.suppress(RuntimeError):
                return asyncio.run_coroutine_threadsafe(self._client.status(), self._loop).result()
        return self._client.status_now()

    def close(self) -> None:
        """End following, and wait for the end. The last snapshot stays in force."""
        with contextlib.suppress(RuntimeError):  # The loop is closed already.
            self._loop.call_soon_threadsafe(self._cancel)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # In the client's thread

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._main())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _main(self) -> None:
        self._task = asyncio.create_task(self._client.run())
        self._started.set_result(None)
        try:
            await self._task
        except asyncio.CancelledError:
            self._end(FastrouteError("the router was closed"))
        except Exception as error:  # noqa: BLE001 - whatever it is, `ready` raises it
            self._end(error)

    def _end(self, error: BaseException) -> None:
        if not self._first.done():
            self._first.set_exception(error)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _published(self, snapshot: Snapshot) -> None:
        self._listeners.tell(self.swap(snapshot), snapshot)

    def _is_ready(self) -> None:
        if not self._first.done():
            self._first.set_result(None)


def connect(
    bootstrap: Source,
    *,
    strict: bool = True,
    random: RandomSource | None = None,
    lookup: Lookup | None = None,
    most_bytes: int = MOST_BYTES,
) -> FollowingRouter:
    """A router that follows the control plane of `bootstrap` (anything that `fastroute.load` takes).

    `strict` refuses what Envoy refuses, as in `load`. `random` is the router's. `lookup` gives DNS clusters
    their addresses (see `Snapshot.resolve`) before a snapshot comes into force. A message of more than
    `most_bytes` is refused. Raises ConfigError for a bootstrap that cannot be followed.
    """
    return FollowingRouter(bootstrap, strict=strict, random=random, lookup=lookup, most_bytes=most_bytes)

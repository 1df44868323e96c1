"""A discovery server over a directory of its own, in an event loop of its own; and a wire that can be cut.

with Served(directory) as served:
    served.port; served.server; served.put("a.yaml", text); served.cut()
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fastroute.pilot.discovery.server.service import DiscoveryServer


def wait(what: Callable[[], bool], why: Callable[[], str], seconds: float = 20) -> None:
    """Until `what` holds; fails with `why`."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why()
        time.sleep(0.02)


class Served:
    """The server; clients reach it by `port`, through a relay that `cut` can tear."""

    def __init__(self, directory: Path, debounce: float = 0.02, **options: Any) -> None:
        self.directory = directory
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.server = DiscoveryServer(directory, debounce=debounce, **options)
        self._relay = Relay()

    def __enter__(self) -> Self:
        self._thread.start()
        self.direct = self.run(self.server.start())
        self.port = self.run(self._relay.start(self.direct))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.run(self._relay.stop())
        self.run(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def put(self, file: str, text: str) -> None:
        """Put a file there, and wait until it is in force (or refused)."""
        path = self.directory / file
        path.write_text(text, encoding="utf-8")
        self.settle()

    def settle(self) -> None:
        """Wait until the files as they are now have been read."""
        wait(lambda: self.server.is_current(), lambda: str(self.server.watched.error))

    def cut(self) -> None:
        """Tear every connection; clients come back by themselves."""
        self.run(self._relay.cut())


class Relay:
    """Passes bytes on to a port of loopback."""

    def __init__(self) -> None:
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, port: int) -> int:
        """Listen; the port."""
        self._to = port
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """End everything."""
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """End what is open."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, forth}
        try:
            await asyncio.gather(self._pass(reader, forth), self._pass(back, writer))
        finally:
            self._writers -= {writer, forth}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

"""What happens in a directory, as Linux tells it.

Moves into the directory are told, for that is how a file is replaced as a whole; writes only when they are
asked for. The directory is held open by the watch: when its path comes to lead elsewhere, as Kubernetes
makes links do, the watch stays where it was.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from pathlib import Path
from typing import Final

from fastroute.xds.transport import FeedError

_MOVED_TO, _CLOSE_WRITE = 0x80, 0x8
_NONBLOCK, _CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
_HEAD: Final = struct.Struct("iIII")


class Watch:
    """One directory; `changed` gives the names that something happened to."""

    def __init__(self, directory: Path, *, writes: bool = False) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(libc, "inotify_init1"):
            raise FeedError("files can be watched on Linux only; set poll_interval")
        self._fd = libc.inotify_init1(_NONBLOCK | _CLOEXEC)
        if self._fd < 0:
            raise FeedError(f"cannot watch {directory}: {os.strerror(ctypes.get_errno())}")
        mask = _MOVED_TO | (_CLOSE_WRITE if writes else 0)
        if libc.inotify_add_watch(self._fd, os.fsencode(directory), mask) < 0:
            reason = os.strerror(ctypes.get_errno())
            self.close()
            raise FeedError(f"cannot watch {directory}: {reason}")

    async def changed(self) -> set[str]:
        """Wait until something happens."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._fd, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._fd)
        return self._names()

    def _names(self) -> set[str]:
        names: set[str] = set()
        data = os.read(self._fd, 65536)
        offset = 0
        while offset < len(data):
            *_, length = _HEAD.unpack_from(data, offset)
            offset += _HEAD.size
            names.add(os.fsdecode(data[offset : offset + length].rstrip(b"\0")))
            offset += length
        return names

    def close(self) -> None:
        """Watch no more."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

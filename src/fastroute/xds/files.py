"""Subscriptions to files (`path_config_source`, and `path` of old): a DiscoveryResponse in each.

XD-23  The extension tells the format. A file is read when it is first needed, and when something is *moved* to its
       name in its directory; it is not read again when it is written to in place or removed. With
       `watched_directory` anything moved into that directory makes it be read, which is how Kubernetes puts a new
       version of a volume in place; `watch_modify` counts writes too. With `poll_interval` it is read when it is
       another file, or a longer, shorter or newer one, than at the last look.
       What cannot be read leaves in force what was. `type_url` and `version_info` may be missing.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from fastroute.api import names, transcode
from fastroute.api.faults import Fault
from fastroute.config import formats
from fastroute.errors import FastrouteError, ParseError, RejectedError, Where
from fastroute.xds.feeds import Feed
from fastroute.xds.inotify import Watch
from fastroute.xds.kinds import Kind
from fastroute.xds.transport import UnreadableError


def read_response(data: bytes, file: str, kind: Kind) -> Any:
    """The DiscoveryResponse in `data`; ParseError when there is none."""
    document = formats.parse(data, file, names.DISCOVERY_RESPONSE)
    content = document.content
    message: Any = content if isinstance(content, Message) else _of_tree(content, document)
    if not message.type_url:
        message.type_url = kind.url
    return message


def _of_tree(tree: object, document: formats.Document) -> Message:
    if not isinstance(tree, dict):
        raise ParseError("a discovery response is an object", where=Where(document.file), code="kind")
    bare = {key: value for key, value in tree.items() if key != "@type"}
    try:
        return transcode.message(names.DISCOVERY_RESPONSE, bare)
    except Fault as fault:
        where = document.positions.where(fault.path) if document.positions else None
        raise ParseError(fault.message, path=fault.path, where=where, remedy=fault.remedy, code=fault.code) from None
    except RecursionError:
        raise ParseError("nested too deeply", where=Where(document.file), code="nesting") from None


class FileTransport:
    """How a file is followed."""

    def __init__(self, feed: Feed, *, most_bytes: int) -> None:
        self._feed, self._most = feed, most_bytes
        self.address = feed.config.path
        for path in (feed.config.path, feed.config.watched_directory.path):
            if path and not Path(path).exists():
                raise RejectedError(
                    f"paths must refer to an existing path in the system: '{path}' does not exist",
                    remedy="Create it before it is named.",
                )

    async def connect(self, attempt: int) -> FileConnection:  # noqa: ARG002
        """Begin to watch; FeedError when the directory cannot be."""
        return FileConnection(self._feed, self._most)


class FileConnection:
    """A file that is watched."""

    def __init__(self, feed: Feed, most_bytes: int) -> None:
        config = feed.config
        self._feed, self._most = feed, most_bytes
        self._path = Path(config.path)
        self._interval = config.poll_interval.ToNanoseconds() / 1e9 if config.HasField("poll_interval") else 0.0
        self._watch: Watch | None = None
        self._name = "" if config.HasField("watched_directory") else self._path.name
        if not self._interval:
            directory = self._path.parent if self._name else Path(config.watched_directory.path)
            self._watch = Watch(directory, writes=config.watched_directory.watch_modify)
        self._first = True
        self._seen: tuple[int, ...] = ()

    async def send(self, request: Any) -> None:
        """Nobody hears it."""

    async def receive(self) -> Any:
        """The content, now or after the next change."""
        if self._first:
            self._first = False
            self._seen = self._signature()
        else:
            await self._changed()
        return await asyncio.to_thread(self._read)

    async def _changed(self) -> None:
        if self._watch is not None:
            while True:
                names = await self._watch.changed()
                if not self._name or self._name in names:
                    return
        while (found := self._signature()) in (self._seen, ()):
            await asyncio.sleep(self._interval)
        self._seen = found

    def _signature(self) -> tuple[int, ...]:
        """What tells one state of the file from another; empty when it is not there."""
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)

    def _read(self) -> Any:
        assert self._feed.kind is not None
        try:
            with self._path.open("rb") as file:
                data = file.read(self._most + 1)
        except OSError as error:
            raise UnreadableError(f"{self._path}: {error.strerror or error}") from None
        if len(data) > self._most:
            raise UnreadableError(f"{self._path}: longer than {self._most} bytes")
        try:
            return read_response(data, str(self._path), self._feed.kind)
        except FastrouteError as error:
            raise UnreadableError(str(error)) from None

    async def close(self) -> None:
        """Watch no more."""
        if self._watch is not None:
            self._watch.close()

"""A small HTTP/1.1 server for asyncio: the agent's status port. Bodies of requests are not read."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from fastroute.pilot.agent.failure import AgentError

HEAD_LIMIT = 32 << 10
IDLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """A request: its method, path, headers (names in lower case), and the query after the path's question mark."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    local: bool = False
    """Whether it came from this machine."""
    query: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


Handler = Callable[[Call], Awaitable[Reply]]


class HttpServer:
    """Serves `handler` on a port until it is closed."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, address: str, port: int, name: str) -> int:
        """Listen; the port (useful when 0 was asked for). AgentError names the port, and what it is for."""
        try:
            self._server = await asyncio.start_server(self._serve, address, port, limit=HEAD_LIMIT)
        except OSError as error:
            raise AgentError(f"{name}: cannot listen on port {port}: {os.strerror(error.errno or 0)}") from None
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and end open connections."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError):
                while await self._one(reader, writer):
                    await writer.drain()
        finally:
            self._open.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; whether the connection stays open."""
        async with asyncio.timeout(IDLE_SECONDS):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, _, rest = head[0].partition(" ")
        target, _, version = rest.partition(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError("not HTTP/1")
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        path, _, query = target.partition("?")
        call = Call(method, path, headers, _is_local(writer), query)
        keep = headers.get("connection", "").lower() != "close" and headers.get("content-length", "0") == "0"
        keep = keep and "transfer-encoding" not in headers and version != "HTTP/1.0"
        writer.write(_encoded(await self._handler(call), head_only=method == "HEAD", keep=keep))
        return keep


def _is_local(writer: asyncio.StreamWriter) -> bool:
    peer = str(writer.get_extra_info("peername")[0]).partition("%")[0]
    parsed = ipaddress.ip_address(peer)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def _encoded(reply: Reply, *, head_only: bool, keep: bool) -> bytes:
    phrase = HTTPStatus(reply.status).phrase if reply.status in HTTPStatus._value2member_map_ else "Status"
    head = (
        f"HTTP/1.1 {reply.status} {phrase}\r\ncontent-type: {reply.content_type}\r\n"
        f"content-length: {len(reply.body)}\r\nconnection: {'keep-alive' if keep else 'close'}\r\n\r\n"
    )
    return head.encode("latin-1") + (b"" if head_only else reply.body)

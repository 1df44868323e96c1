"""A small HTTP/1.1 client for asyncio: one request a connection, enough for REST, Envoy's admin, metrics and probes."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence

from fastroute.records import field, record

READ_LIMIT = 64 << 20


class HttpError(Exception):
    """No usable answer came: refused, cut off, too long, not HTTP."""


@record
class Answer:
    """A response; header names are lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


async def request(
    address: str,
    port: int,
    path: str,
    *,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (),
    timeout: float = 3.0,
    source: str = "",
    tls: ssl.SSLContext | None = None,
    limit: int = READ_LIMIT,
    body: bytes = b"",
    tls_name: str | None = None,
) -> Answer:
    """Send one request; HttpError says what went wrong. `limit` bounds the body in bytes; a longer one is cut.

    An address that begins with a slash is a Unix socket. `tls_name` is the name that TLS asks for.
    """
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await _connect(address, port, source, tls, tls_name)
            try:
                writer.write(_head(address, port, method, path, headers, body))
                await writer.drain()
                return await _read(reader, method, limit)
            finally:
                writer.close()
                with contextlib.suppress(OSError, TimeoutError):
                    await writer.wait_closed()
    except TimeoutError:
        raise HttpError(f"no answer from {address}:{port} within {timeout:g} s") from None
    except (OSError, EOFError, ValueError) as error:
        raise HttpError(f"{address}:{port}: {error}") from None


async def _connect(
    address: str, port: int, source: str, tls: ssl.SSLContext | None, tls_name: str | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith("/"):
        return await asyncio.open_unix_connection(address, ssl=tls, server_hostname=(tls_name or "") if tls else None)
    local = (source, 0) if source else None
    return await asyncio.open_connection(
        address, port, local_addr=local, ssl=tls, server_hostname=tls_name if tls else None
    )


def _head(address: str, port: int, method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    fields = {name.lower() for name, _ in headers}
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [] if "host" in fields else [f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += ["Connection: close", *([f"Content-Length: {len(body)}"] if method == "POST" else [])]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def _read(reader: asyncio.StreamReader, method: str, limit: int) -> Answer:
    status = 100
    headers: dict[str, str] = {}
    while status // 100 == 1:
        line = await reader.readline()
        version, _, rest = line.decode("latin-1").partition(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError("the answer is not HTTP/1")
        status = int(rest[:3])
        headers = {}
        while (line := await reader.readline()) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
    body = b"" if method == "HEAD" else await _body(reader, headers, limit)
    return Answer(status, headers, body)


async def _body(reader: asyncio.StreamReader, headers: dict[str, str], limit: int) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader, limit)
    length = int(headers["content-length"]) if "content-length" in headers else None
    parts, total = [], 0
    while total < limit and (length is None or total < length):
        wanted = min(limit - total, 65536 if length is None else length - total)
        part = await reader.read(wanted)
        if not part:
            if length is not None:
                raise EOFError("the answer was cut off")
            break
        parts.append(part)
        total += len(part)
    return b"".join(parts)


async def _chunks(reader: asyncio.StreamReader, limit: int) -> bytes:
    parts, total = [], 0
    while total < limit:
        size = int((await reader.readline()).partition(b";")[0], 16)
        if size == 0:
            break
        part = await reader.readexactly(min(size, limit - total))
        await reader.readline()
        parts.append(part)
        total += size
    return b"".join(parts)[:limit]

"""A small HTTP/1.1 client on a raw socket: it sends any bytes and shows exactly what came back.

    client = HttpClient(port)
    client.request("GET", b"/path", b"host", [(b"name", b"value")]) -> Response
    client.send(raw_bytes)                                          -> Response
    client.send_all([raw, raw, …])                                  -> [Response, …]   (pipelined, fast)

The connection is kept and opened again when the server closed it. A request that the server answered by
closing without a byte has the status 0. `render` makes the bytes of a request.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TIMEOUT = 10.0
BATCH = 50
"""Requests in flight at once: enough to keep Envoy busy, few enough for the socket buffers."""

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Response:
    """One response: `headers` in wire order with lower-case names; `closed` when the server closed after it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    closed: bool = False

    def header(self, name: str) -> str | None:
        """The first value of the header `name` (Latin-1), or None."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self.headers if key == wanted), None)

    def values(self, name: str) -> list[str]:
        """Every value of the header `name`, in order."""
        wanted = name.lower().encode()
        return [value.decode("latin-1") for key, value in self.headers if key == wanted]


CLOSED = Response(0, closed=True)


def render(method: str | bytes, path: bytes, host: bytes | None, headers: Headers = (), body: bytes = b"") -> bytes:
    """The bytes of a request; `host` None leaves the Host header out, a body adds Content-Length."""
    verb = method.encode() if isinstance(method, str) else method
    lines = [verb + b" " + path + b" HTTP/1.1"]
    if host is not None:
        lines.append(b"Host: " + host)
    lines.extend(name + b": " + value for name, value in headers)
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", b""]) + body


class HttpClient:
    """A client of one address; not for use by two threads."""

    def __init__(self, port: int, host: str = "127.0.0.1", *, source: str | None = None) -> None:
        self._address = (host, port)
        self._source = (source, 0) if source else None
        self._socket: socket.socket | None = None
        self._buffer = b""

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._buffer = None, b""

    def request(
        self, method: str | bytes, path: bytes, host: bytes | None, headers: Headers = (), body: bytes = b""
    ) -> Response:
        """Send one well-formed request and return its response."""
        return self.send(render(method, path, host, headers, body))

    def send(self, raw: bytes) -> Response:
        """Send `raw`, which must be one request, and return the response to it."""
        return self.send_all([raw])[0]

    def send_all(self, raws: Sequence[bytes]) -> list[Response]:
        """Send many requests, pipelined; responses in the same order."""
        done: list[Response] = []
        alone = False
        while len(done) < len(raws):
            batch = raws[len(done) : len(done) + (1 if alone else BATCH)]
            got = self._exchange(batch)
            done.extend(got)
            # Closed without an answer: ask the first unanswered one again, alone, before believing it.
            if not got and alone:
                done.append(CLOSED)
            alone = not got and not alone
        return done

    def _exchange(self, batch: Sequence[bytes]) -> list[Response]:
        got: list[Response] = []
        if self._socket is None:
            self._socket = socket.create_connection(self._address, TIMEOUT, source_address=self._source)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall(b"".join(batch))
            for raw in batch:
                got.append(self._response(raw))
                if got[-1].closed:
                    self.close()
                    break
        except (ConnectionError, EOFError):
            self.close()
        return got

    def _response(self, raw: bytes) -> Response:
        head = self._until(b"\r\n\r\n")
        status, headers = _parse_head(head)
        if 100 <= status < 200 and status != 101:
            return self._response(raw)
        fields = dict(headers)
        method = raw.lstrip(b"\r\n").partition(b" ")[0]
        closing = fields.get(b"connection", b"").lower() == b"close"
        if method == b"HEAD" or status in (101, 204, 304) or (method == b"CONNECT" and status == 200):
            return Response(status, headers, b"", closing or status == 101 or method == b"CONNECT")
        if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
            return Response(status, headers, self._chunks(), closing)
        if b"content-length" in fields:
            return Response(status, headers, self._exactly(int(fields[b"content-length"])), closing)
        return Response(status, headers, self._rest(), True)

    def _fill(self) -> None:
        assert self._socket is not None
        data = self._socket.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data

    def _until(self, mark: bytes) -> bytes:
        while (end := self._buffer.find(mark)) < 0:
            self._fill()
        found, self._buffer = self._buffer[:end], self._buffer[end + len(mark) :]
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            parts.append(self._exactly(size))
            self._until(b"\r\n")
        while self._until(b"\r\n"):
            continue
        return b"".join(parts)

    def _rest(self) -> bytes:
        try:
            while True:
                self._fill()
        except (EOFError, ConnectionError):
            found, self._buffer = self._buffer, b""
            return found


def _parse_head(head: bytes) -> tuple[int, tuple[tuple[bytes, bytes], ...]]:
    first, *lines = head.split(b"\r\n")
    fields = (line.partition(b":") for line in lines)
    return int(first.split(b" ", 2)[1]), tuple((name.lower(), value.strip()) for name, _, value in fields)

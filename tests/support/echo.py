"""An upstream for tests: it answers every request with what it received, or as scripted.

    with EchoServer() as upstream:
        upstream.port, upstream.endpoint      where it listens (127.0.0.1), as an lb_endpoint of the API
        upstream.requests                     every request it received, in order
        upstream.script(503, 200)             statuses of the next responses; "reset" closes without one

The body of a normal answer is JSON: `line`, `headers` (pairs in wire order, Latin-1) and `body`.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived: the raw head without the blank line, and the body."""

    head: bytes
    body: bytes = b""

    @property
    def line(self) -> str:
        """The request line."""
        return self.head.split(b"\r\n")[0].decode("latin-1")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Header pairs in wire order, names as sent."""
        fields = (line.partition(b":") for line in self.head.split(b"\r\n")[1:])
        return [(name.decode("latin-1"), value.strip().decode("latin-1")) for name, _, value in fields]


class EchoServer:
    """A threaded echo server on a port of its own, of 127.0.0.1 or of another loopback address."""

    def __init__(self, name: str = "", address: str = "127.0.0.1") -> None:
        self.name = name
        self.address = address
        self.requests: list[Received] = []
        self._script: deque[int | Literal["reset"]] = deque()
        self._listener = socket.create_server((address, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    @property
    def endpoint(self) -> dict[str, Any]:
        """This server as an `lb_endpoints` entry."""
        address = {"socket_address": {"address": self.address, "port_value": self.port}}
        return {"endpoint": {"address": address}}

    def script(self, *steps: int | Literal["reset"]) -> None:
        """What the next requests get: a status, or "reset" for a closed connection."""
        self._script.extend(steps)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        with contextlib.suppress(OSError, ValueError):
            while (received := _read(reader)) is not None:
                self.requests.append(received)
                step = self._script.popleft() if self._script else 200
                if step == "reset":
                    break
                connection.sendall(self._answer(step, received))
        self._open.discard(connection)
        connection.close()

    def _answer(self, status: int, received: Received) -> bytes:
        body = {"line": received.line, "headers": received.headers, "body": received.body.decode("latin-1")}
        text = b"" if received.line.startswith("HEAD ") else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} Scripted\r\ncontent-length: {len(text)}\r\nx-upstream: {self.name}\r\n\r\n"
        return head.encode() + text


def _read(reader: Any) -> Received | None:
    lines: list[bytes] = []
    while (line := reader.readline()) not in (b"\r\n", b""):
        lines.append(line.rstrip(b"\r\n"))
    if not lines:
        return None
    head = b"\r\n".join(lines)
    fields = {line.partition(b":")[0].lower(): line.partition(b":")[2].strip() for line in lines[1:]}
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        return Received(head, _read_chunks(reader))
    return Received(head, reader.read(int(fields.get(b"content-length", b"0"))))


def _read_chunks(reader: Any) -> bytes:
    parts = []
    while size := int(reader.readline().partition(b";")[0], 16):
        parts.append(reader.read(size))
        reader.readline()
    while reader.readline() not in (b"\r\n", b""):
        continue
    return b"".join(parts)

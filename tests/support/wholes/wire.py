"""Speaking a conversation over a real socket: bytes out, responses in, and what the first bytes were.

    for spoken in speak(talk, chain_of):    one for each connection that the conversation took
        spoken.port, spoken.first_bytes, spoken.answers

A connection that is closed is opened again for the requests that are left.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field

from support.first_bytes import proxy_v2
from support.http1 import CLOSED, HttpClient, Response
from support.wholes.clients import Asked, Talk

PATIENCE = 10.0
GLIMPSE = 0.05


@dataclass
class Spoken:
    """One connection: its own port, the bytes it began with, and the responses to its requests."""

    port: int
    first_bytes: bytes
    answers: list[tuple[Asked, Response]] = field(default_factory=list)
    shaken: bool = True
    """Whether the TLS handshake went well; True where there was none to do."""


class _Tls:
    """A socket's TLS side, made by hand so that the ClientHello is known."""

    def __init__(self, raw: socket.socket, name: str | None, protocols: tuple[str, ...], before: bytes) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if protocols:
            context.set_alpn_protocols(list(protocols))
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=name)
        self._raw = raw
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        self.hello = before + self._out.read()
        raw.sendall(self.hello)

    def shake(self) -> bool:
        """Finish the handshake; False where the server would not."""
        try:
            while True:
                try:
                    self._tls.do_handshake()
                except ssl.SSLWantReadError:
                    self._flush()
                    if not self._feed():
                        return False
                else:
                    self._flush()
                    return True
        except (ssl.SSLError, ConnectionError):
            return False

    def sendall(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def recv(self, size: int) -> bytes:
        while True:
            try:
                return self._tls.read(size)
            except ssl.SSLWantReadError:
                if not self._feed():
                    return b""
            except ssl.SSLError:
                return b""

    def close(self) -> None:
        self._raw.close()

    def _flush(self) -> None:
        if data := self._out.read():
            self._raw.sendall(data)

    def _feed(self) -> bool:
        data = self._raw.recv(65536)
        self._in.write(data)
        return bool(data)


class Client(HttpClient):
    """An HTTP client on a socket that is there already."""

    def __init__(self, opened: socket.socket | _Tls) -> None:
        super().__init__(0)
        self._socket = opened  # type: ignore[assignment]

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def ask(self, raw: bytes) -> Response | None:
        """The response to one request; None where the connection was closed without one."""
        got = self._exchange([raw])
        return got[0] if got else None


def speak(talk: Talk, *, http: bool = True) -> Iterator[Spoken]:
    """Say it all, connection by connection; without `http`, only the first request, to whatever listens."""
    left = list(talk.requests)
    while left:
        begun = len(left)
        yield _speak_once(talk, left, http=http)
        if not http:
            return
        assert len(left) < begun


def _speak_once(talk: Talk, left: list[Asked], *, http: bool) -> Spoken:
    raw = _connected(talk)
    port = raw.getsockname()[1]
    before = proxy_v2(*talk.proxy) if talk.proxy else b""
    opened: socket.socket | _Tls = raw
    spoken = Spoken(port, before + left[0].raw)
    with contextlib.suppress(OSError):
        if talk.tls:
            opened = _Tls(raw, *talk.tls, before)
            spoken.first_bytes = opened.hello
            spoken.shaken = http and opened.shake()
        elif not http:
            raw.sendall(spoken.first_bytes)
        elif before:
            raw.sendall(before)
    if http and spoken.shaken:
        _exchange(opened, spoken, left)
    else:
        _drain(raw)
        if http:
            left.clear()
    opened.close()
    return spoken


def _connected(talk: Talk) -> socket.socket:
    for port in (talk.port, 0):
        with contextlib.suppress(OSError):
            raw = socket.create_connection(talk.destination, PATIENCE, source_address=(talk.source, port))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return raw
    raise ConnectionError(f"nothing listens at {talk.destination}")


def _exchange(opened: socket.socket | _Tls, spoken: Spoken, left: list[Asked]) -> None:
    client = Client(opened)
    while left and client.is_open:
        asked = left[0]
        response = client.ask(asked.raw)
        if response is None and spoken.answers:
            break  # closed after the last response; the request is made again
        left.pop(0)
        spoken.answers.append((asked, response or CLOSED))
        if response is None or response.closed:
            break
    client.close()


def _drain(raw: socket.socket) -> None:
    """Read until Envoy closes; ended from here where it waits, though not before its filters have seen the bytes."""
    raw.settimeout(GLIMPSE)
    with contextlib.suppress(TimeoutError, ConnectionError):
        while raw.recv(65536):
            continue
        return
    raw.settimeout(PATIENCE)
    with contextlib.suppress(OSError):
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            continue

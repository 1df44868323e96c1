"""A reverse proxy that serves the listeners of an Envoy bootstrap: asyncio, HTTP/1.1 without TLS.

    python examples/proxy/proxy.py examples/proxy/bootstrap.yaml

Router decides, `answers` words what Envoy would say itself, `attempts` plans retries. What is left is to move bytes.
Bodies are read whole; listeners with TLS or listener filters are refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import fastroute
from fastroute.action.retry import Outcome
from fastroute.adapters.answers import NO_HOST, Answer, own
from fastroute.adapters.attempts import Attempts

Pairs = list[tuple[bytes, bytes]]
Message = tuple[list[bytes], Pairs, bytes]
MOST_HEAD, MOST_BODY = 1 << 17, 1 << 20
REASONS = {200: b"OK", 301: b"Moved Permanently", 302: b"Found", 404: b"Not Found", 503: b"Service Unavailable"}


async def read_body(reader: asyncio.StreamReader, headers: Pairs, *, to_end: bool = False) -> bytes:
    """The body as its framing says; without any it is empty, or lasts `to_end` of the connection."""
    fields = dict(headers)
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        parts, size = b"", -1
        while size != 0:
            size = int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16)
            if len(parts) + size > MOST_BODY:
                raise ValueError("the body is longer than what is held")
            parts += await reader.readexactly(size)
            while size == 0 and await reader.readuntil(b"\r\n") != b"\r\n":
                pass
            if size:
                await reader.readexactly(2)
        return parts
    if b"content-length" not in fields:
        return await reader.read(-1) if to_end else b""
    if int(fields[b"content-length"]) > MOST_BODY:
        raise ValueError("the body is longer than what is held")
    return await reader.readexactly(int(fields[b"content-length"]))


async def read_head(reader: asyncio.StreamReader) -> tuple[list[bytes], Pairs]:
    """The words of the first line, and the headers with lower-case names. ValueError where they are none."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].split(b"\r\n")
    fields = [line.partition(b":") for line in lines]
    words = first.split(b" ", 2)
    if len(words) < 2 or not all(colon for _, colon, _ in fields):
        raise ValueError("no HTTP/1.1 message")
    return words, [(name.lower(), value.strip(b" \t")) for name, _, value in fields]


def render(first: bytes, headers: Pairs, body: bytes) -> bytes:
    """The bytes of a message; `headers` say how long the body is."""
    return b"\r\n".join([first, *(name + b": " + value for name, value in headers), b"", body])


async def exchange(address: str, port: int, request: bytes, *, head: bool) -> tuple[int, Pairs, bytes]:
    """Send a request over a connection of its own, and read the response."""
    reader, writer = await asyncio.open_connection(address, port, limit=MOST_HEAD)
    try:
        writer.write(request)
        await writer.drain()
        words, headers = await read_head(reader)
        while words[1][:1] == b"1":
            words, headers = await read_head(reader)
        empty = head or words[1] in (b"204", b"304")
        return int(words[1]), headers, b"" if empty else await read_body(reader, headers, to_end=True)
    finally:
        writer.close()


class Proxy:
    """Serves the listeners of one snapshot; requests are decided by the router."""

    def __init__(self, router: fastroute.Router) -> None:
        self.router = router
        self.copies: set[asyncio.Task[None]] = set()
        self.address = machine_address()

    async def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve every listener until cancelled."""
        servers = []
        for each in self.router.snapshot.resources.listeners:
            message: Any = each.message
            if message.listener_filters or any(chain.HasField("transport_socket") for chain in message.filter_chains):
                raise SystemExit(f"listener {message.name}: TLS and listener filters are beyond this proxy")
            at = message.address.socket_address
            servers.append(await asyncio.start_server(self.client, at.address, at.port_value, limit=MOST_HEAD))
        ready()
        await asyncio.gather(*(server.serve_forever() for server in servers))

    async def client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: its filter chain is chosen once."""
        local, peer = writer.get_extra_info("sockname")[:2], writer.get_extra_info("peername")[:2]
        chain = self.router.connect(fastroute.Connection(local, source=peer, local_address=self.address))
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError):
            while chain is not None and chain.kind == "http" and await self.request(chain, reader, writer):
                pass
        writer.close()

    async def request(self, chain: fastroute.Chain, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether another may follow on the connection."""
        (method, target, *_), headers = await read_head(reader)
        hosts = [value for name, value in headers if name == b"host"]
        decision = self.router.route(b",".join(hosts), target, method, headers, chain=chain)
        last = dict(headers).get(b"connection", b"").lower() == b"close"
        if decision.reason is not None and decision.reason.startswith("http1."):
            answer, last = own(decision) or NO_HOST, True
        else:
            body = await read_body(reader, headers)
            answer = await self.answer(decision, body) if hosts or target[:1] != b"/" else NO_HOST
        made = [*answer.headers, (b"date", formatdate(usegmt=True).encode()), (b"server", b"fastroute")]
        if answer.status not in (204, 304) and not any(name == b"content-length" for name, _ in made):
            made += [] if method == b"HEAD" else [(b"content-length", b"%d" % len(answer.body))]
        made += [(b"connection", b"close")] if last else []
        writer.write(render(b"HTTP/1.1 %d %b" % (answer.status, REASONS.get(answer.status, b"")), made, answer.body))
        await writer.drain()
        return not last

    async def answer(self, decision: fastroute.Decision, body: bytes) -> Answer:
        """Envoy's own answer, or that of the upstream."""
        fault: Any = decision.fault
        if fault is not None and fault.delay is not None:
            await asyncio.sleep(fault.delay)
        found = own(decision, fault)
        if found is not None:
            return found
        for mirror in decision.mirrors:
            task = asyncio.create_task(self.copy(mirror, decision, body))
            self.copies.add(task)
            task.add_done_callback(self.copies.discard)
        attempts = Attempts(self.router, decision)
        try:
            return await self.forward(decision, attempts, body)
        finally:
            attempts.close()

    async def forward(self, decision: fastroute.Decision, attempts: Attempts, body: bytes) -> Answer:
        """Attempt after attempt, as the plan says."""
        response: tuple[int, Pairs, bytes] | None = None
        while attempts.begin():
            start, response, outcome = time.monotonic(), None, None
            sent = request_bytes(decision, attempts.authority, attempts.headers, body)
            endpoint = attempts.endpoint
            assert endpoint is not None
            try:
                async with asyncio.timeout(attempts.timeout):
                    response = await exchange(endpoint.address, endpoint.port, sent, head=decision.method == "HEAD")
            except TimeoutError:
                outcome = Outcome(reset="per-try-timeout")
            except ConnectionRefusedError:
                outcome = Outcome(reset="remote-connection-failure")
            except (OSError, EOFError, ValueError):
                outcome = Outcome(reset="connection-termination")
            if response is not None:
                took = b"%d" % ((time.monotonic() - start) * 1000)
                response[1].append((b"x-envoy-upstream-service-time", took))
                outcome = Outcome(response[0], response[1])
            assert outcome is not None
            pause = attempts.again(outcome)
            if pause is None:
                break
            await asyncio.sleep(pause)
        if response is None or attempts.failure is not None:
            assert attempts.failure is not None
            return attempts.failure
        return Answer(response[0], tuple(attempts.response_headers(response[0], response[1])), response[2])

    async def copy(self, mirror: Any, decision: fastroute.Decision, body: bytes) -> None:
        """Send a mirrored request; nobody waits for its response."""
        endpoint = self.router.pick(mirror.cluster)
        if endpoint is not None:
            with contextlib.suppress(OSError, EOFError, ValueError):
                request = request_bytes(decision, mirror.authority.decode("latin-1"), list(mirror.headers), body)
                await exchange(endpoint.address, endpoint.port, request, head=decision.method == "HEAD")


def request_bytes(decision: fastroute.Decision, authority: str, headers: Pairs, body: bytes) -> bytes:
    """The request as an upstream gets it: in chunks if it came so, without a length where none is needed."""
    framing: Pairs = []
    if any(name == b"transfer-encoding" for name, _ in decision.given_headers()):
        framing, body = (
            [(b"transfer-encoding", b"chunked")],
            (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n",
        )
    elif decision.method not in ("GET", "HEAD", "DELETE", "TRACE") and not any(
        name == b"content-length" for name, _ in headers
    ):
        framing = [(b"content-length", b"0")]
    line = f"{decision.method} {decision.path} HTTP/1.1".encode("latin-1")
    return render(line, [(b"host", authority.encode("latin-1")), *headers, *framing], body)


def machine_address() -> str:
    """The machine's address, by the way out of it; nothing is sent. Envoy tells it for clients on loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return "127.0.0.1"


def main() -> None:
    """Serve the bootstrap that the command line names."""
    router = fastroute.Router(fastroute.load(sys.argv[1]))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(Proxy(router).serve(lambda: print("serving", flush=True)))


if __name__ == "__main__":
    main()

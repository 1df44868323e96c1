"""The server on grpc.aio: one task for each stream, pushes merged, slow and hostile clients bounded.

A stream has an inbox of bounded length, so that a client that talks faster than it listens is not read
from; changes that come while a stream is busy become one push. Generation runs in a worker thread, so
that one proxy's work does not hold up the others' streams. Configuration is read again when a file
changes, at most once in `debounce` seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio

from fastroute.api import names as api
from fastroute.api.pool import message_class
from fastroute.errors import ConfigError, FastrouteError, RequestError
from fastroute.pilot.ca.failure import CallerError
from fastroute.pilot.ca.store import Store
from fastroute.pilot.discovery.generated import Generated, generate
from fastroute.pilot.discovery.model import build
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.server.callers import Callers, status
from fastroute.pilot.discovery.server.certificates import CertificateService, ServerCredentials
from fastroute.pilot.discovery.server.delta import DeltaSession
from fastroute.pilot.discovery.server.protocol import KINDS, Session, account_of, proxy_of
from fastroute.pilot.discovery.server.sotw import SotwSession
from fastroute.pilot.discovery.watch import Watched
from fastroute.pilot.profiles import PROFILES, Profile

SERVICE: Final = "envoy.service.discovery.v3.AggregatedDiscoveryService"
DELTA_REQUEST: Final = "envoy.service.discovery.v3.DeltaDiscoveryRequest"
MOST_BYTES: Final = 4 << 20
INBOX: Final = 64
SERVER_NAMES: Final = ("istiod.istio-system.svc", "istiod.istio-system", "localhost", "127.0.0.1", "::1")
"""What the server's own certificate is for."""


@dataclass(slots=True, eq=False)
class Connection:
    """One stream: who it is, what it speaks, and what waits for it."""

    proxy: Proxy
    session: Session
    variant: str
    requests: asyncio.Queue[Any] = field(default_factory=lambda: asyncio.Queue(INBOX))
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stale: bool = False
    """A state came into force that the proxy was not sent yet."""
    ended: bool = False


class DiscoveryServer:
    """Serves a directory. `start` and `stop` belong to the event loop that it runs in."""

    def __init__(
        self,
        *paths: str | Path,
        profile: str = "current",
        debounce: float = 0.1,
        most_streams: int = 10_000,
        store: Store | None = None,
    ) -> None:
        self.watched = Watched(*paths)
        self.profile: Profile = PROFILES[profile]
        self.connections: list[Connection] = []
        self.pushes = 0
        self.sent: Counter[str] = Counter()
        """Responses sent, by kind."""
        self.rejected: Counter[str] = Counter()
        """Responses that streams refused which have ended, by kind."""
        self.ports: dict[str, int] = {}
        """The ports listened on: `plain`, `tls`, `mtls`."""
        self.store = store
        self.callers = Callers(store, lambda: self.registry.mesh.trust_domain)
        self.certificates = CertificateService(store, self.callers) if store is not None else None
        self._debounce, self._most = debounce, most_streams
        self.services = self._build()
        self._server: Any = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def registry(self) -> Registry:
        """The state in force."""
        return self.watched.registry

    def _build(self) -> tuple[Service, ...]:
        return build.services(self.watched.registry)

    def generate(self, proxy: Proxy) -> Generated:
        """What a proxy is sent now."""
        return generate(self.registry, proxy, self.profile, services=self.services)

    async def start(
        self, address: str = "127.0.0.1:0", *, tls: str = "", mtls: str = "", names: tuple[str, ...] = SERVER_NAMES
    ) -> int:
        """Listen; the port for plain text (0 if there is none). `tls` and `mtls` are ADDRESS:PORT and need a store."""
        options = [("grpc.max_receive_message_length", MOST_BYTES), ("grpc.so_reuseport", 0)]
        self._server = grpc.aio.server(options=options, maximum_concurrent_rpcs=self._most)
        self._server.add_generic_rpc_handlers((_handlers(self),))
        if self.certificates is not None:
            self._server.add_generic_rpc_handlers((self.certificates.handler(),))
        for name, where in (("plain", address), ("tls", tls), ("mtls", mtls)):
            if where:
                self.ports[name] = self._listen(name, where, names)
        await self._server.start()
        self._watcher = asyncio.create_task(self._watch())
        return self.ports.get("plain", 0)

    def _listen(self, name: str, address: str, names: tuple[str, ...]) -> int:
        try:
            if name == "plain":
                return int(self._server.add_insecure_port(address))
            if self.store is None:
                raise ConfigError("TLS needs an authority", path=name, remedy="Give its directory (--ca).")
            credentials = ServerCredentials(self.store, names, mutual=name == "mtls").credentials()
            return int(self._server.add_secure_port(address, credentials))
        except RuntimeError as error:
            raise ConfigError(f"cannot listen on {address}: {error}", path=name) from None

    async def stop(self, grace: float = 0.5) -> None:
        """End all streams and stop listening."""
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        if self._server is not None:
            await self._server.stop(grace)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._debounce)
            if await asyncio.to_thread(self.watched.poll):
                self.services = await asyncio.to_thread(self._build)
                self.push()

    def push(self) -> None:
        """Let every stream look at the state in force; those that are busy look once, later."""
        self.pushes += 1
        for connection in self.connections:
            connection.stale = True
            connection.wake.set()

    async def stream(self, requests: AsyncIterator[Any], context: Any, *, delta: bool) -> AsyncIterator[Any]:
        """One stream of either variant."""
        first = await anext(aiter(requests), None)
        if first is None:
            return
        connection = await self._connect(first, context, delta=delta)
        self.connections.append(connection)
        await connection.requests.put(first)
        connection.wake.set()
        reader = asyncio.create_task(_read(requests, connection))
        try:
            async for response in self._responses(connection, context):
                self.sent[KINDS[response.type_url]] += 1
                yield response
        finally:
            self.connections.remove(connection)
            self.rejected.update({kind: watch.rejections for kind, watch in connection.session.watches.items()})
            reader.cancel()

    async def _connect(self, first: Any, context: Any, *, delta: bool) -> Connection:
        pushes = self.pushes
        try:
            proxy = proxy_of(first.node)
            self.callers.check(context, proxy, account_of(first.node))
            generated = await asyncio.to_thread(self.generate, proxy)
        except CallerError as refused:
            await context.abort(status(refused), str(refused))
            raise
        except FastrouteError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise
        session: Session = DeltaSession(generated) if delta else SotwSession(generated)
        return Connection(proxy, session, "delta" if delta else "sotw", stale=pushes != self.pushes)

    async def _responses(self, connection: Connection, context: Any) -> AsyncIterator[Any]:
        """What is sent: requests are answered first, then the newest state is pushed once."""
        while not (connection.ended and connection.requests.empty()):
            await connection.wake.wait()
            connection.wake.clear()
            while not connection.requests.empty():
                try:
                    responses = connection.session.request(connection.requests.get_nowait())
                except RequestError as error:
                    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
                    raise
                for response in responses:
                    yield response
            if connection.stale:
                connection.stale = False
                generated = await asyncio.to_thread(self.generate, connection.proxy)
                for response in connection.session.push(generated):
                    yield response


async def _read(requests: AsyncIterator[Any], connection: Connection) -> None:
    try:
        async for request in requests:
            await connection.requests.put(request)
            connection.wake.set()
    finally:
        connection.ended = True
        connection.wake.set()


def _bytes(message: Any) -> bytes:
    return bytes(message.SerializeToString())


def _handlers(server: DiscoveryServer) -> Any:
    def handler(request: str, *, delta: bool) -> Any:
        async def behaviour(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
            async for response in server.stream(requests, context, delta=delta):
                yield response

        return grpc.stream_stream_rpc_method_handler(
            behaviour,
            request_deserializer=message_class(request).FromString,
            response_serializer=_bytes,
        )

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "StreamAggregatedResources": handler(api.DISCOVERY_REQUEST, delta=False),
            "DeltaAggregatedResources": handler(DELTA_REQUEST, delta=True),
        },
    )

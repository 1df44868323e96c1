"""The server on grpc.aio: streams, the newest state, pushes.

A change of the files is noticed within `debounce` seconds and read once they have been still for that long, at the
latest after `debounce_max`. The new state is built in a thread, for all proxies that are connected; each then waits
in the queue of pushes until it is sent what changed for it. Slow and hostile clients are bounded (see `limits`).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from fastroute.api import names as api
from fastroute.api.pool import message_class
from fastroute.errors import ConfigError, FastrouteError, RequestError
from fastroute.pilot.ca.failure import CallerError
from fastroute.pilot.ca.store import Store
from fastroute.pilot.discovery.findings import Finding
from fastroute.pilot.discovery.generated import Generated, generate
from fastroute.pilot.discovery.layers import Holding
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.server.callers import Callers, status
from fastroute.pilot.discovery.server.certificates import CertificateService, ServerCredentials
from fastroute.pilot.discovery.server.connection import Connection, EndedError
from fastroute.pilot.discovery.server.delta import DeltaSession
from fastroute.pilot.discovery.server.limits import LIMITS, Bucket, Limits
from fastroute.pilot.discovery.server.metrics import Metrics
from fastroute.pilot.discovery.server.protocol import account_of, proxy_of, version_of_node
from fastroute.pilot.discovery.server.pushes import PushQueue
from fastroute.pilot.discovery.server.severed import Severed
from fastroute.pilot.discovery.server.sotw import SotwSession
from fastroute.pilot.discovery.state import Mesh
from fastroute.pilot.discovery.watch import Watched
from fastroute.pilot.profiles import PROFILES

SERVICE: Final = "envoy.service.discovery.v3.AggregatedDiscoveryService"
DELTA_REQUEST: Final = "envoy.service.discovery.v3.DeltaDiscoveryRequest"
SERVER_NAMES: Final = ("istiod.istio-system.svc", "istiod.istio-system", "localhost", "127.0.0.1", "::1")
"""What the server's own certificate is for."""
KEEPALIVE: Final = (
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.so_reuseport", 0),
)
T = TypeVar("T")
END: Final = cast("object", grpc.aio.EOF)  # pyright: ignore[reportAttributeAccessIssue]
"""What `read` gives when the client has no more to say."""


class DiscoveryServer:
    """Serves a directory. `start` and `stop` belong to the event loop that it runs in."""

    def __init__(
        self,
        *paths: str | Path,
        profile: str = "current",
        debounce: float = 0.1,
        debounce_max: float = 10.0,
        limits: Limits = LIMITS,
        store: Store | None = None,
        lenient: bool = False,
    ) -> None:
        self.watched = Watched(*paths, lenient=lenient)
        self.profile = PROFILES[profile]
        self.limits = limits
        self.metrics = Metrics()
        self.connections: list[Connection] = []
        self.pushes = 0
        self.ports: dict[str, int] = {}
        """The ports listened on: `plain`, `tls`, `mtls`."""
        self.store = store
        self.callers = Callers(store, lambda: self.registry.mesh.trust_domain)
        self.certificates = CertificateService(store, self.callers) if store is not None else None
        self.rejected: Counter[str] = Counter()
        """Responses that streams refused which have ended, by kind."""
        self.expired = 0
        """Requests of streams which have ended that spoke of another response than the last."""
        self._debounce, self._debounce_max = debounce, debounce_max
        self._mesh = Mesh(self.profile, self.watched.registry)
        self._queue = PushQueue(limits.push_throttle, self.metrics)
        self._new_streams = Bucket(limits.new_streams, max(1, int(limits.new_streams)))
        self._thread = ThreadPoolExecutor(1, "states")
        self._server: Any = None
        self._severed = Severed()
        self._background: list[asyncio.Task[None]] = []

    @property
    def registry(self) -> Registry:
        """The state in force."""
        return self._mesh.registry

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What had to be left out or decided when resources were made that are in force."""
        return self._mesh.findings()

    @property
    def services(self) -> tuple[Service, ...]:
        """The services of the state in force."""
        return self._mesh.services

    async def quiet(self) -> None:
        """Wait until no push goes on."""
        await self._queue.quiet()

    def is_current(self) -> bool:
        """Whether the files as they are now are in force (or refused), and no proxy waits for its part."""
        return self.is_current_state() and all(one.waiting is None for one in self.connections)

    def is_current_state(self) -> bool:
        """Whether the files as they are now are in force, or refused."""
        settled = self.watched.error is not None or self.watched.registry is self.registry
        return self.watched.is_current() and settled

    def generate(self, proxy: Proxy) -> Generated:
        """What a proxy is to have now, computed afresh."""
        return generate(self.registry, proxy, self.profile, services=self.services)

    async def start(
        self, address: str = "127.0.0.1:0", *, tls: str = "", mtls: str = "", names: tuple[str, ...] = SERVER_NAMES
    ) -> int:
        """Listen; the port for plain text (0 if there is none). `tls` and `mtls` are ADDRESS:PORT and need a store."""
        options = [
            *KEEPALIVE,
            ("grpc.max_receive_message_length", self.limits.message_bytes),
            ("grpc.max_concurrent_streams", self.limits.streams_of_connection),
        ]
        self._server = grpc.aio.server(options=options, maximum_concurrent_rpcs=self.limits.streams)
        self._server.add_generic_rpc_handlers((_handlers(self),))
        if self.certificates is not None:
            self._server.add_generic_rpc_handlers((self.certificates.handler(),))
        for name, where in (("plain", address), ("tls", tls), ("mtls", mtls)):
            if where:
                self.ports[name] = self._listen(name, where, names)
        await self._server.start()
        self._background = [asyncio.create_task(work) for work in (self._watch(), self._guard())]
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
        for task in self._background:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._queue.stop()
        await self._end_all(grace)
        if self._server is not None:
            await self._server.stop(grace)
        self._thread.shutdown(wait=False)

    async def _end_all(self, grace: float) -> None:
        """Tell all clients that the server goes, and wait for them at most so many seconds."""
        tasks = [one.task for one in self.connections if one.task is not None]
        for one in list(self.connections):
            one.end("the server stops")
        if tasks:
            await asyncio.wait(tasks, timeout=grace)

    async def _watch(self) -> None:
        """Notice changes, wait until the files are still, take the new state."""
        while True:
            await asyncio.sleep(self._debounce)
            if not await self.work(self.watched.moved):
                continue
            first = time.monotonic()
            self.metrics.add("pilot_inbound_updates", type="config")
            while time.monotonic() - first < self._debounce_max:
                await asyncio.sleep(self._debounce)
                if not await self.work(self.watched.moved):
                    break
                self.metrics.add("pilot_inbound_updates", type="config")
            self.metrics.observe("pilot_debounce_time", time.monotonic() - first)
            if await self.work(self.watched.poll):
                await self.update(self.watched.registry, first)

    async def _guard(self) -> None:
        """Look every now and then for streams that take nothing."""
        while True:
            await asyncio.sleep(min(1.0, self.limits.send / 4))
            now = time.monotonic()
            for connection in list(self.connections):
                connection.check(now, self.limits.send)
            self._severed.sweep()

    async def update(self, registry: Registry, changed_at: float | None = None) -> None:
        """Take a new state, and let each stream wait for its part of it."""
        begin = time.monotonic()
        connections = list(self.connections)
        holdings = await self.work(lambda: self._holdings(registry, [one.proxy for one in connections]))
        self.metrics.observe("pilot_pushcontext_init_seconds", time.monotonic() - begin)
        self.metrics.add("pilot_push_triggers", type="config")
        self.pushes += 1
        for connection, holding in zip(connections, holdings, strict=True):
            connection.remember(self.pushes, holding)
            self._queue.put(connection, holding, begin if changed_at is None else changed_at)

    def _holdings(self, registry: Registry, proxies: list[Proxy]) -> list[Holding]:
        with _without_collection():
            self._mesh.load(registry)
            self._mesh.forget(proxies)
            return [self._mesh.holding(proxy) for proxy in proxies]

    async def work(self, what: Callable[[], T]) -> T:
        """Run in the one thread that states are built in."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, what)

    async def stream(self, context: Any, *, delta: bool) -> None:
        """One stream of either variant."""
        connection: Connection | None = None
        try:
            first = await self._first(context, delta=delta)
            if first is None:
                return
            connection = self._connection(first, context, delta=delta)
            self.connections.append(connection)
            await self._serve(connection, first, context, delta=delta)
        except CallerError as refused:
            await self._refuse(context, status(refused), str(refused), connection)
        except FastrouteError as error:
            await self._refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(error), connection)
        except EndedError:
            await self._end(context, connection)
        except asyncio.CancelledError:
            if connection is None or not connection.failure:
                raise
            await self._end(context, connection)
        finally:
            if connection is not None and connection in self.connections:
                self._leave(connection)

    async def _end(self, context: Any, connection: Connection | None) -> None:
        """End a stream for the reason that its connection gives."""
        assert connection is not None
        self._leave(connection)
        await self._refuse(context, grpc.StatusCode.UNAVAILABLE, connection.failure, connection)

    async def _refuse(
        self, context: Any, code: grpc.StatusCode, reason: str, connection: Connection | None = None
    ) -> None:
        """End a stream with a status; one that takes nothing any more does not even take that."""
        self.metrics.add("pilot_xds_refused_streams", code=code.name)
        if connection is not None:
            connection.ending, connection.failure = True, connection.failure or reason
            await connection.quiet()
            if connection.too_slow:
                self.metrics.add("pilot_xds_write_timeout")
                self._severed.add(connection)
                raise asyncio.CancelledError
        await context.abort(code, reason)

    async def _first(self, context: Any, *, delta: bool) -> Any:
        """The first request; None if the client ends its side at once."""
        wait = self._new_streams.take(time.monotonic(), self.limits.new_stream_wait)
        if wait > self.limits.new_stream_wait:
            await self._refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "too many new streams; try again later")
        await asyncio.sleep(wait)
        try:
            async with asyncio.timeout(self.limits.first_request):
                data = await context.read()
        except TimeoutError:
            raise RequestError(f"no request within {self.limits.first_request:g} s") from None
        return None if data is END else _request(data, delta=delta)

    def _connection(self, first: Any, context: Any, *, delta: bool) -> Connection:
        proxy = proxy_of(first.node)
        self.callers.check(context, proxy, account_of(first.node))
        made = Connection(proxy, "delta" if delta else "sotw", context, self.metrics)
        made.version, made.task = version_of_node(first.node), asyncio.current_task()
        return made

    async def _serve(self, connection: Connection, first: Any, context: Any, *, delta: bool) -> None:
        """Answer requests, at most so many a second; pushes come from the queue."""
        holding = await self.work(lambda: self._mesh.holding(connection.proxy))
        connection.remember(self.pushes, holding)
        connection.session = DeltaSession(holding) if delta else SotwSession(holding)
        await connection.request(first)
        await connection.push()
        bucket = Bucket(self.limits.requests, self.limits.burst)
        read, hears = context.read, connection.hears
        while (data := await read()) is not END:
            if wait := bucket.take(time.monotonic()):
                await asyncio.sleep(wait)
            if not hears(data):
                await connection.request(_request(data, delta=delta), data)

    def _leave(self, connection: Connection) -> None:
        self.connections.remove(connection)
        if connection.session is not None:
            watches = connection.session.watches
            self.rejected.update({kind: watch.rejections for kind, watch in watches.items()})
            self.expired += sum(watch.expired for watch in watches.values())

    def disconnect(self, name: str) -> int:
        """End the streams of a proxy (`NAME.NAMESPACE`, or a stream's id); how many."""
        ended = [one for one in self.connections if name in (one.id, f"{one.proxy.name}.{one.proxy.namespace}")]
        for one in ended:
            one.end("the server was told to end the stream")
        return len(ended)


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Let no garbage be looked for meanwhile: much is made and nearly all of it stays, so looking takes long."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _request(data: bytes, *, delta: bool) -> Any:
    """A request; RequestError if the bytes are none."""
    kind = DELTA_REQUEST if delta else api.DISCOVERY_REQUEST
    try:
        return message_class(kind).FromString(data)
    except DecodeError:
        raise RequestError(f"{len(data)} bytes that are no {kind.rpartition('.')[2]}") from None


def _handlers(server: DiscoveryServer) -> Any:
    def handler(*, delta: bool) -> Any:
        async def behaviour(_: Any, context: Any) -> None:
            await server.stream(context, delta=delta)

        return grpc.stream_stream_rpc_method_handler(behaviour)

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {"StreamAggregatedResources": handler(delta=False), "DeltaAggregatedResources": handler(delta=True)},
    )

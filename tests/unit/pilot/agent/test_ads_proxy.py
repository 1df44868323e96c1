"""The ADS proxy between a client and a control plane, without an Envoy: bytes, order, ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from io import StringIO
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from support.pods import productpage
from support.ports import free_ports

from fastroute.pilot.agent.ads_proxy import METHODS, SERVICE, AdsProxy
from fastroute.pilot.agent.counters import Counters
from fastroute.pilot.agent.failure import AgentError
from fastroute.pilot.agent.log import Log
from fastroute.pilot.agent.settings import settings
from fastroute.pilot.agent.upstream import Upstream
from fastroute.pilot.profiles import PROFILES

Use = Callable[["Between"], Awaitable[None]]


class ControlPlane:
    """Echoes each message with the method's name before it; `end` ends the stream, `fail` fails it."""

    def __init__(self) -> None:
        self.open = 0
        self.cancelled = 0

    async def start(self, port: int) -> None:
        self.server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
        handlers = {name: grpc.stream_stream_rpc_method_handler(self._echo(name), bytes, bytes) for name in METHODS}
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        self.server.add_insecure_port(f"127.0.0.1:{port}")
        await self.server.start()

    def _echo(self, name: str) -> Callable[[AsyncIterator[bytes], Any], AsyncIterator[bytes]]:
        async def echo(requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
            self.open += 1
            try:
                async for data in requests:
                    if data == b"end":
                        return
                    if data == b"fail":
                        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too much")
                    yield name.encode() + b":" + data
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
            finally:
                self.open -= 1

        return echo


class Between:
    """The proxy, a control plane behind it, and streams through both."""

    def __init__(self, root: Path, port: int) -> None:
        environment = {"PROXY_CONFIG": f'{{"controlPlaneAuthPolicy": "NONE", "discoveryAddress": "127.0.0.1:{port}"}}'}
        made = settings(productpage(**environment), PROFILES["current"], root)
        self.counters = Counters()
        self.plane = ControlPlane()
        self.port = port
        self.path = made.xds_socket
        upstream = Upstream(made, f"127.0.0.1:{port}")
        self.proxy = AdsProxy(self.path, upstream, self.counters, Log(stream=StringIO()))

    def stream(self, method: str = METHODS[0]) -> Any:
        channel = grpc.aio.insecure_channel(f"unix:{self.path}", options=[("grpc.max_receive_message_length", -1)])
        call = channel.stream_stream(f"/{SERVICE}/{method}", request_serializer=bytes, response_deserializer=bytes)()
        self.channels.append(channel)
        return call

    channels: list[grpc.aio.Channel]


def between(root: Path, use: Use) -> None:
    async def run() -> None:
        made = Between(root, free_ports(1)[0])
        made.channels = []
        await made.plane.start(made.port)
        await made.proxy.start()
        try:
            async with asyncio.timeout(20):
                await use(made)
        finally:
            for channel in made.channels:
                await channel.close()
            await made.proxy.close()
            await made.plane.server.stop(None)

    asyncio.run(run())


@pytest.mark.parametrize("method", METHODS)
def test_both_variants_byte_for_byte_in_order(method: str, short_path: Path) -> None:
    async def use(made: Between) -> None:
        stream = made.stream(method)
        sent = [bytes([number]) * 3 for number in range(50)] + [b"\xff" * (6 << 20)]
        for data in sent:
            await stream.write(data)
        for data in sent:
            assert await stream.read() == method.encode() + b":" + data
        assert made.counters.get("xds_proxy_requests") == made.counters.get("xds_proxy_responses") == 51

    between(short_path, use)


@pytest.mark.parametrize(("order", "details"), [(b"end", "the control plane ended the stream"), (b"fail", "too much")])
def test_the_end_of_the_upstream_stream_ends_envoys(order: bytes, details: str, short_path: Path) -> None:
    async def use(made: Between) -> None:
        stream = made.stream()
        await stream.write(order)
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await stream.read()
        assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
        assert details in str(ended.value.details())
        again = made.stream()
        await again.write(b"x")
        assert await again.read() == b"StreamAggregatedResources:x"

    between(short_path, use)


def test_an_absent_control_plane_ends_envoys_stream_and_its_return_is_found(short_path: Path) -> None:
    async def use(made: Between) -> None:
        await made.plane.server.stop(None)
        stream = made.stream()
        await stream.write(b"x")
        with pytest.raises(grpc.aio.AioRpcError, match="UNAVAILABLE"):
            await stream.read()
        assert made.counters.get("istiod_connection_failures") == 1
        await made.plane.start(made.port)
        answer = None
        while answer is None:
            again = made.stream()
            try:
                await again.write(b"y")
                answer = await again.read()
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                await asyncio.sleep(0.1)
        assert answer == b"StreamAggregatedResources:y"

    between(short_path, use)


def test_a_new_stream_of_envoy_ends_the_one_before(short_path: Path) -> None:
    async def use(made: Between) -> None:
        first = made.stream()
        await first.write(b"x")
        await first.read()
        second = made.stream()
        await second.write(b"y")
        assert await second.read() == b"StreamAggregatedResources:y"
        with pytest.raises(grpc.aio.AioRpcError, match="a newer stream took the place of this one"):
            await first.read()
        await second.write(b"z")
        assert await second.read() == b"StreamAggregatedResources:z"
        assert made.plane.open == 1

    between(short_path, use)


def test_envoy_going_away_ends_the_upstream_stream(short_path: Path) -> None:
    async def use(made: Between) -> None:
        stream = made.stream()
        await stream.write(b"x")
        await stream.read()
        assert made.plane.open == 1
        stream.cancel()
        while made.plane.open:
            await asyncio.sleep(0.02)

    between(short_path, use)


def test_unknown_methods_are_unimplemented(short_path: Path) -> None:
    async def use(made: Between) -> None:
        with pytest.raises(grpc.aio.AioRpcError, match="UNIMPLEMENTED"):
            await made.stream("FetchResources").read()

    between(short_path, use)


def test_the_socket_is_for_the_owner_only(short_path: Path) -> None:
    async def use(made: Between) -> None:
        assert made.path.stat().st_mode & 0o777 == 0o600
        assert made.path.parent.stat().st_mode & 0o777 == 0o700
        with pytest.raises(AgentError, match="another process serves this socket"):
            await AdsProxy(made.path, made.proxy._upstream, made.counters, Log(stream=StringIO())).start()

    between(short_path, use)

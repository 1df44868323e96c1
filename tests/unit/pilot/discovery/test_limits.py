"""Clients that are slow, hostile or too many: bounded, and the others are served."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from support import bookinfo

from fastroute.api import names
from fastroute.api.pool import message_class, new
from fastroute.pilot.discovery.registry.directory import Registry, read_texts
from fastroute.pilot.discovery.server.limits import Bucket, Limits
from fastroute.pilot.discovery.server.service import SERVICE, DiscoveryServer
from fastroute.pilot.discovery.server.severed import NAME

NODE = f"sidecar~10.240.2.38~{bookinfo.PRODUCTPAGE}.default~default.svc.cluster.local"
Code = grpc.StatusCode


def asking(kind: str = names.CLUSTER, **fields: Any) -> Any:
    made: Any = new(names.DISCOVERY_REQUEST)
    made.type_url, made.node.id = names.url(kind), NODE
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def opened(channel: Any) -> Any:
    return channel.stream_stream(
        f"/{SERVICE}/StreamAggregatedResources",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_class(names.DISCOVERY_RESPONSE).FromString,
    )()


def served(work: Callable[[DiscoveryServer, Any], Awaitable[None]], **limits: Any) -> DiscoveryServer:
    """Run `work` with a server of these limits and a channel to it."""

    async def run() -> DiscoveryServer:
        server = DiscoveryServer(bookinfo.DIRECTORY, limits=Limits(**limits))
        port = await server.start()
        options = [("grpc.max_receive_message_length", -1), ("grpc.http2.bdp_probe", 0)]
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
                await asyncio.wait_for(work(server, channel), 20)
        finally:
            await server.stop()
        return server

    return asyncio.run(run())


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    bucket = Bucket(10.0, 5)
    assert [bucket.take(100.0) for _ in range(5)] == [0.0] * 5
    assert abs(bucket.take(100.0) - 0.1) < 1e-6
    assert abs(bucket.take(100.0) - 0.2) < 1e-6
    assert bucket.take(200.0) == 0.0


def test_who_is_refused_takes_nothing_from_those_who_come_later() -> None:
    bucket = Bucket(1.0, 1)
    assert bucket.take(100.0) == 0.0
    assert all(bucket.take(100.0, 0.5) == 1.0 for _ in range(1_000))
    assert bucket.take(101.0) == 0.0


def test_a_stream_must_say_who_it_is() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        stream = opened(channel)
        await stream.wait_for_connection()
        assert await stream.code() is Code.INVALID_ARGUMENT
        assert server.connections == []

    served(work, first_request=0.1)


def test_streams_have_a_limit() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        first = opened(channel)
        await first.write(asking())
        assert (await first.read()).resources
        more = opened(channel)
        assert await more.code() is Code.RESOURCE_EXHAUSTED

    served(work, streams=1)


def test_new_streams_have_a_rate() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        first, second, third = opened(channel), opened(channel), opened(channel)
        for stream in (first, second, third):
            with contextlib.suppress(grpc.aio.AioRpcError):  # refused before it was written to
                await stream.write(asking())
        codes = []
        for stream in (first, second, third):
            response = asyncio.ensure_future(stream.read())
            ended = asyncio.ensure_future(stream.code())
            done, _ = await asyncio.wait({response, ended}, return_when=asyncio.FIRST_COMPLETED)
            codes.append(ended.result() if ended in done else None)
            response.cancel()
        assert codes.count(Code.RESOURCE_EXHAUSTED) == 2, "one a hundred seconds, one of them at once"

    served(work, new_streams=0.01, new_stream_wait=0.5)


def test_requests_have_a_rate() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        stream = opened(channel)
        await stream.write(asking())
        await stream.read()
        begin = time.monotonic()
        for _ in range(20):
            await stream.write(asking(response_nonce="stale"))
        await stream.write(asking(names.LISTENER))
        await stream.read()
        assert time.monotonic() - begin > 0.5, "20 requests beyond a burst of 5 at 20 a second"

    served(work, requests=20.0, burst=5)


def large() -> Registry:
    """A mesh whose clusters are more than a connection's window takes."""
    entry = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: n%d, namespace: default}
spec: {hosts: [h%d.example.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC,
  endpoints: [{address: 10.0.0.1}]}
"""
    return read_texts([(f"{number}.yaml", entry % (number, number)) for number in range(300)])


def calls() -> int:
    """The calls that gRPC holds, whether their handlers have returned or not."""
    return sum(task.get_name() == NAME for task in asyncio.all_tasks())


async def answered(channel: Any) -> Any:
    """A stream that has its clusters. gRPC holds the first call and the newest one, so no other should be either."""
    stream = opened(channel)
    await stream.write(asking())
    assert (await stream.read()).resources
    return stream


async def ending(stream: Any) -> Any:
    """The status of a stream, when all has been read that was sent."""
    with contextlib.suppress(grpc.aio.AioRpcError):
        while await stream.read() is not grpc.aio.EOF:
            pass
    return await stream.code()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.02)


def test_a_client_that_does_not_read_is_cut_off_and_the_others_are_served() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        quick = await answered(channel)
        slow = opened(channel)
        await slow.write(asking())
        registries = [large(), server.registry]
        for number in range(40):
            await server.update(registries[number % 2])
            await quick.read()
            if len(server.connections) == 1:
                break
        await until(lambda: len(server.connections) == 1)
        await until(lambda: calls() == 1)
        await answered(channel)
        assert await ending(slow) is Code.CANCELLED, "what was being written has been given up, with the call"
        await server.update(large() if len(server.services) < 100 else registries[1])
        assert (await quick.read()).resources, "the other one goes on"
        assert server.metrics.total("pilot_xds_write_timeout") == 1
        assert server.metrics.total("pilot_total_xds_internal_errors") == 0

    served(work, send=0.3)


def test_a_client_that_asks_and_does_not_read_is_cut_off() -> None:
    """Requests behind one whose response is not taken are not even read."""

    async def work(server: DiscoveryServer, channel: Any) -> None:
        await server.update(large())
        await answered(channel)
        stream = opened(channel)
        for _ in range(30):
            await stream.write(asking())
        await until(lambda: len(server.connections) == 2)
        await until(lambda: len(server.connections) == calls() == 1)
        await opened(channel).write(asking())
        assert await ending(stream) is Code.CANCELLED
        assert server.metrics.total("pilot_xds_pushes") < 30
        assert server.metrics.total("pilot_xds_write_timeout") == 1

    served(work, send=0.3)


def test_a_stream_is_ended_when_what_is_being_written_was_taken() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        await server.update(large())
        stream = opened(channel)
        for _ in range(30):
            await stream.write(asking())
        await until(lambda: bool(server.connections) and bool(server.connections[0].writing_since))
        server.disconnect(server.connections[0].id)
        assert await ending(stream) is Code.UNAVAILABLE
        assert "told to end" in await stream.details()

    served(work)


def test_states_that_come_faster_than_they_are_sent_are_merged() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        stream = opened(channel)
        await stream.write(asking())
        await stream.read()
        connection = server.connections[0]
        connection.writer = asyncio.current_task()
        for registry in (large(), read_texts([]), large()):
            await server.update(registry)
        connection.writer = None
        await connection.push()
        response = await stream.read()
        assert len(response.resources) > 300, "the newest state, once"
        assert server.metrics.total("pilot_push_merged") == 2

    served(work)

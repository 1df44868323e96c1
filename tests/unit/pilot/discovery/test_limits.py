"""Clients that are slow, hostile or too many: bounded, and the others are served."""

from __future__ import annotations

import asyncio
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
                await asyncio.wait_for(work(server, channel), 60)
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
            await stream.write(asking())
        codes = []
        for stream in (first, second, third):
            response = asyncio.ensure_future(stream.read())
            ended = asyncio.ensure_future(stream.code())
            done, _ = await asyncio.wait({response, ended}, return_when=asyncio.FIRST_COMPLETED)
            codes.append(ended.result() if ended in done else None)
            response.cancel()
        assert codes.count(Code.RESOURCE_EXHAUSTED) >= 1

    served(work, new_streams=1.0, new_stream_wait=0.5)


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


def test_a_client_that_does_not_read_is_cut_off_and_the_others_are_served() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        slow, quick = opened(channel), opened(channel)
        for stream in (slow, quick):
            await stream.write(asking())
        assert (await quick.read()).resources
        registries = [large(), server.registry]
        for number in range(40):
            await server.update(registries[number % 2])
            await quick.read()
            if server.metrics.total("pilot_xds_write_timeout"):
                break
        while len(server.connections) > 1:
            await asyncio.sleep(0.05)
        await server.update(large() if len(server.services) < 100 else registries[1])
        assert (await quick.read()).resources, "the other one goes on"
        assert server.metrics.total("pilot_xds_write_timeout") == 1
        assert server.metrics.total("pilot_total_xds_internal_errors") == 0

    served(work, send=0.3)


def test_states_that_come_faster_than_they_are_sent_are_merged() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        stream = opened(channel)
        await stream.write(asking())
        await stream.read()
        connection = server.connections[0]
        async with connection.lock:
            for registry in (large(), read_texts([]), large()):
                await server.update(registry)
        response = await stream.read()
        assert len(response.resources) > 300, "the newest state, once"
        assert server.metrics.total("pilot_push_merged") == 2

    served(work)

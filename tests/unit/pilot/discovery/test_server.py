"""The server's HTTP side, and streams that nobody should open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from support import bookinfo

from fastroute.api import names
from fastroute.api.pool import message_class, new
from fastroute.config import read
from fastroute.pilot.agent.http_server import Call, Reply
from fastroute.pilot.discovery.server.debug import Debug
from fastroute.pilot.discovery.server.limits import LIMITS
from fastroute.pilot.discovery.server.service import SERVICE, DiscoveryServer

PROXY = f"{bookinfo.PRODUCTPAGE}.default"


def page(path: str, method: str = "GET") -> Reply:
    async def run() -> Reply:
        server = DiscoveryServer(bookinfo.DIRECTORY)
        await server.start()
        path_only, _, query = path.partition("?")
        try:
            return await Debug(server).answer(Call(method, path_only, query=query))
        finally:
            await server.stop()

    return asyncio.run(run())


def test_pages() -> None:
    assert page("/ready").body == b"ready\n"
    assert json.loads(page("/debug/syncz").body) == []
    assert json.loads(page("/debug/push_status").body) == {"pushes": 0, "error": None, "findings": []}
    assert "reviews.default.svc.cluster.local:9080" in json.loads(page("/debug/endpointz").body)
    metrics = page("/metrics").body
    assert b"\npilot_xds_pushes 0\n" in metrics
    assert b"\npilot_destrule_subsets 0\n" in metrics
    assert "/debug/syncz" in json.loads(page("/debug/list").body)
    assert page("/debug").body == page("/debug/").body == page("/debug/list").body
    assert json.loads(page("/debug/pushes").body) == {}
    assert (page("/nowhere").status, page("/ready", "POST").status) == (404, 405)


def test_the_dump_of_a_proxy_is_what_it_would_be_sent() -> None:
    dumped = read(json.loads(page(f"/debug/config_dump/{PROXY}").body))
    wanted = bookinfo.generated("current")
    assert [one.message for one in dumped.clusters] == wanted.clusters
    assert [one.message for one in dumped.routes] == wanted.routes
    assert page("/debug/config_dump/nobody").status == 404
    assert page(f"/debug/config_dump?proxyID={PROXY}").body == page(f"/debug/config_dump/{PROXY}").body


def with_stream(work: Callable[[Any], Awaitable[None]]) -> DiscoveryServer:
    """Run `work` on a stream to a server."""

    async def run() -> DiscoveryServer:
        server = DiscoveryServer(bookinfo.DIRECTORY)
        port = await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.stream_stream(
                f"/{SERVICE}/StreamAggregatedResources",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=message_class(names.DISCOVERY_RESPONSE).FromString,
            )
            await asyncio.wait_for(work(call()), 10)
        await server.stop()
        return server

    return asyncio.run(run())


def request(kind: str, **fields: Any) -> Any:
    made: Any = new(names.DISCOVERY_REQUEST)
    made.type_url = names.url(kind)
    made.node.id = f"sidecar~10.240.2.38~{PROXY}~default.svc.cluster.local"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_a_stream_gets_its_clusters_and_is_forgotten() -> None:
    async def work(stream: Any) -> None:
        await stream.write(request(names.CLUSTER))
        response = await stream.read()
        assert len(response.resources) == len(bookinfo.generated("current").clusters)
        assert response.version_info == bookinfo.generated("current").versions["clusters"]
        await stream.done_writing()
        assert await stream.read() is grpc.aio.EOF

    server = with_stream(work)
    assert (server.connections, server.metrics.total("pilot_xds_pushes")) == ([], 1)


@pytest.mark.parametrize(
    ("node", "code"),
    [("", grpc.StatusCode.INVALID_ARGUMENT), ("router~1.1.1.1~a.b~c", grpc.StatusCode.INVALID_ARGUMENT)],
)
def test_streams_without_a_sidecar_are_refused(node: str, code: grpc.StatusCode) -> None:
    async def work(stream: Any) -> None:
        first = request(names.CLUSTER)
        first.node.id = node
        await stream.write(first)
        assert await stream.code() is code

    with_stream(work)


def test_streams_are_told_that_the_server_stops() -> None:
    async def run() -> None:
        server = DiscoveryServer(bookinfo.DIRECTORY)
        port = await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stream = channel.stream_stream(
                f"/{SERVICE}/StreamAggregatedResources",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=message_class(names.DISCOVERY_RESPONSE).FromString,
            )()
            await stream.write(request(names.CLUSTER))
            await stream.read()
            await asyncio.wait_for(server.stop(), 10)
            assert (await stream.code(), await stream.details()) == (grpc.StatusCode.UNAVAILABLE, "the server stops")

    asyncio.run(run())


def test_requests_have_a_limit() -> None:
    async def work(stream: Any) -> None:
        await stream.write(request(names.CLUSTER, response_nonce="x" * (LIMITS.message_bytes + 1)))
        assert await stream.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    with_stream(work)

"""Requests that no proxy should send: each ends its own stream at most, and the server goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import pytest
from support import bookinfo

from fastroute.api import names
from fastroute.api.pool import message_class, new
from fastroute.pilot.discovery.server.protocol import MOST_NAMES
from fastroute.pilot.discovery.server.service import DELTA_REQUEST, SERVICE, DiscoveryServer

NODE = f"sidecar~10.240.2.38~{bookinfo.PRODUCTPAGE}.default~default.svc.cluster.local"
DELTA_RESPONSE = "envoy.service.discovery.v3.DeltaDiscoveryResponse"
Code = grpc.StatusCode


def asking(kind: str = names.CLUSTER, **fields: Any) -> bytes:
    made: Any = new(fields.pop("of", names.DISCOVERY_REQUEST))
    made.type_url, made.node.id = names.url(kind), fields.pop("node", NODE)
    for name, value in fields.items():
        field = getattr(made, name)
        field.extend(value) if isinstance(value, list) else setattr(made, name, value)
    return bytes(made.SerializeToString())


def opened(channel: Any, method: str = "StreamAggregatedResources") -> Any:
    """A stream of bytes."""
    return channel.stream_stream(f"/{SERVICE}/{method}")()


def answer(data: Any) -> Any:
    assert data is not grpc.aio.EOF
    return message_class(names.DISCOVERY_RESPONSE).FromString(data)


def served(work: Callable[[DiscoveryServer, Any], Awaitable[None]]) -> DiscoveryServer:
    """Run `work` with a server; then somebody who behaves is served, and no fault of ours was counted."""

    async def run() -> DiscoveryServer:
        server = DiscoveryServer(bookinfo.DIRECTORY)
        port = await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                await asyncio.wait_for(work(server, channel), 20)
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                stream = opened(channel)
                await stream.write(asking())
                assert answer(await asyncio.wait_for(stream.read(), 10)).resources
        finally:
            await server.stop()
        assert server.metrics.total("pilot_total_xds_internal_errors") == 0
        return server

    return asyncio.run(run())


POLLER = "PollerCompletionQueue._handle_events"
"""What gRPC's poller says of itself: it may still call the loop of an earlier test, which is closed."""


@pytest.mark.parametrize("method", ["StreamAggregatedResources", "DeltaAggregatedResources"])
@pytest.mark.parametrize("garbage", [b"\xff" * 40, b"\x12\x7f", b"\x0a\x02\xff\xfe", bytes(range(256))])
def test_garbage_ends_the_stream(method: str, garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        first, later = opened(channel, method), opened(channel, method)
        await first.write(garbage)
        assert await first.code() is Code.INVALID_ARGUMENT
        await later.write(asking(of=DELTA_REQUEST if method.startswith("Delta") else names.DISCOVERY_REQUEST))
        await later.read()
        await later.write(garbage)
        assert await later.code() is Code.INVALID_ARGUMENT
        while server.connections:  # the client hears of its end before the server has cleared up
            await asyncio.sleep(0.01)

    with caplog.at_level(logging.ERROR):
        served(work)
    told = [record for record in caplog.records if POLLER not in record.getMessage()]
    assert told == [], "a client's fault is no error of the server"


def test_unknown_types_are_passed_over() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        stream = opened(channel)
        await stream.write(asking("envoy.extensions.transport_sockets.tls.v3.Secret", resource_names=["default"]))
        await stream.write(asking("no.such.Type"))
        await stream.write(asking())
        assert answer(await stream.read()).type_url == names.url(names.CLUSTER)
        assert [set(one.session.watches) for one in server.connections if one.session] == [{"clusters"}]

    served(work)


def test_wrong_nonces_are_counted_and_answered_with_nothing() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        stream = opened(channel)
        await stream.write(asking())
        first = answer(await stream.read())
        for nonce in ("x", "", f"{first.nonce}0", "0" * 1000)[::-1]:
            if nonce:
                await stream.write(asking(response_nonce=nonce))
        await stream.write(asking(names.LISTENER))
        assert answer(await stream.read()).type_url == names.url(names.LISTENER)
        watch = server.connections[0].session.watches["clusters"]  # type: ignore[union-attr]
        assert (watch.expired, watch.status) == (3, "STALE (Never Acknowledged)")

    served(work)


def test_too_many_names_end_the_stream() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        stream = opened(channel)
        await stream.write(asking(names.CLUSTER_LOAD_ASSIGNMENT, resource_names=["n"] * (MOST_NAMES + 1)))
        assert await stream.code() is Code.INVALID_ARGUMENT
        assert str(MOST_NAMES) in await stream.details()

    served(work)


def test_unknown_endpoints_are_answered_in_the_size_of_the_question() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        stream = opened(channel)
        await stream.write(asking(names.CLUSTER_LOAD_ASSIGNMENT, resource_names=[f"n{n}" for n in range(1000)]))
        response = await stream.read()
        assert len(answer(response).resources) == 1000
        assert len(response) < 200 * 1000

    served(work)


def test_another_method_is_not_there() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        assert await opened(channel, "StreamNothing").code() is Code.UNIMPLEMENTED

    served(work)


def test_a_node_that_changes_later_changes_nothing() -> None:
    async def work(server: DiscoveryServer, channel: Any) -> None:
        stream = opened(channel)
        await stream.write(asking())
        await stream.read()
        await stream.write(asking(names.LISTENER, node="sidecar~1.2.3.4~other.other~other.svc.cluster.local"))
        await stream.read()
        assert [one.proxy.namespace for one in server.connections] == ["default"]

    served(work)


def test_versions_and_names_that_never_were() -> None:
    """What a client has that is no more is taken from it; giving up what was not asked for is nothing."""

    async def work(server: DiscoveryServer, channel: Any) -> None:
        stream = opened(channel, "DeltaAggregatedResources")
        made: Any = new(DELTA_REQUEST)
        made.type_url, made.node.id = names.url(names.CLUSTER), NODE
        made.initial_resource_versions["gone"] = "1"
        made.resource_names_unsubscribe.append("never asked for")
        await stream.write(made.SerializeToString())
        response = message_class(DELTA_RESPONSE).FromString(await stream.read())
        assert list(response.removed_resources) == ["gone"]  # type: ignore[attr-defined]

    served(work)

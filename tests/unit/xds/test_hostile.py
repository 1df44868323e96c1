"""Servers that send garbage, too much, or nothing: the router answers from the last good snapshot and says why."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from types import TracebackType
from typing import Any, Self

import grpc
import pytest
from support import xds_resources as made
from support.ads_server import AdsServer
from support.xds_resources import until

from fastroute.api import names, pool
from fastroute.xds import FollowingRouter, connect
from fastroute.xds.kinds import ADS_METHODS, ADS_SERVICE, CLUSTERS

QUICK = {**made.ADS, "initial_fetch_timeout": "0.2s"}


class RawServer:
    """A gRPC server whose streams say what `say` yields."""

    def __init__(self, say: Callable[[], Iterator[bytes]], port: int = 0) -> None:
        self._server = grpc.server(futures.ThreadPoolExecutor(8))
        handler = grpc.stream_stream_rpc_method_handler(lambda requests, context: say(), bytes, bytes)
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(ADS_SERVICE, dict.fromkeys(ADS_METHODS, handler)),)
        )
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop(0).wait(5)


@contextlib.contextmanager
def tcp_server(port: int, data: bytes) -> Iterator[int]:
    """A server that sends `data` to whoever connects, and nothing more."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", port)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    held.append(client)
                    client.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    for client in held:
        client.close()


def response(*resources: bytes, nonce: str = "n", type_url: str = CLUSTERS.url) -> bytes:
    message: Any = pool.new(names.DISCOVERY_RESPONSE)
    message.version_info, message.nonce, message.type_url = "1", nonce, type_url
    for data in resources:
        message.resources.add(type_url=type_url, value=data)
    return bytes(message.SerializeToString())


def quick(port: int) -> dict[str, Any]:
    return made.bootstrap(made.server_cluster(port), ads=made.grpc(), source=QUICK)


def good(router: FollowingRouter) -> bool:
    return str(router.pick("c")) == "127.0.0.1:1"


@contextlib.contextmanager
def router_of_a_good_server() -> Iterator[tuple[FollowingRouter, int]]:
    """A router that is ready, and the port of its server, which has gone."""
    with AdsServer(made.world(1)) as server, connect(made.followed(server.port)) as router:
        assert good(router.ready(10))
        server.stop()
        yield router, server.port


def silence() -> Iterator[bytes]:
    time.sleep(3)
    yield from ()


def test_nothing_at_all() -> None:
    with RawServer(silence) as server, connect(quick(server.port)) as router:
        router.ready(10)
        assert sorted(router.snapshot.clusters) == ["xds"]
        assert router.status().feeds[0].connected
    with tcp_server(0, b"") as port, connect(quick(port)) as router:
        router.ready(10)
        assert not router.status().feeds[0].connected


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\n\r\n", os.urandom(4096), b"\0" * 100_000])
def test_something_that_is_not_grpc(data: bytes) -> None:
    with router_of_a_good_server() as (router, port), tcp_server(port, data):
        until(lambda: router.status().feeds[0].error)
        assert good(router)
        assert not router.status().feeds[0].connected


def test_bytes_that_are_no_response() -> None:
    def say() -> Iterator[bytes]:
        yield b"\xff" * 100
        time.sleep(2)

    with router_of_a_good_server() as (router, port), RawServer(say, port):
        until(lambda: "100 bytes came that are no response" in router.status().feeds[0].error)
        assert good(router)


def test_more_than_is_taken() -> None:
    """gRPC says no before it reads the message; nothing of it is kept."""
    with AdsServer(made.world(1)) as first, connect(made.followed(first.port), most_bytes=1 << 20) as router:
        router.ready(10)
        first.stop()
        with RawServer(lambda: iter([response(b"x" * (32 << 20))]), first.port):
            until(lambda: "larger than max" in router.status().feeds[0].error)
            assert good(router)


@pytest.mark.parametrize(
    "data",
    [
        response(b"\xff"),
        response(b"\x0a\x01a\x0a", b""),
        response(type_url="type.googleapis.com/none.Such"),
        response(b"", type_url=""),
        response(*[b"\x0a\x01c"] * 1000),
        response(b"\x0a\x01c" + b"\x8a\x02" + b"\xff\xff\xff\xff\x0f"),
    ],
    ids=["bytes", "cut", "type", "no-type", "same", "length"],
)
def test_responses_without_sense(data: bytes) -> None:
    def say() -> Iterator[bytes]:
        yield data
        time.sleep(2)

    with router_of_a_good_server() as (router, port), RawServer(say, port):
        before = router.status().feeds[0].responses
        until(lambda: router.status().feeds[0].responses > before)
        endpoint = router.pick("c")
        assert endpoint is None or str(endpoint) == "127.0.0.1:1"
        assert router.status().feeds[0].connected


def test_refused_responses_as_fast_as_possible() -> None:
    """They are read more and more slowly: neither the router nor the program starves."""
    sent = 0

    def say() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield response(b"\xff", nonce=str(sent))

    with router_of_a_good_server() as (router, port), RawServer(say, port):
        until(lambda: router.status().feeds[0].refusals > 6)
        begin = router.status().feeds[0].responses
        time.sleep(1)
        assert router.status().feeds[0].responses - begin < 20
        assert good(router)

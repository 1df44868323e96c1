"""Application probes and the small HTTP parts they stand on, against a real local server."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from support.agents import Application
from support.pods import productpage
from support.ports import free_ports

from fastroute.errors import ParseError
from fastroute.pilot.agent.app_probes import AppProbes
from fastroute.pilot.agent.http_client import HttpError, request
from fastroute.pilot.agent.http_server import Call, HttpServer, Reply

PATH = "/app-health/app/livez"


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    with Application() as running:
        yield running


def probe(prober: dict[str, Any], path: str = PATH) -> Reply | None:
    inputs = productpage(INSTANCE_IP="127.0.0.1", ISTIO_KUBE_APP_PROBERS=json.dumps({PATH: prober}))
    return asyncio.run(AppProbes(inputs).reply(path))


def status(prober: dict[str, Any]) -> int:
    reply = probe(prober)
    assert reply is not None
    return reply.status


def test_the_status_is_copied(application: Application) -> None:
    assert status({"httpGet": {"port": application.port, "path": "/"}}) == 200
    assert status({"httpGet": {"port": application.port, "path": "broken"}}) == 418


def test_the_call_comes_from_127_0_0_6_with_the_headers_of_the_probe(application: Application) -> None:
    get = {"port": application.port, "path": "/from", "httpHeaders": [{"name": "Host", "value": "mine"}]}
    reply = probe({"httpGet": get})
    assert reply is not None
    assert reply.body == b"127.0.0.6 mine"


def test_ten_redirects_to_the_same_host(application: Application) -> None:
    assert status({"httpGet": {"port": application.port, "path": "/redirect/9"}}) == 200
    assert status({"httpGet": {"port": application.port, "path": "/redirect/10"}}) == 500


def test_a_redirect_to_another_host_is_an_answer(application: Application) -> None:
    assert status({"httpGet": {"port": application.port, "path": "/away"}}) == 302


def test_bodies_are_cut(application: Application) -> None:
    reply = probe({"httpGet": {"port": application.port, "path": "/large"}})
    assert reply is not None
    assert len(reply.body) == 10240


def test_timeouts_and_refusals(application: Application) -> None:
    slow = {"httpGet": {"port": application.port, "path": "/slow"}, "timeoutSeconds": 0.2}
    assert status(slow) == 500
    assert status({"httpGet": {"port": free_ports(1)[0]}}) == 500


def test_tcp(application: Application) -> None:
    assert status({"tcpSocket": {"port": application.port}}) == 200
    assert status({"tcpSocket": {"port": free_ports(1)[0]}}) == 500


@pytest.mark.parametrize(("answer", "expected"), [(b"\x08\x01", 200), (b"\x08\x02", 500), (b"", 500)])
def test_grpc(answer: bytes, expected: int) -> None:
    asked: list[bytes] = []

    def check(data: bytes, _context: grpc.ServicerContext) -> bytes:
        asked.append(data)
        return answer

    server = grpc.server(futures.ThreadPoolExecutor(1))
    handlers = {"Check": grpc.unary_unary_rpc_method_handler(check, bytes, bytes)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.health.v1.Health", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert status({"grpc": {"port": port, "service": "s" * 200}}) == expected
    finally:
        server.stop(0).wait(5)
    assert asked == [b"\x0a\xc8\x01" + b"s" * 200]


def test_other_paths_are_not_probes() -> None:
    assert probe({"tcpSocket": {"port": 1}}, "/app-health/app/readyz") is None


@pytest.mark.parametrize(
    "probers",
    [
        {"/other": {"tcpSocket": {"port": 1}}},
        {PATH: {}},
        {PATH: {"tcpSocket": {"port": 1}, "httpGet": {"port": 1}}},
        {PATH: {"tcpSocket": {"port": "web"}}},
        {PATH: None},
    ],
)
def test_bad_probers_are_refused_by_name(probers: dict[str, Any]) -> None:
    with pytest.raises(ParseError, match="ISTIO_KUBE_APP_PROBERS"):
        AppProbes(productpage(ISTIO_KUBE_APP_PROBERS=json.dumps(probers)))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"junk\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x" * 100000,
    ],
)
def test_the_client_survives_bad_servers(answer: bytes) -> None:
    async def run() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await request("127.0.0.1", port, "/", timeout=2)

    with pytest.raises(HttpError):
        asyncio.run(run())


def test_chunked_answers() -> None:
    async def run() -> bytes:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            writer.write(b"3;x=1\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            return (await request("127.0.0.1", server.sockets[0].getsockname()[1], "/")).body

    assert asyncio.run(run()) == b"abcde"


@pytest.mark.parametrize(
    "sent", [b"", b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/3\r\n\r\n", b"\xff\xfe\r\n\r\n", b"GET /" + b"a" * 99999]
)
def test_the_server_survives_bad_clients(sent: bytes) -> None:
    async def handle(call: Call) -> Reply:
        return Reply(200, call.path.encode())

    async def run() -> bytes:
        server = HttpServer(handle)
        port = await server.start("127.0.0.1", 0, "test")
        bad = socket.create_connection(("127.0.0.1", port))
        bad.sendall(sent)
        bad.close()
        answer = await request("127.0.0.1", port, "/good?x")
        await server.close()
        return answer.body

    assert asyncio.run(run()) == b"/good"

"""The secured side of the discovery server: certificates over tokens, streams over certificates, rotation."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from support import bookinfo
from support.pods import productpage

from fastroute.api import names
from fastroute.api.pool import message_class, new
from fastroute.pilot.agent.ca_client import create_certificate
from fastroute.pilot.agent.certificates import Workload
from fastroute.pilot.agent.failure import AgentError
from fastroute.pilot.agent.settings import settings
from fastroute.pilot.agent.upstream import Upstream
from fastroute.pilot.ca import tokens
from fastroute.pilot.ca.identity import Identity
from fastroute.pilot.ca.store import Store
from fastroute.pilot.discovery.server.service import SERVICE, DiscoveryServer
from fastroute.pilot.profiles import PROFILES

ME = Identity("default", "bookinfo-productpage")
PROXY = f"sidecar~10.240.2.38~{bookinfo.PRODUCTPAGE}.default~default.svc.cluster.local"


def served(short_path: Path, work: Callable[[DiscoveryServer], Awaitable[None]]) -> None:
    async def run() -> None:
        server = DiscoveryServer(bookinfo.DIRECTORY, store=Store(short_path / "ca"))
        await server.start("127.0.0.1:0", tls="127.0.0.1:0", mtls="127.0.0.1:0")
        try:
            async with asyncio.timeout(20):
                await work(server)
        finally:
            await server.stop()

    asyncio.run(run())


def upstream(server: DiscoveryServer, root: Path, identity: Identity | None, port: str = "tls") -> Upstream:
    """The agent's own way to the server, with a token of `identity`."""
    assert server.store is not None
    (root / "var/run/secrets/istio").mkdir(parents=True, exist_ok=True)
    (root / "var/run/secrets/istio/root-cert.pem").write_bytes(server.store.authority.roots)
    if identity is not None:
        (root / "var/run/secrets/tokens").mkdir(parents=True, exist_ok=True)
        token = tokens.issue(server.store.token_key(), identity, time.time(), 60)
        (root / "var/run/secrets/tokens/istio-token").write_text(token)
    return Upstream(settings(productpage(), PROFILES["current"], root), f"localhost:{server.ports[port]}")


async def certificate(one: Upstream, identity: Identity = ME) -> Workload:
    return await create_certificate(one, identity.uri, lifetime=3600, elliptic=True, rsa_bits=2048)


def test_the_agent_gets_its_certificate_for_a_token(short_path: Path) -> None:
    async def work(server: DiscoveryServer) -> None:
        got = await certificate(upstream(server, short_path, ME))
        sans = got.certificate().extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert sans.get_values_for_type(x509.UniformResourceIdentifier) == [ME.uri]
        assert server.store is not None
        assert got.roots == server.store.authority.roots

    served(short_path, work)


def test_nobody_gets_the_certificate_of_another(short_path: Path) -> None:
    async def work(server: DiscoveryServer) -> None:
        with pytest.raises(AgentError, match=r"INVALID_ARGUMENT.*sa/bookinfo-productpage"):
            await certificate(upstream(server, short_path, ME), Identity("default", "bookinfo-reviews"))
        with pytest.raises(AgentError, match="UNAUTHENTICATED"):
            await certificate(upstream(server, short_path / "none", None))
        assert server.certificates is not None
        assert server.certificates.counters["authentication_failure_count"] == 1

    served(short_path, work)


async def first_answer(channel: Any, metadata: tuple[tuple[str, str], ...] = (), node: str = PROXY) -> Any:
    """The clusters, or the status that the stream ends with."""
    asked: Any = new(names.DISCOVERY_REQUEST)
    asked.type_url, asked.node.id = names.url(names.CLUSTER), node
    asked.node.metadata.update({"SERVICE_ACCOUNT": "bookinfo-productpage"})
    call = channel.stream_stream(
        f"/{SERVICE}/StreamAggregatedResources",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_class(names.DISCOVERY_RESPONSE).FromString,
    )(metadata=metadata)
    try:
        await call.write(asked)
        return len((await call.read()).resources)
    except grpc.aio.AioRpcError as error:
        return error.code()


def secured(server: DiscoveryServer, port: str, own: Workload | None = None) -> Any:
    assert server.store is not None
    pair = {"private_key": own.key, "certificate_chain": own.chain} if own is not None else {}
    credentials = grpc.ssl_channel_credentials(server.store.authority.roots, **pair)
    return grpc.aio.secure_channel(f"localhost:{server.ports[port]}", credentials)


def test_streams_over_certificates_and_tokens(short_path: Path) -> None:
    clusters = len(bookinfo.generated("current").clusters)

    async def work(server: DiscoveryServer) -> None:
        own = await certificate(upstream(server, short_path, ME))
        assert server.store is not None
        token = (("authorization", f"Bearer {tokens.issue(server.store.token_key(), ME, time.time(), 60)}"),)
        other = Identity("default", "bookinfo-reviews")
        foreign = (("authorization", f"Bearer {tokens.issue(server.store.token_key(), other, time.time(), 60)}"),)
        async with secured(server, "mtls", own) as channel:
            assert await first_answer(channel) == clusters
            elsewhere = PROXY.replace(".default~default", ".prod~prod")
            assert await first_answer(channel, node=elsewhere) is grpc.StatusCode.PERMISSION_DENIED
        async with secured(server, "mtls") as channel:
            assert await first_answer(channel, token) is grpc.StatusCode.UNAVAILABLE
        async with secured(server, "tls") as channel:
            assert await first_answer(channel, token) == clusters
            assert await first_answer(channel) is grpc.StatusCode.UNAUTHENTICATED
            assert await first_answer(channel, foreign) is grpc.StatusCode.PERMISSION_DENIED
        async with grpc.aio.insecure_channel(f"localhost:{server.ports['plain']}") as channel:
            assert await first_answer(channel) == clusters

    served(short_path, work)


def test_a_new_authority_shows_in_the_next_handshake(short_path: Path) -> None:
    async def work(server: DiscoveryServer) -> None:
        def serial() -> int:
            text = ssl.get_server_certificate(("127.0.0.1", server.ports["tls"]), timeout=5)
            return x509.load_pem_x509_certificate(text.encode()).serial_number

        first, again = await asyncio.to_thread(serial), await asyncio.to_thread(serial)
        other = Store(short_path / "other").directory
        for name in ("ca-key.pem", "ca-cert.pem", "root-cert.pem"):
            (short_path / "ca" / name).write_bytes((other / name).read_bytes())
        assert first == again != await asyncio.to_thread(serial)
        got = await certificate(upstream(server, short_path, ME))
        assert got.roots == (other / "root-cert.pem").read_bytes()
        async with secured(server, "mtls", got) as channel:
            assert await first_answer(channel) > 0

    served(short_path, work)

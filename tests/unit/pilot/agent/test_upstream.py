"""The channel to the control plane over TLS: the mesh's root, the token, mounted certificates."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest
from support.authority import Authority
from support.pods import productpage

from fastroute.errors import ConfigError
from fastroute.pilot.agent.settings import settings
from fastroute.pilot.agent.upstream import Upstream, check
from fastroute.pilot.profiles import PROFILES

AUTHORITY = Authority()


async def echo(requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
    """Answers with the metadata that came."""
    async for _ in requests:
        metadata = {key: str(value) for key, value in context.invocation_metadata()}
        identity = context.auth_context().get("x509_subject_alternative_name", [b""])[0]
        yield json.dumps({**metadata, "identity": identity.decode()}).encode()


def asked(root: Path, *, client_certificates: bool = False, **environment: str) -> dict[str, str]:
    """What a control plane with TLS saw of one stream."""

    async def run() -> dict[str, str]:
        server = grpc.aio.server()
        handlers = {"Stream": grpc.stream_stream_rpc_method_handler(echo, bytes, bytes)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test", handlers),))
        pair = AUTHORITY.server("localhost")
        credentials = grpc.ssl_server_credentials([pair], AUTHORITY.root, client_certificates)
        address = f"localhost:{server.add_secure_port('localhost:0', credentials)}"
        await server.start()
        upstream = Upstream(settings(productpage(**environment), PROFILES["current"], root), address)
        check(upstream)
        try:
            async with upstream.channel() as channel, asyncio.timeout(10):
                call = channel.stream_stream("/test/Stream", request_serializer=bytes, response_deserializer=bytes)
                stream = call(metadata=upstream.metadata())
                await stream.write(b"x")
                seen: dict[str, str] = json.loads(await stream.read())
                return seen
        finally:
            await server.stop(None)

    return asyncio.run(run())


def put(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def test_the_root_of_the_mesh_and_the_token(tmp_path: Path) -> None:
    put(tmp_path / "var/run/secrets/istio/root-cert.pem", AUTHORITY.root)
    put(tmp_path / "var/run/secrets/tokens/istio-token", b"abc\n")
    seen = asked(tmp_path, XDS_HEADER_X_A="b")
    assert (seen["authorization"], seen["clusterid"], seen["x-a"]) == ("Bearer abc", "Kubernetes", "b")


def test_another_root_by_variable(tmp_path: Path) -> None:
    put(tmp_path / "mine.pem", AUTHORITY.root)
    assert asked(tmp_path, XDS_ROOT_CA="mine.pem")["clusterid"] == "Kubernetes"


def test_a_root_that_did_not_sign_is_not_trusted(tmp_path: Path) -> None:
    put(tmp_path / "var/run/secrets/istio/root-cert.pem", Authority().root)
    with pytest.raises(grpc.aio.AioRpcError):
        asked(tmp_path)


@pytest.mark.parametrize(
    ("variable", "value", "directory"), [("FILE_MOUNTED_CERTS", "true", "etc/certs"), ("PROV_CERT", "mine", "mine")]
)
def test_mounted_certificates_in_place_of_the_token(variable: str, value: str, directory: str, tmp_path: Path) -> None:
    put(tmp_path / "var/run/secrets/tokens/istio-token", b"abc\n")
    for name, data in zip(("key.pem", "cert-chain.pem", "root-cert.pem"), AUTHORITY.workload(), strict=True):
        put(tmp_path / directory / name, data)
    seen = asked(tmp_path, client_certificates=True, **{variable: value})
    assert seen["identity"] == "spiffe://t/ns/n/sa/a"
    assert "authorization" not in seen


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"istio/root-cert\.pem: cannot be read"):
        asked(tmp_path)

"""The secret server over its socket, without an Envoy: names, pushes, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from support.authority import Authority
from support.pods import productpage

from fastroute.api import names, pool
from fastroute.errors import ParseError
from fastroute.pilot.agent.certificates import Workload, checked, request, spiffe_id
from fastroute.pilot.agent.counters import Counters
from fastroute.pilot.agent.log import Log
from fastroute.pilot.agent.sds import SecretServer
from fastroute.pilot.agent.settings import settings
from fastroute.pilot.profiles import PROFILES

METHOD = "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets"
SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret"
AUTHORITY = Authority()
FILES = ("key.pem", "cert-chain.pem", "root-cert.pem")


def mount(root: Path, material: tuple[bytes, bytes, bytes]) -> None:
    directory = root / "etc/certs"
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in zip(FILES, material, strict=True):
        (directory / name).write_bytes(data)


def asking(*wanted: str, nonce: str = "") -> bytes:
    message: Any = pool.new(names.DISCOVERY_REQUEST)
    message.resource_names.extend(wanted)
    message.response_nonce = nonce
    data: bytes = message.SerializeToString()
    return data


def response(data: bytes) -> tuple[Any, list[Any]]:
    message: Any = pool.message_class(names.DISCOVERY_RESPONSE).FromString(data)
    return message, [pool.message_class(SECRET).FromString(packed.value) for packed in message.resources]


def served(root: Path, use: Callable[[Any], Awaitable[None]]) -> None:
    """Run `use` on a stream to a secret server over the files under `root`."""

    async def run() -> None:
        made = settings(productpage(FILE_DEBOUNCE_DURATION="20ms"), PROFILES["current"], root)
        server = SecretServer(made.sds_socket, made, Counters(), Log(stream=StringIO()))
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"unix:{made.sds_socket}") as channel:
                async with asyncio.timeout(20):
                    await use(channel.stream_stream(METHOD, request_serializer=bytes, response_deserializer=bytes)())
        finally:
            await server.close()

    asyncio.run(run())


def test_names_acknowledgements_and_pushes(short_path: Path) -> None:
    first, second = AUTHORITY.workload(), AUTHORITY.workload()
    mount(short_path, first)
    (short_path / "root.pem").write_bytes(AUTHORITY.root)

    async def use(stream: Any) -> None:
        await stream.write(asking("default", "ROOTCA", "file-root:root.pem"))
        message, (own, roots, file) = response(await stream.read())
        assert message.version_info.endswith("/1")
        assert own.tls_certificate.certificate_chain.inline_bytes == first[1]
        assert own.tls_certificate.private_key.inline_bytes == first[0]
        assert roots.validation_context.trusted_ca.inline_bytes == first[2]
        assert file.validation_context.trusted_ca.inline_bytes == AUTHORITY.root
        await stream.write(asking("default", "ROOTCA", "file-root:root.pem", nonce=message.nonce))
        mount(short_path, second)
        _, secrets = response(await stream.read())
        assert secrets[0].tls_certificate.certificate_chain.inline_bytes == second[1]

    served(short_path, use)


def test_names_may_change_on_a_stream(short_path: Path) -> None:
    mount(short_path, AUTHORITY.workload())

    async def use(stream: Any) -> None:
        await stream.write(asking("default"))
        message, _ = response(await stream.read())
        await stream.write(asking("stale", nonce="of another response"))
        await stream.write(asking("ROOTCA", nonce=message.nonce))
        _, (roots,) = response(await stream.read())
        assert roots.name == "ROOTCA"

    served(short_path, use)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing", "nothing: there is no such secret"),
        ("file-root:absent", "absent: cannot be read"),
        ("file-cert:absent", "file-cert:absent: file-cert:CHAIN~KEY is expected"),
    ],
)
def test_what_cannot_be_served_ends_the_stream(name: str, says: str, short_path: Path) -> None:
    mount(short_path, AUTHORITY.workload())

    async def use(stream: Any) -> None:
        await stream.write(asking(name))
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await stream.read()
        assert says in str(ended.value.details())

    served(short_path, use)


def test_junk_ends_the_stream(short_path: Path) -> None:
    async def use(stream: Any) -> None:
        await stream.write(b"\xff\xff\xff")
        with pytest.raises(grpc.aio.AioRpcError, match="INVALID_ARGUMENT"):
            await stream.read()

    served(short_path, use)


def test_files_by_name(short_path: Path) -> None:
    material = AUTHORITY.workload()
    mount(short_path, material)

    async def use(stream: Any) -> None:
        await stream.write(asking("file-cert:etc/certs/cert-chain.pem~etc/certs/key.pem"))
        _, (secret,) = response(await stream.read())
        assert secret.tls_certificate.private_key.inline_bytes == material[0]

    served(short_path, use)


def test_a_key_must_belong_to_its_certificate() -> None:
    one, other = AUTHORITY.workload(), AUTHORITY.workload()
    assert checked(Workload(*one), "here").key == one[0]
    with pytest.raises(ParseError, match="here: the key does not belong"):
        checked(Workload(other[0], one[1], one[2]), "here")
    for broken in ((b"", one[1], one[2]), (one[0], b"x", one[2]), (one[0], one[1], b"x")):
        with pytest.raises(ParseError, match="here: not a usable key or certificate"):
            checked(Workload(*broken), "here")


def test_renewal_is_at_a_share_of_what_is_left_when_the_certificate_comes() -> None:
    """Not of what it says of its beginning, which lies before its making: a short one would be renewed without end."""
    workload = Workload(*AUTHORITY.workload(days=10))
    end = workload.certificate().not_valid_after_utc
    received = end - timedelta(minutes=1)
    assert workload.renewal(0.5, received) == end - timedelta(seconds=30)
    assert workload.renewal(0.2, received) == end - timedelta(seconds=12)


@pytest.mark.parametrize("elliptic", [True, False])
def test_requests_carry_the_identity(elliptic: bool) -> None:
    identity = spiffe_id("td", "ns", "sa")
    _, csr = request(identity, elliptic=elliptic)
    signed = Workload(b"", AUTHORITY.sign(csr, timedelta(days=1)), b"").certificate()
    assert identity == "spiffe://td/ns/ns/sa/sa"
    assert identity.encode() in signed.tbs_certificate_bytes

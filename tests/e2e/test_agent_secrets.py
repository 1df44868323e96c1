"""Certificates that the agent serves to a real Envoy: from files and from a CA, and their rotation."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from support.ads_server import AdsServer
from support.agents import Application, RunningAgent, resources
from support.authority import Authority, AuthorityServer
from support.ports import free_ports

pytestmark = pytest.mark.envoy
FILES = ("key.pem", "cert-chain.pem", "root-cert.pem")


@pytest.fixture
def application() -> Iterator[Application]:
    with Application() as running:
        yield running


def served(port: int) -> x509.Certificate:
    """The certificate that Envoy shows."""
    return x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port), timeout=5).encode())


def serial(port: int) -> int:
    return served(port).serial_number


def mount(directory: Path, material: tuple[bytes, bytes, bytes]) -> None:
    """Put the files there as Kubernetes does: a directory of its own behind a link that moves."""
    version = directory / f"..{len(list(directory.iterdir()))}"
    version.mkdir()
    for name, data in zip(FILES, material, strict=True):
        (version / name).write_bytes(data)
    temporary = directory / "..tmp"
    temporary.symlink_to(version.name)
    temporary.rename(directory / "..data")
    for name in FILES:
        if not (directory / name).is_symlink():
            (directory / name).symlink_to(f"..data/{name}")


@pytest.mark.parametrize("profile", ["1.8", "current"])
def test_s043_certificates_from_files_and_their_rotation(
    profile: str, application: Application, short_path: Path
) -> None:
    port, secure = free_ports(2)
    directory = short_path / "etc/certs"
    directory.mkdir(parents=True)
    authority = Authority()
    first, second = authority.workload(), authority.workload()
    mount(directory, first)
    with (
        AdsServer(resources(application.port, port, tls_port=secure)) as server,
        RunningAgent(short_path, server.address, profile) as agent,
    ):
        agent.wait_ready()
        agent.wait_for(lambda: serial(secure) == x509.load_pem_x509_certificate(first[1]).serial_number)
        assert server.refused == []
        mount(directory, second)
        agent.wait_for(lambda: serial(secure) == x509.load_pem_x509_certificate(second[1]).serial_number)
        mount(directory, (first[0], second[1], second[2]))
        agent.wait_for(lambda: "the key does not belong to the certificate" in agent.log())
        assert serial(secure) == x509.load_pem_x509_certificate(second[1]).serial_number, "the usable one stays"
        assert "istio_agent_num_file_secret_failures_total 1" in agent.get("/metrics")[1]


def test_certificates_from_the_ca_are_renewed_before_they_end(application: Application, short_path: Path) -> None:
    port, secure = free_ports(2)
    token = short_path / "var/run/secrets/tokens/istio-token"
    token.parent.mkdir(parents=True)
    token.write_text("secret-token\n")
    with (
        AuthorityServer(seconds=6) as authority,
        AdsServer(resources(application.port, port, tls_port=secure)) as server,
        RunningAgent(
            short_path,
            server.address,
            "current",
            CA_ADDR=authority.address,
            TRUST_DOMAIN="td",
            ECC_SIGNATURE_ALGORITHM="ECDSA",
            OUTPUT_CERTS="out",
            XDS_HEADER_X_MINE="1",
        ) as agent,
    ):
        agent.wait_ready()
        agent.wait_for(lambda: serial(secure) == authority.issued[0].serial_number)
        names = served(secure).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://td/ns/n/sa/a"]
        assert authority.metadata["authorization"] == server.metadata["authorization"] == "Bearer secret-token"
        assert server.metadata["x-mine"] == "1"
        assert (short_path / "out/root-cert.pem").read_bytes() == authority.authority.root
        assert (short_path / "out/key.pem").stat().st_mode & 0o777 == 0o600
        agent.wait_for(lambda: len(authority.issued) > 1)
        assert authority.issued[1].not_valid_before_utc < authority.issued[0].not_valid_after_utc
        agent.wait_for(lambda: serial(secure) == authority.issued[-1].serial_number)


def test_an_absent_ca_is_asked_again(application: Application, short_path: Path) -> None:
    port, secure, absent = free_ports(3)
    with (
        AdsServer(resources(application.port, port, tls_port=secure)) as server,
        RunningAgent(short_path, server.address, "current", CA_ADDR=f"127.0.0.1:{absent}") as agent,
    ):
        agent.wait_for(lambda: agent.log().count("no certificate for the workload yet") > 2)
        assert agent.process.poll() is None
        assert "istio_agent_num_failed_outgoing_requests" in agent.get("/metrics")[1]

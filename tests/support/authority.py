"""A certificate authority for tests: signs in process, or serves istio.v1.auth.IstioCertificateService."""

from __future__ import annotations

from concurrent import futures
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fastroute.pilot.agent.certificates import request
from fastroute.pilot.ca.messages import message_classes

PEM = serialization.Encoding.PEM


class Authority:
    """One self-signed root."""

    def __init__(self, name: str = "root") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self._name, self._key.public_key(), [], timedelta(days=1), ca=True)
        self.root = self.certificate.public_bytes(PEM)

    def sign(self, csr: bytes, lifetime: timedelta) -> bytes:
        """The certificate that a request asks for, as PEM."""
        asked = x509.load_pem_x509_csr(csr)
        names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        public: Any = asked.public_key()
        return self._sign(x509.Name([]), public, list(names), lifetime).public_bytes(PEM)

    def workload(self, identity: str = "spiffe://t/ns/n/sa/a", days: float = 1) -> tuple[bytes, bytes, bytes]:
        """A key, its chain and the root."""
        key, csr = request(identity, elliptic=True)
        return key, self.sign(csr, timedelta(days=days)), self.root

    def server(self, *names: str) -> tuple[bytes, bytes]:
        """A key and a certificate for a server of these DNS names."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        sans: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        certificate = self._sign(x509.Name([]), key.public_key(), sans, timedelta(days=1))
        return pem, certificate.public_bytes(PEM)

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        names: list[x509.GeneralName],
        lifetime: timedelta,
        ca: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(seconds=1)).not_valid_after(now + lifetime)
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
        return builder.sign(self._key, hashes.SHA256())


class AuthorityServer:
    """The service on a loopback port; each certificate lives for `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.authority = Authority()
        self.issued: list[x509.Certificate] = []
        self.metadata: dict[str, str] = {}
        self._lifetime = timedelta(seconds=seconds)

    def __enter__(self) -> Self:
        self._server = grpc.server(futures.ThreadPoolExecutor(2))
        method = grpc.unary_unary_rpc_method_handler(self._create, bytes, bytes)
        handler = grpc.method_handlers_generic_handler(
            "istio.v1.auth.IstioCertificateService", {"CreateCertificate": method}
        )
        self._server.add_generic_rpc_handlers((handler,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop(0).wait(5)

    def _create(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        asked_class, given_class = message_classes()
        asked: Any = asked_class.FromString(data)
        self.metadata = {key: str(value) for key, value in context.invocation_metadata()}
        chain = self.authority.sign(asked.csr.encode(), self._lifetime)
        self.issued.append(x509.load_pem_x509_certificate(chain))
        answer: Any = given_class(cert_chain=[chain.decode(), self.authority.root.decode()])
        answered: bytes = answer.SerializeToString()
        return answered

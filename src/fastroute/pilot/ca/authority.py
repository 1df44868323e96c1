"""Signing: a root that signs itself, certificates of workloads, the server's own.

Rules:
- Keys of the authority are elliptic (P-256). Requests may have RSA keys of 2048 bits or more, or P-256 and P-384.
- A certificate says one identity, as a critical URI name, whatever else the request says; a request that names
  another identity than its caller's is refused.
- A lifetime is what is asked for, at most `longest`; 0 means the default. It starts two minutes early, because
  clocks differ, and does not outlive the authority's own certificate.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fastroute.pilot.ca.failure import CallerError
from fastroute.pilot.ca.identity import Identity

PEM: Final = serialization.Encoding.PEM
SKEW: Final = timedelta(minutes=2)
DEFAULT: Final = timedelta(hours=24)
LONGEST: Final = timedelta(days=90)
ROOT_LIFETIME: Final = timedelta(days=3650)
MOST_CSR_BYTES: Final = 16 << 10
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class Authority:
    """A signing key with its certificate. All PEM: `chain` leads from `certificate` to one of `roots`."""

    key: Key
    certificate: x509.Certificate
    chain: bytes = b""
    """Intermediate certificates, the authority's own first; empty when it is a root."""
    roots: bytes = b""

    def sign(self, csr: bytes, identity: Identity, lifetime: timedelta, now: datetime | None = None) -> bytes:
        """The chain of a workload's certificate, without the root; CallerError says what is wrong with the request."""
        asked = _request(csr)
        _check_names(asked, identity)
        names = [x509.UniformResourceIdentifier(identity.uri)]
        wanted = min(lifetime, LONGEST) if lifetime > timedelta() else DEFAULT
        return self._leaf(_public(asked.public_key()), names, wanted, now or datetime.now(UTC), critical=True)

    def server(self, names: Iterable[str], lifetime: timedelta = DEFAULT, now: datetime | None = None) -> Pair:
        """A new key and chain for a server of these DNS names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        at = now or datetime.now(UTC)
        chain = self._leaf(key.public_key(), [_server_name(name) for name in names], lifetime, at, critical=False)
        return Pair(private(key), chain, at + lifetime / 2)

    def renewed(self, now: datetime) -> Authority:
        """The same root with a new lifetime: same key and name, so what it signed stays valid."""
        root = _root(self.key, self.certificate.subject, now)
        return Authority(self.key, root, b"", root.public_bytes(PEM))

    @property
    def is_root(self) -> bool:
        """Whether it signed its own certificate."""
        return self.certificate.subject == self.certificate.issuer

    def _leaf(
        self,
        public: PublicKey,
        names: Sequence[x509.GeneralName],
        lifetime: timedelta,
        at: datetime,
        *,
        critical: bool,
    ) -> bytes:
        issuer = self.certificate
        end = min(at + lifetime, issuer.not_valid_after_utc)
        usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(issuer.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - SKEW)
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName(names), critical=critical)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return made.public_bytes(PEM) + self.chain


@dataclass(frozen=True, slots=True)
class Pair:
    """A key and its chain as PEM, and when to make the next one."""

    key: bytes
    chain: bytes
    renewal: datetime


def new_root(organization: str, now: datetime | None = None) -> Authority:
    """A new authority that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
    root = _root(key, name, now or datetime.now(UTC))
    return Authority(key, root, b"", root.public_bytes(PEM))


def private(key: Key) -> bytes:
    """A private key as PEM."""
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _root(key: Key, name: x509.Name, now: datetime) -> x509.Certificate:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + ROOT_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_encipherment=not signs, key_cert_sign=signs, crl_sign=signs,
        content_commitment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _server_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _request(csr: bytes) -> x509.CertificateSigningRequest:
    if len(csr) > MOST_CSR_BYTES:
        raise CallerError(f"the request has {len(csr)} bytes; at most {MOST_CSR_BYTES} are taken", known=True)
    try:
        asked = x509.load_pem_x509_csr(csr)
        if asked.is_signature_valid:
            return asked
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        pass
    raise CallerError("not a certificate request in PEM that its own key has signed", known=True)


def _check_names(asked: x509.CertificateSigningRequest, identity: Identity) -> None:
    """A request may say nothing about names, or name exactly its caller."""
    try:
        extension = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return
    except ValueError:
        raise CallerError("the extensions of the certificate request cannot be read", known=True) from None
    for name in extension.value:
        if not (isinstance(name, x509.UniformResourceIdentifier) and name.value == identity.uri):
            raise CallerError(f"the request names {name.value!r}, but the caller is {identity.uri}", known=True)


def _public(key: object) -> PublicKey:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
        return key
    raise CallerError("the key must be RSA with 2048 bits or more, or elliptic on P-256 or P-384", known=True)

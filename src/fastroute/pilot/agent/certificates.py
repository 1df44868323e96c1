"""Keys and certificates of the workload: making a key and a request, reading files, and when to renew.

A certificate is renewed when the share SECRET_GRACE_PERIOD_RATIO of its lifetime is left (one half by default). The
lifetime begins when it is received: authorities let certificates begin earlier, for clocks that are late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fastroute.errors import ParseError


@dataclass(frozen=True, slots=True)
class Workload:
    """The key and chain of a workload and the roots that it trusts, as PEM."""

    key: bytes
    chain: bytes
    roots: bytes

    def certificate(self) -> x509.Certificate:
        """The workload's own certificate, the first of the chain."""
        return x509.load_pem_x509_certificates(self.chain)[0]

    def renewal(self, ratio: float, received: datetime) -> datetime:
        """When the certificate, received then, is to be renewed: `ratio` of its lifetime before it ends."""
        end = self.certificate().not_valid_after_utc
        return end - (end - received) * ratio


def checked(workload: Workload, where: str) -> Workload:
    """`workload` if its key belongs to its certificate and its roots can be read; ParseError names `where`."""
    try:
        key = serialization.load_pem_private_key(workload.key, password=None)
        certificate = workload.certificate()
        x509.load_pem_x509_certificates(workload.roots)
    except (ValueError, TypeError, IndexError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise ParseError(f"not a usable key or certificate: {error}", path=where) from None
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*spki) != certificate.public_key().public_bytes(*spki):
        raise ParseError("the key does not belong to the certificate", path=where)
    return workload


def spiffe_id(trust_domain: str, namespace: str, account: str) -> str:
    """The identity of a workload."""
    return f"spiffe://{trust_domain}/ns/{namespace}/sa/{account}"


def request(identity: str, *, elliptic: bool, rsa_bits: int = 2048) -> tuple[bytes, bytes]:
    """A new key and a certificate request for `identity` (a URI), both as PEM."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if elliptic:
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)])
    asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, critical=True)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem, asked.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

"""Names that Envoy's TLS library knows: of key exchange groups, signature algorithms and cipher suites.

A group or an algorithm occurs once. Cipher suites are a language of their own, with operators and alternatives: here
only single names are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

_CURVES = {
    "X25519": "X25519", "x25519": "X25519", "P-256": "P-256", "prime256v1": "P-256", "P-384": "P-384",
    "secp384r1": "P-384", "P-521": "P-521", "secp521r1": "P-521", "X25519MLKEM768": "X25519MLKEM768",
    "MLKEM1024": "MLKEM1024",
}  # fmt: skip
_SIGNATURES = frozenset(
    (
        "rsa_pkcs1_sha1", "rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512", "rsa_pkcs1_sha256_legacy",
        "ecdsa_sha1", "ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512",
        "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512", "ed25519", "mldsa44", "mldsa65", "mldsa87",
    )
)  # fmt: skip
_CIPHERS = frozenset(
    (
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA",
        "ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES128-SHA256", "AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA",
        "AES256-SHA", "DES-CBC3-SHA", "PSK-AES128-CBC-SHA", "PSK-AES256-CBC-SHA", "ECDHE-PSK-AES128-CBC-SHA",
        "ECDHE-PSK-AES256-CBC-SHA", "ECDHE-PSK-CHACHA20-POLY1305",
        "ALL", "HIGH", "FIPS", "SHA", "SHA1", "AES", "AES128", "AES256", "AESGCM", "kRSA", "RSA", "aRSA", "ECDSA",
        "aECDSA", "ECDHE", "kECDHE", "EECDH", "kEECDH", "ECDH", "PSK", "kPSK", "aPSK", "CHACHA20", "3DES", "TLSv1",
        "TLSv1.2", "SSLv3", "DEFAULT",
    )
)  # fmt: skip
_PLAIN = pattern(r"[A-Za-z0-9][A-Za-z0-9.-]*")


def parameters(message: Any) -> Iterator[Complaint]:
    """The names in TlsParameters."""
    wrong = [name for name in _split(message.cipher_suites) if _PLAIN.fullmatch(name) and name not in _CIPHERS]
    if wrong:
        said = f"Failed to initialize cipher suites: unknown are {', '.join(wrong)}"
        yield "cipher_suites", said, "Write them as OpenSSL does, such as ECDHE-RSA-AES128-GCM-SHA256."
    curves = _split(message.ecdh_curves)
    if not all(name in _CURVES for name in curves) or len({_CURVES[name] for name in curves}) < len(curves):
        said = f"Failed to initialize ECDH curves {':'.join(curves)}"
        yield "ecdh_curves", said, f"Name each once, of {', '.join(sorted(set(_CURVES.values())))}."
    algorithms = _split(message.signature_algorithms)
    known = all(name in _SIGNATURES or "+" in name for name in algorithms)
    if not known or len(set(algorithms)) < len(algorithms):
        said = f"Failed to initialize TLS signature algorithms {':'.join(algorithms)}"
        yield "signature_algorithms", said, f"Name each once, of {', '.join(sorted(_SIGNATURES))}."


def _split(texts: Any) -> list[str]:
    joined = ":".join(texts)
    return joined.split(":") if joined else []

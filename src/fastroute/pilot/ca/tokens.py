"""Tokens by which a workload says who it is: JSON Web Tokens of service accounts, as Kubernetes projects them.

| claim | rule |
|---|---|
| sub | system:serviceaccount:NAMESPACE:ACCOUNT |
| aud | contains istio-ca |
| exp | in the future; nbf, if there, in the past (a minute of difference between clocks is let pass) |

Signatures: ES256 and RS256, by a key of the set whose `kid` is the token's (any key of the set when either has none).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from fastroute.errors import ParseError
from fastroute.pilot.ca.failure import CallerError
from fastroute.pilot.ca.identity import Identity

AUDIENCE: Final = "istio-ca"
ISSUER: Final = "fastroute"
SUBJECT: Final = "system:serviceaccount:"
CLOCKS: Final = 60
LONGEST: Final = 16 << 10
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that may sign tokens; `name` is its kid."""

    name: str
    public: PublicKey


@dataclass(frozen=True, slots=True)
class Verifier:
    """Judges tokens by a set of keys."""

    keys: tuple[SigningKey, ...]

    def verify(self, token: str, now: float, trust_domain: str) -> Identity:
        """Whose token it is; CallerError says why it does not count. `now` is seconds since 1970."""
        parts = token.split(".") if len(token) <= LONGEST else []
        if len(parts) != 3:
            raise CallerError("the token is no JSON Web Token")
        header, claims = _json(parts[0]), _json(parts[1])
        signature = _decoded(parts[2])
        signed = f"{parts[0]}.{parts[1]}".encode()
        if not any(_is_signed(key, header, signed, signature) for key in self.keys):
            raise CallerError("the token is not signed by a key that is trusted here")
        return _identity(claims, now, trust_domain)


def issue(key: ec.EllipticCurvePrivateKey, identity: Identity, now: float, lifetime: float) -> str:
    """A token of our own."""
    claims = {
        "iss": ISSUER, "sub": f"{SUBJECT}{identity.namespace}:{identity.account}", "aud": [AUDIENCE],
        "iat": int(now), "exp": int(now + lifetime),
    }  # fmt: skip
    signed = f"{_encoded(_dumped({'alg': 'ES256', 'typ': 'JWT'}))}.{_encoded(_dumped(claims))}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def key_set(data: bytes, where: str) -> list[SigningKey]:
    """The keys of a JSON Web Key Set that can sign; ParseError names `where`."""
    try:
        members = json.loads(data)["keys"]
        return [made for one in members if (made := _key(one)) is not None]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ParseError(f"not a JSON Web Key Set: {error!r}", path=where) from None


def _key(one: dict[str, Any]) -> SigningKey | None:
    if one.get("use", "sig") != "sig":
        return None
    name = str(one.get("kid", ""))
    if one.get("kty") == "RSA":
        return SigningKey(name, rsa.RSAPublicNumbers(_number(one["e"]), _number(one["n"])).public_key())
    if one.get("kty") == "EC" and one.get("crv") == "P-256":
        numbers = ec.EllipticCurvePublicNumbers(_number(one["x"]), _number(one["y"]), ec.SECP256R1())
        return SigningKey(name, numbers.public_key())
    return None


def _is_signed(key: SigningKey, header: dict[str, Any], signed: bytes, signature: bytes) -> bool:
    name = header.get("kid", "")
    if key.name and name and key.name != name:
        return False
    try:
        if isinstance(key.public, rsa.RSAPublicKey) and header.get("alg") == "RS256":
            key.public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
            return True
        if isinstance(key.public, ec.EllipticCurvePublicKey) and header.get("alg") == "ES256" and len(signature) == 64:
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            key.public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
            return True
    except InvalidSignature:
        return False
    return False


def _identity(claims: dict[str, Any], now: float, trust_domain: str) -> Identity:
    audience = claims.get("aud")
    if AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
        raise CallerError(f"the token is not for {AUDIENCE}")
    end, begin = claims.get("exp"), claims.get("nbf", now)
    if not isinstance(end, int | float) or not isinstance(begin, int | float) or isinstance(end, bool):
        raise CallerError("the token does not say when it ends")
    if not begin - CLOCKS <= now < end + CLOCKS:
        raise CallerError("the token is not valid any more, or not yet")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.startswith(SUBJECT):
        raise CallerError("the token is not that of a service account")
    namespace, _, account = subject.removeprefix(SUBJECT).partition(":")
    try:
        return Identity(namespace, account, trust_domain)
    except ParseError as error:
        raise CallerError(f"the token is not that of a service account: {error.message}") from None


def _json(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_decoded(part))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise CallerError("the token is no JSON Web Token")
    return value


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise CallerError("the token is no JSON Web Token") from None


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def _dumped(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

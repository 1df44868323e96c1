"""The authority's directory, laid out as Istio's `cacerts`:

| file | what |
|---|---|
| ca-key.pem, ca-cert.pem | the signing key and its certificate |
| cert-chain.pem | from ca-cert.pem up to the root, when the authority is an intermediate one |
| root-cert.pem | the roots that workloads trust; two of them while one takes the place of the other |
| token-key.pem | signs the tokens of `fastroute pilot token` |
| jwks.json | further keys that may sign tokens, such as those of a Kubernetes cluster (/openid/v1/jwks) |

An empty directory gets a new root that signs itself, and a key for tokens. Files may be replaced while a server runs:
`Store.authority` looks again, and a file that cannot be used leaves the last good authority in force. A root of our
own making is renewed, with the same key, when a fifth of its lifetime is left.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fastroute.errors import ConfigError, ParseError
from fastroute.pilot.agent.bootstrap_file import write_atomically
from fastroute.pilot.ca import tokens
from fastroute.pilot.ca.authority import PEM, Authority, Key, new_root, private

KEY: Final = "ca-key.pem"
CERTIFICATE: Final = "ca-cert.pem"
CHAIN: Final = "cert-chain.pem"
ROOTS: Final = "root-cert.pem"
TOKEN_KEY: Final = "token-key.pem"
JWKS: Final = "jwks.json"
LEFT: Final = 0.2
"""Share of a root's lifetime at which it is renewed."""


class Store:
    """One directory; ConfigError names the file that cannot be read, written or used."""

    def __init__(self, directory: Path, organization: str = "cluster.local") -> None:
        self.directory = directory
        self.error: ConfigError | None = None
        """Why newer files are not in force."""
        self._make(organization)
        self._stamp = self._look()
        self._authority = self._load()
        self._verifier = self._load_tokens()

    @property
    def authority(self) -> Authority:
        """The authority in force: that of the files as they are now, if they can be used."""
        self.refresh(datetime.now(UTC))
        return self._authority

    @property
    def verifier(self) -> tokens.Verifier:
        """Judges tokens by the keys in force."""
        return self._verifier

    def refresh(self, now: datetime) -> None:
        """Take in changed files; renew a root of our own that ends soon."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._authority, self._verifier, self.error = self._load(), self._load_tokens(), None
            except ConfigError as error:
                self.error = error
        begin, end = self._authority.certificate.not_valid_before_utc, self._authority.certificate.not_valid_after_utc
        if self._authority.is_root and (end - now) < (end - begin) * LEFT:
            self._renew(now)

    def _renew(self, now: datetime) -> None:
        renewed = self._authority.renewed(now)
        write_atomically(renewed.roots, self.directory / CERTIFICATE, 0o644)
        write_atomically(renewed.roots, self.directory / ROOTS, 0o644)
        self._authority, self._stamp = renewed, self._look()

    def token_key(self) -> ec.EllipticCurvePrivateKey:
        """The key that signs tokens."""
        key = _private(self.directory / TOKEN_KEY)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ParseError("an elliptic key is expected", path=str(self.directory / TOKEN_KEY))
        return key

    def _make(self, organization: str) -> None:
        """Make what is missing, unless there is a part of an authority already; one process at a time."""
        with _locked(self.directory):
            if not any((self.directory / name).exists() for name in (KEY, CERTIFICATE, ROOTS)):
                made = new_root(organization)
                write_atomically(private(made.key), self.directory / KEY)
                write_atomically(made.roots, self.directory / CERTIFICATE, 0o644)
                write_atomically(made.roots, self.directory / ROOTS, 0o644)
            if not (self.directory / TOKEN_KEY).exists():
                write_atomically(private(ec.generate_private_key(ec.SECP256R1())), self.directory / TOKEN_KEY)

    def _load(self) -> Authority:
        key, roots = _private(self.directory / KEY), _bytes(self.directory / ROOTS)
        _certificates(roots, self.directory / ROOTS)
        certificate = _certificates(_bytes(self.directory / CERTIFICATE), self.directory / CERTIFICATE)[0]
        if certificate.public_key() != key.public_key():
            raise ParseError("does not belong to ca-key.pem", path=str(self.directory / CERTIFICATE))
        made = Authority(key, certificate, b"", roots)
        if made.is_root:
            return made
        file = self.directory / CHAIN
        chain = _bytes(file) if file.exists() else certificate.public_bytes(PEM)
        _certificates(chain, file)
        return Authority(key, certificate, chain, roots)

    def _load_tokens(self) -> tokens.Verifier:
        keys = [tokens.SigningKey("", self.token_key().public_key())]
        file = self.directory / JWKS
        if file.exists():
            keys += tokens.key_set(_bytes(file), str(file))
        return tokens.Verifier(tuple(keys))

    def _look(self) -> tuple[tuple[str, int, int], ...]:
        found = []
        for name in (KEY, CERTIFICATE, CHAIN, ROOTS, TOKEN_KEY, JWKS):
            try:
                status = (self.directory / name).stat()
            except OSError:
                continue
            found.append((name, status.st_mtime_ns, status.st_size))
        return tuple(found)


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise ConfigError(f"cannot be used: {error.strerror}", path=str(directory)) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(file)) from None


def _private(file: Path) -> Key:
    try:
        key = serialization.load_pem_private_key(_bytes(file), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ParseError(f"not a private key in PEM: {error}", path=str(file)) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ParseError("an elliptic or RSA key is expected", path=str(file))
    return key


def _certificates(data: bytes, file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise ParseError(f"no certificate in PEM: {error}", path=str(file)) from None

"""The authority: what it signs, what it refuses, its directory, its tokens."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from fastroute.errors import ConfigError, ParseError
from fastroute.pilot.agent.certificates import request
from fastroute.pilot.ca import tokens
from fastroute.pilot.ca.authority import DEFAULT, LONGEST, PEM, new_root, private
from fastroute.pilot.ca.failure import CallerError
from fastroute.pilot.ca.identity import Identity
from fastroute.pilot.ca.store import Store as Directory

ME = Identity("default", "bookinfo-reviews")
NOW = datetime.now(UTC).replace(microsecond=0)


def first(chain: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain)[0]


def verified(leaf: x509.Certificate, roots: bytes, chain: bytes = b"", at: datetime | None = None) -> list[str]:
    """The names of a certificate that a client of these roots takes, now or `at` another time."""
    builder = PolicyBuilder().store(Store(x509.load_pem_x509_certificates(roots))).time(at or datetime.now(UTC))
    between = x509.load_pem_x509_certificates(chain) if chain else []
    found = builder.build_client_verifier().verify(leaf, between)
    return [name.value for name in found.subjects or ()]


@pytest.mark.parametrize("elliptic", [True, False])
def test_a_certificate_says_the_caller(elliptic: bool) -> None:
    root = new_root("cluster.local")
    _, csr = request(ME.uri, elliptic=elliptic)
    leaf = first(root.sign(csr, ME, timedelta(hours=1), NOW))
    assert verified(leaf, root.roots) == ["spiffe://cluster.local/ns/default/sa/bookinfo-reviews"]
    assert leaf.not_valid_after_utc == NOW + timedelta(hours=1)
    assert leaf.not_valid_before_utc == NOW - timedelta(minutes=2)
    with pytest.raises(VerificationError):
        verified(leaf, new_root("cluster.local").roots)


@pytest.mark.parametrize(
    ("asked", "given"),
    [(timedelta(), DEFAULT), (timedelta(days=900), LONGEST), (timedelta(seconds=5), timedelta(seconds=5))],
)
def test_lifetimes_are_bounded(asked: timedelta, given: timedelta) -> None:
    root = new_root("cluster.local")
    _, csr = request(ME.uri, elliptic=True)
    assert first(root.sign(csr, ME, asked, NOW)).not_valid_after_utc == NOW + given


def test_nothing_outlives_the_authority() -> None:
    old = new_root("cluster.local", NOW - timedelta(days=3649))
    _, csr = request(ME.uri, elliptic=True)
    leaf = first(old.sign(csr, ME, timedelta(days=30), NOW))
    assert leaf.not_valid_after_utc == old.certificate.not_valid_after_utc


def test_requests_of_others_and_weak_keys_are_refused() -> None:
    root = new_root("cluster.local")
    _, foreign = request("spiffe://cluster.local/ns/default/sa/admin", elliptic=True)
    with pytest.raises(CallerError, match="sa/admin"):
        root.sign(foreign, ME, DEFAULT)
    with pytest.raises(CallerError, match="not a certificate request"):
        root.sign(b"x", ME, DEFAULT)
    with pytest.raises(CallerError, match="bytes"):
        root.sign(b"x" * 20000, ME, DEFAULT)
    subject = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    for key in (rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP521R1())):
        with pytest.raises(CallerError, match="2048"):
            root.sign(subject.sign(key, hashes.SHA256()).public_bytes(PEM), ME, DEFAULT)
    _, good = request(ME.uri, elliptic=True)
    lines = good.decode().splitlines()
    with pytest.raises(CallerError):  # the last bytes are the signature
        root.sign("\n".join([*lines[:-2], "A" * len(lines[-2]), lines[-1], ""]).encode(), ME, DEFAULT)


@pytest.mark.parametrize("text", ["", "A", "a/b", "a b", "-a", "a" * 64, "a\n", "ä"])
def test_names_are_those_of_kubernetes(text: str) -> None:
    with pytest.raises(ParseError):
        Identity(text)
    with pytest.raises(ParseError):
        Identity.of_uri(f"spiffe://cluster.local/ns/{text}/sa/x")
    assert Identity.of_uri(ME.uri) == ME


# The directory


def test_an_empty_directory_gets_an_authority_that_stays(tmp_path: Path) -> None:
    made = Directory(tmp_path / "ca").authority
    again = Directory(tmp_path / "ca").authority
    assert (again.roots, private(again.key)) == (made.roots, private(made.key))
    assert (tmp_path / "ca" / "ca-key.pem").stat().st_mode & 0o777 == 0o600


def test_two_at_once_make_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Directory(tmp_path / "ca").authority.roots, range(8)))
    assert len(set(made)) == 1


def test_a_root_of_our_own_is_renewed_with_its_key(tmp_path: Path) -> None:
    store = Directory(tmp_path)
    old = store.authority
    _, csr = request(ME.uri, elliptic=True)
    at = NOW + timedelta(days=3600)
    leaf = first(old.sign(csr, ME, timedelta(days=5), at))
    store.refresh(at)
    new = store._authority
    assert new.certificate.not_valid_after_utc > old.certificate.not_valid_after_utc
    assert (tmp_path / "root-cert.pem").read_bytes() == new.roots
    assert verified(leaf, new.roots, at=at) == [ME.uri]


def test_an_intermediate_takes_its_place_and_a_bad_file_does_not(tmp_path: Path) -> None:
    store = Directory(tmp_path)
    before = store.authority
    root, key = new_root("root"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "between")])
    between = (
        x509.CertificateBuilder().subject_name(name).issuer_name(root.certificate.subject).serial_number(7)
        .public_key(key.public_key()).not_valid_before(NOW - DEFAULT).not_valid_after(NOW + LONGEST)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(root.certificate.extensions.get_extension_for_class(x509.KeyUsage).value, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key()), critical=False)
        .sign(root.key, hashes.SHA256())
    )  # fmt: skip
    (tmp_path / "ca-key.pem").write_text("broken")
    assert store.authority is before
    assert "ca-key.pem" in str(store.error)
    (tmp_path / "ca-key.pem").write_bytes(private(key))
    (tmp_path / "ca-cert.pem").write_bytes(between.public_bytes(PEM))
    (tmp_path / "root-cert.pem").write_bytes(root.roots + before.roots)
    after = store.authority
    assert (store.error, after.roots) == (None, root.roots + before.roots)
    _, csr = request(ME.uri, elliptic=True)
    chain = after.sign(csr, ME, DEFAULT, NOW)
    assert len(x509.load_pem_x509_certificates(chain)) == 2
    assert verified(first(chain), root.roots, after.chain) == [ME.uri]


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        Directory(tmp_path / "file")
    (tmp_path / "ca-key.pem").write_bytes(private(new_root("x").key))
    with pytest.raises(ConfigError, match=r"root-cert\.pem"):
        Directory(tmp_path)


# Tokens


def test_tokens_of_our_own(tmp_path: Path) -> None:
    store = Directory(tmp_path)
    token = tokens.issue(store.token_key(), ME, 1000.0, 60.0)
    assert store.verifier.verify(token, 1030.0, "cluster.local") == ME
    for late in (1060.0 + tokens.CLOCKS, 1e12):
        with pytest.raises(CallerError, match="not valid"):
            store.verifier.verify(token, late, "cluster.local")
    with pytest.raises(CallerError, match="not signed"):
        Directory(tmp_path / "other").verifier.verify(token, 1030.0, "cluster.local")


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


CLAIMS = {"sub": "system:serviceaccount:default:bookinfo-reviews", "aud": ["istio-ca"], "exp": 2000}


def rs256(key: rsa.RSAPrivateKey, header: object, claims: object) -> str:
    signed = f"{part(header)}.{part(claims)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_tokens_of_a_cluster(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    numbers = key.public_key().public_numbers()
    n, e = (
        urlsafe_b64encode(number.to_bytes(size, "big")).rstrip(b"=").decode()
        for number, size in ((numbers.n, 256), (numbers.e, 3))
    )
    keys = [{"kty": "RSA", "kid": "one", "use": "sig", "n": n, "e": e}, {"kty": "oct", "k": "AA"}]
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": keys}))
    verify = Directory(tmp_path).verifier.verify
    good = {"alg": "RS256", "kid": "one"}
    assert verify(rs256(key, good, CLAIMS), 1000.0, "t") == Identity("default", "bookinfo-reviews", "t")
    for header, claims, why in (
        ({**good, "kid": "two"}, CLAIMS, "not signed"),
        ({**good, "alg": "none"}, CLAIMS, "not signed"),
        ({**good, "alg": "ES256"}, CLAIMS, "not signed"),
        (good, {**CLAIMS, "aud": "other"}, "not for istio-ca"),
        (good, {**CLAIMS, "exp": "soon"}, "does not say when"),
        (good, {**CLAIMS, "nbf": 1900}, "not yet"),
        (good, {**CLAIMS, "sub": "me"}, "service account"),
        (good, {**CLAIMS, "sub": "system:serviceaccount:a:b:c"}, "service account"),
        (good, [CLAIMS], "no JSON Web Token"),
    ):
        with pytest.raises(CallerError, match=why):
            verify(rs256(key, header, claims), 1000.0, "t")


@pytest.mark.parametrize("token", ["", "a.b", "....", "é.é.é", "e30.e30.", "x" * 20000, f"{'[' * 5000}.e30.e30"])
def test_what_is_no_token_is_refused(token: str, tmp_path: Path) -> None:
    with pytest.raises(CallerError):
        Directory(tmp_path).verifier.verify(token, 0.0, "cluster.local")


def test_a_key_set_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text('{"keys": [{"kty": "RSA"}]}')
    with pytest.raises(ParseError, match=r"jwks\.json"):
        Directory(tmp_path)

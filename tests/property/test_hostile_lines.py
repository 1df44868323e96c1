"""Every byte at every place of a target and of an authority, of every length that their passes treat in its own way."""

from __future__ import annotations

import pytest

import fastroute
from fastroute.core.deciding import route
from fastroute.core.hcm import HttpManager
from fastroute.core.table import RouteTable

SIZES = range(1, 50)
AUTHORITY = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!$%&'()*+,-.:;=@[]_~")
PATHS = [{"name": f"p{n}", "match": {"path": "/" + "a" * n}, "route": {"cluster": "c"}} for n in SIZES]
ANY = {"name": "any", "match": {"prefix": "/"}, "route": {"cluster": "c"}}
HOSTS = [{"name": f"v{n}", "domains": ["n" * n], "routes": [ANY]} for n in SIZES] + [
    {"name": "others", "domains": ["*"], "routes": [*PATHS, ANY]}
]
SOURCE = {"routes": [{"name": "r", "virtual_hosts": HOSTS}], "clusters": [{"name": "c"}]}
ROUTER = fastroute.Router(fastroute.load(SOURCE), random=lambda: 0)
TABLE: RouteTable = ROUTER.snapshot.routes["r"]
NORMALISING = HttpManager(normalize_path=True, escaped_slashes="forward")


def refusal(byte: int) -> str | None:
    """What this byte in a target makes of the request."""
    if byte >= 0x80 or byte == 0x20:
        return "http1.codec_error"
    if byte < 0x21 or byte == 0x7F:
        return "http1.invalid_characters"
    return "path_normalization_failed" if byte == 0x23 else None


@pytest.mark.parametrize("size", [*range(1, 20), 31, 32, 33, 48])
def test_every_byte_of_a_target(size: int) -> None:
    wrong = []
    for place in range(size):
        for byte in range(256):
            decision = ROUTER.route("x.example", b"/" + b"a" * place + bytes([byte]) + b"a" * (size - place - 1))
            route = f"p{size}" if byte == ord("a") else "any"
            if byte == ord("?") and place:
                route = f"p{place}"
            expected = (refusal(byte), "" if refusal(byte) else route)
            if (decision.reason, decision.route) != expected:
                wrong.append((place, byte, decision))
    assert wrong == []


@pytest.mark.parametrize("size", SIZES)
def test_the_first_of_several_question_marks(size: int) -> None:
    for place in range(1, size):
        target = "/" + "a" * place + "?" * (size - place)
        assert ROUTER.route("x.example", target).route == f"p{place}"


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 9, 14, 15, 16, 17, 30, 31, 32, 33])
def test_what_normalisation_may_change_is_seen(size: int) -> None:
    """A dot in the query makes the manager look closely at the path: the decision must not depend on it."""
    wrong = []
    for place in range(size):
        for byte in range(0x21, 0x7F):
            for text in (bytes([byte]), bytes([0x2F, byte, 0x2F]), b"%" + bytes([byte]) + b"1"):
                target = b"/" + b"a" * place + text + b"a" * (size - place - 1)
                quick = route(TABLE, "x", target, manager=NORMALISING)
                close = route(TABLE, "x", target + (b"." if b"?" in target else b"?."), manager=NORMALISING)
                path = (
                    None
                    if close.path is None
                    else close.path.removesuffix(".").removesuffix("?" * (b"?" not in target))
                )
                if (quick.reason, quick.route, quick.path if quick.reason is None else path) != (
                    close.reason,
                    close.route,
                    path,
                ):
                    wrong.append((target, quick, close))
    assert wrong == []


@pytest.mark.parametrize("size", [*range(1, 20), 31, 32, 33, 48])
def test_every_byte_of_an_authority(size: int) -> None:
    wrong = []
    for place in range(size):
        for byte in range(256):
            host = b"n" * place + bytes([byte]) + b"N" * (size - place - 1)
            decision = ROUTER.route(host, "/")
            if byte == 0x7F or (byte < 0x20 and byte != 0x09):
                expected = ("http1.invalid_characters", "")  # the codec finds it, in any header
            elif byte not in AUTHORITY:
                expected = ("http.invalid_authority", "")
            else:
                expected = (None, f"v{size}" if byte in b"nN" else "others")
            if (decision.reason, decision.virtual_host) != expected:
                wrong.append((place, byte, decision))
    assert wrong == []


def test_an_authority_longer_than_the_room_for_its_lower_case() -> None:
    domain = "n" * 250 + ".Example"
    host = {"name": "long", "domains": [domain], "routes": [ANY]}
    source = {"routes": [{"name": "r", "virtual_hosts": [host]}], "clusters": [{"name": "c"}]}
    route = fastroute.Router(fastroute.load(source), random=lambda: 0).route
    assert route(domain.upper(), "/").cluster == "c"
    assert route("x" + domain.upper(), "/").reason == "route_not_found"

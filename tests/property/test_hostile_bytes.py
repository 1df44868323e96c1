"""Every byte at every place of header names and values, of every length that the scan treats in its own way.

The scan looks at several bytes at once, in blocks that overlap; the rule it must keep is one line of Python each:
a name is of token characters, nothing has a control character but a tab (HC-05, HC-06 of Envoy's codec).
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastroute

TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
ROUTE = {
    "match": {"prefix": "/", "headers": [{"name": "x-kept", "string_match": {"exact": "yes"}}]},
    "route": {"cluster": "c"},
}
HOST = {"name": "v", "domains": ["*"], "routes": [ROUTE, {"match": {"prefix": "/"}, "route": {"cluster": "d"}}]}
SOURCE = {"routes": [{"name": "r", "virtual_hosts": [HOST]}], "clusters": [{"name": "c"}, {"name": "d"}]}
ROUTER = fastroute.Router(fastroute.load(SOURCE), random=lambda: 0)
FINE = [(b"accept", b"*/*"), (b"X-Request-Source", b"somewhere, or anywhere at all")]
# Around the widths of one, two and four blocks, and one that is longer than all.
SIZES = [*range(1, 36), 47, 48, 49, 63, 64, 65]
EVERY = range(256)
EDGES = b"\x00\x08\t\n\x1f !,-./09:@AZ[^_`az{|~\x7f\x80\xff"


def reason(headers: Any) -> str | None:
    """What the codec says; None when it takes the request."""
    decision = ROUTER.route("h", "/", "GET", headers)
    return None if decision.kind == "forward" else str(decision.reason)


def is_name(text: bytes) -> bool:
    return bool(text) and all(byte in TOKEN for byte in text)


def is_clean(text: bytes) -> bool:
    return all((byte >= 0x20 or byte == 0x09) and byte != 0x7F for byte in text)


def expected(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Control characters are told before all other faults of names (`conformance/test_http_heads.py`)."""
    told = [(name, value) for name, value in headers if not name.startswith(b":")]  # the others are the request line's
    if not all(is_clean(name) and is_clean(value) for name, value in told):
        return "http1.invalid_characters"
    return None if all(is_name(name) for name, _ in told) else "http1.codec_error"


@pytest.mark.parametrize("size", SIZES)
def test_every_byte_of_a_value(size: int) -> None:
    wrong = []
    for place in range(size):
        for byte in EVERY if size in (1, 2, 3, 5, 9, 17, 33) else EDGES:
            value = b"v" * place + bytes([byte]) + b"v" * (size - place - 1)
            headers = [*FINE, (b"x-other", value)]
            if reason(headers) != expected(headers):
                wrong.append((place, byte))
    assert wrong == []


@pytest.mark.parametrize("size", SIZES)
def test_every_byte_of_a_name(size: int) -> None:
    wrong = []
    for place in range(size):
        for byte in EVERY if size in (1, 2, 3, 5, 9, 17, 33) else EDGES:
            name = b"n" * place + bytes([byte]) + b"N" * (size - place - 1)
            headers = [(name, b"some value"), *FINE]
            if reason(headers) != expected(headers):
                wrong.append((place, byte))
    assert wrong == []


def test_every_character_of_short_texts() -> None:
    """The same through str: ASCII takes the quick way, all other text its UTF-8."""
    wrong = []
    for character in [*map(chr, range(0x180)), "\u20ac", "\U0001f600"]:
        for name, value in (
            (character, "v"),
            ("name-" + character, "v"),
            ("n", character),
            ("n", "value " + character),
        ):
            headers = [("accept", "*/*"), (name, value)]
            coded = [(key.encode(), text.encode()) for key, text in headers]
            if reason(headers) != expected(coded):
                wrong.append((name, value))
    assert wrong == []


# Objects that come again, as those of a program or of a decoder's table do: good names are then known by address.
AGAIN: list[Any] = [
    "x-again",
    b"x-again",
    "X-KEPT",
    b"x_again",
    "x again",
    "",
    b"x!",
    "x\u00e9",
    "y" * 80,
    b"-",
    "accept",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(AGAIN), st.sampled_from(["yes", b"a\tb", "bad\x01"])), max_size=6))
def test_names_that_come_again(drawn: list[tuple[Any, Any]]) -> None:
    coded = [tuple(text if isinstance(text, bytes) else text.encode() for text in pair) for pair in drawn]
    for _ in range(3):
        assert reason(drawn) == expected([(name, value) for name, value in coded])


names = st.one_of(st.sampled_from([b"accept", b"X-Kept", b"x-kept", b"content-type"]), st.binary(max_size=40))
values = st.one_of(st.sampled_from([b"yes", b" yes\t", b""]), st.binary(max_size=80))
shapes = st.sampled_from(["bytes", "text", "list", "odd"])


class Odd(bytes):
    """A subclass: not one of the types that the scan takes quickly."""


def shaped(pair: tuple[bytes, bytes], shape: str) -> Any:
    """The pair in another of the forms that a caller may give."""
    name, value = pair
    if shape == "text" and name.isascii() and value.isascii():
        return name.decode(), value.decode()
    if shape == "list":
        return [name, value]
    return (Odd(name), value) if shape == "odd" else pair


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.tuples(names, values), shapes), max_size=14))
def test_pairs_of_every_shape_in_every_order(drawn: list[tuple[tuple[bytes, bytes], str]]) -> None:
    plain = [pair for pair, _ in drawn]
    given_headers = [shaped(pair, shape) for pair, shape in drawn]
    assert reason(given_headers) == expected(plain)
    assert reason(tuple(given_headers)) == expected(plain)
    if expected(plain) is None:
        kept = any(name.lower() == b"x-kept" and value.strip(b" \t") == b"yes" for name, value in plain)
        assert ROUTER.route("h", "/", "GET", given_headers).cluster == ("c" if kept else "d")

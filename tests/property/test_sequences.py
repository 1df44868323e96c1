"""Expressions that are matched without RE2 match what RE2 says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastroute.core.regexes import Regex

CLASSES = [
    "[a-c]",
    "[^a]",
    "[^/]",
    "[a-]",
    "[0-9a-f]",
    "[b.]",
    "[^a-z]",
    ".",
    r"\d",
    r"\w",
    r"\.",
    r"\-",
    "[%_]",
    "[^\\d]",
]
OTHERS = [
    "(a|b)",
    "^",
    "$",
    "a{2}",
    "[[:alpha:]]",
    r"\x61",
    r"\W",
    "(?i)a",
    r"\Qa\E",
    "[-a]",
    "[]a]",
    "[a-z-9]",
    "[a^]",
]
PARTS = ["a", "b", "/", "-", "1", *CLASSES]
parts = st.tuples(st.sampled_from(PARTS), st.sampled_from(["", "", "+", "*", "?", "+?", "*?", "??"])).map("".join)
expressions = st.lists(st.one_of(parts, parts, parts, st.sampled_from(OTHERS)), min_size=1, max_size=6).map("".join)
texts = st.lists(st.sampled_from(list("aabbc/-1.%_ZW\n\x00\xe9")), max_size=9).map(
    lambda text: "".join(text).encode("latin-1")
)


def by_re2(regex: Regex, text: bytes) -> bool:
    """Groups are RE2's alone."""
    return regex.groups_of(text) is not None


@settings(max_examples=1500, deadline=None)
@given(expressions, st.lists(texts, min_size=4, max_size=12))
def test_a_sequence_is_what_re2_makes_of_it(pattern: str, drawn: list[bytes]) -> None:
    try:
        regex = Regex(pattern)
    except ValueError:
        return
    for text in drawn:
        assert regex.fullmatch(text) == by_re2(regex, text), (pattern, text)


@pytest.mark.parametrize("part", CLASSES)
def test_every_byte_of_every_class(part: str) -> None:
    for pattern in (part, f"x{part}+", f"{part}*", f"/{part}?/"):
        regex = Regex(pattern)
        for byte in range(256):
            one = bytes([byte])
            for text in (one, b"x" + one, b"x" + one + one, b"/" + one + b"/", b"//"):
                assert regex.fullmatch(text) == by_re2(regex, text), (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a*a", b"aaa"),  # what is repeated begins what follows
        ("a*b?a", b"aa"),
        ("[a-c]+b", b"ab"),
        (".*x", b"axbx"),
        ("a?a", b"a"),
        ("a+b*c?", b"aabbc"),
        ("[^/]+/.*", b"ab/cd/ef"),
    ],
)
def test_division_that_greed_would_miss(pattern: str, text: bytes) -> None:
    assert Regex(pattern).fullmatch(text)
    assert by_re2(Regex(pattern), text)

"""The quick reader of JSON reads what the standard library reads, or leaves the text to it."""

from __future__ import annotations

import json
from typing import NoReturn

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from fastroute.config.json_text import _object
from fastroute.wire.json_text import NOT_PLAIN, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)
WORDS = r"""
    { } [ ] , : " "a" "a":1 1 - -0 0 01 1.5 1. 1e5 1e true null nul false \ \n é // NaN Infinity
    "\u00e9" "\ud83d\ude00" "\ud83d" "\x" "\/" 99999999999999999999 123456789012345678
"""
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\x01", "\ufeff", "\x7f", "\ud800"])


def refuse(name: str) -> NoReturn:
    raise ValueError(name)


def slowly(text: str) -> object:
    try:
        return json.JSONDecoder(object_pairs_hook=_object, parse_constant=refuse).decode(text)
    except ValueError:
        return NOT_PLAIN


def agree(text: str) -> None:
    found = parse(text)
    if found is not NOT_PLAIN:
        expected = slowly(text)
        assert found == expected
        assert repr(found) == repr(expected)


@settings(max_examples=300)
@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_what_is_written_is_read(value: object, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    agree(text)
    if "0000000000" not in text and not any(len(word) > 17 for word in text.split()):
        assert parse(text) is not NOT_PLAIN or "\\ud" in text


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=12).map("".join))
@example('{"a": 1, "a": 2}')
@example('"half of a \\ud83d pair"')
@example('"unended \\')
@example('["' + "\\u12" + '"]')
def test_any_text(text: str) -> None:
    agree(text)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_texts_are_left_to_others(opening: str) -> None:
    assert parse(opening * 100_000) is NOT_PLAIN


def test_plain_texts_are_read() -> None:
    text = '{"a": [1, -2, 3.5, 1e3, true, false, null], "b": {"c": "x\\ny \\u00e9 é \\ud83d\\ude00"}}'
    assert parse(text) == json.loads(text)

"""Hash functions against values that Envoy 1.40 was seen to use and against the xxhash package."""

from __future__ import annotations

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from fastroute.core.hashing import murmur2, xxh64


@pytest.mark.parametrize(
    ("data", "seed", "expected"),
    [
        (b"", 0, 17241709254077376921),
        (b"a", 0, 15154266338359012955),
        (b"foo", 0, 3728699739546630719),
        (b"127.0.0.1", 0, 13874206750357698471),
        (b"127.0.0.1:21050_0", 0, 17218437239269119346),
        (b"", 1, 15397730242686860875),
        (b"127.0.0.1:21050", 1, 3547061698405580960),
    ],
)
def test_xxh64(data: bytes, seed: int, expected: int) -> None:
    assert xxh64(data, seed) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 6142509188972423790),
        (b"a", 4993892634952068459),
        (b"127.0.0.1:21050_0", 17157800068805234190),
    ],
)
def test_murmur2(data: bytes, expected: int) -> None:
    assert murmur2(data) == expected


def test_header_values_are_chained_by_the_seed() -> None:
    assert xxh64(b"b", xxh64(b"a")) == 8564053812407216358


@given(st.binary(max_size=200), st.integers(0, 2**64 - 1))
def test_xxh64_is_the_reference_implementation(data: bytes, seed: int) -> None:
    assert xxh64(data, seed) == xxhash.xxh64_intdigest(data, seed)


def test_only_bytes_are_hashed() -> None:
    with pytest.raises(TypeError):
        xxh64("text")  # type: ignore[arg-type]

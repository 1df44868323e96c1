"""Inputs made to hurt: a clear error, soon, and nothing half read."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastroute import config
from fastroute.api import names, transcode
from fastroute.errors import ConfigError, ParseError

LIMIT = 512 * 1024


@contextmanager
def within_limits() -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    yield
    assert time.process_time() - start < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < LIMIT


def bomb(width: int, depth: int) -> str:
    lines = ["a0: &a0 [" + ", ".join(["x"] * width) + "]"]
    for level in range(1, depth):
        lines.append(f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * width) + "]")
    return "\n".join(lines) + "\n"


HOSTILE = {
    "nested lists": b"[" * 200_000,
    "nested objects": b'{"a":' * 200_000,
    "nested yaml flow": b"a: " + b"[" * 200_000,
    "nested yaml block": b"- " * 200_000,
    "nested yaml mappings": "\n".join(" " * level + "a:" for level in range(2_000)).encode(),
    "alias bomb": bomb(9, 12).encode(),
    "flat alias bomb": bomb(1000, 4).encode(),
    "alias cycle": b"a: &a [*a]",
    "mapping cycle": b"&a {b: *a}",
    "huge number": b'{"name": ' + b"9" * 100_000 + b"}",
    "huge exponent": b'{"cluster_name": 1e999999999}',
    "half a string": b'{"name": "' + b"x" * 100_000,
    "half an escape": b'{"name": "\\u12',
    "nulls": b"\x00" * 10_000,
    "ones": b"\xff" * 10_000,
    "control characters": b"name: \x7f",
    "open comment": b"/*" * 50_000,
    "many quotes": b"'" * 50_001,
    "byte order mark": b"\xef\xbb\xbf{}",
    "latin 1": '{"name": "é"}'.encode("latin-1"),
    "tabs": b"a:\n\t- b\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_inputs_are_refused_in_time(name: str) -> None:
    with within_limits(), pytest.raises(ConfigError):
        config.read(HOSTILE[name])


def test_deep_structs_are_refused_not_truncated() -> None:
    deep: object = 1
    for _ in range(60):
        deep = {"a": deep}
    with pytest.raises(ParseError):
        config.read({"name": "c", "metadata": {"filter_metadata": {"x": deep}}})


def read_or_error(data: bytes, kind: str | None = None) -> ConfigError | None:
    try:
        config.read(data, kind=kind)
    except ConfigError as error:
        return error
    return None


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    error = read_or_error(data)
    assert error is None or error.where is not None


CLUSTER = {
    "name": "blue",
    "connect_timeout": "1s",
    "type": "STATIC",
    "metadata": {"filter_metadata": {"a": {"b": [1, "x", None]}}},
    "load_assignment": {"cluster_name": "blue", "endpoints": [{"lb_endpoints": []}]},
}


@settings(max_examples=200)
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), kept=st.integers(0, 10_000))
def test_damaged_binary_is_read_or_refused(at: int, bit: int, kept: int) -> None:
    data = bytearray(transcode.message(names.CLUSTER, CLUSTER).SerializeToString())
    data[at % len(data)] ^= 1 << bit
    error = read_or_error(bytes(data[: kept % (len(data) + 1)]), names.CLUSTER)
    assert error is None or error.where is not None


@settings(max_examples=200)
@given(at=st.integers(0, 10_000), piece=st.text(max_size=3), cut=st.integers(0, 5))
def test_damaged_text_is_read_or_refused(at: int, piece: str, cut: int) -> None:
    text = json.dumps(CLUSTER, indent=1)
    at %= len(text)
    damaged = text[:at] + piece + text[at + cut :]
    error = read_or_error(damaged.encode("utf-8", "surrogatepass"))
    assert error is None or error.where is not None


def test_an_enum_far_out_of_range_in_text_proto(tmp_path: Path) -> None:
    path = tmp_path / "c.pb_text"
    path.write_text(f'name: "b"\ntype: {"9" * 60}\n')
    with pytest.raises(ParseError, match="not text proto"):
        config.read(path)

"""Connections: the cost of a look-up does not depend on how many filter chains there are. Every answer is asserted.

`walk` is the reference walk over the same listener, which is not flat and need not be.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

import pytest
from rigs import tables
from rigs.scale import size, sizes
from rigs.turns import OURS, Turns, calls

from fastroute.config import read
from fastroute.core.client_hello import tls_inspector
from fastroute.reference.connections import explain_connection

KINDS = ("sni", "cidr", "ports")
FEW, MANY = 5, size(10, 5_000)


def asking(kind: str, count: int) -> Callable[[], Any]:
    """What asks for the last of `count` filter chains."""
    return partial(tables.listening(kind, count).connect, tables.connection(kind, count - 1))


@pytest.mark.parametrize("size", sizes(1, 5, 100, 1_000, 5_000, 10_000))
@pytest.mark.parametrize("kind", KINDS)
def test_connect(benchmark: Any, kind: str, size: int) -> None:
    benchmark.extra_info.update(suite="connect", who=OURS, kind=kind, size=size, where="last")
    assert benchmark(asking(kind, size)).cluster == f"c{size - 1}"


@pytest.mark.parametrize("kind", KINDS)
def test_many_beside_few(benchmark: Any, kind: str) -> None:
    """The last of many filter chains, and the last of few in another listener, by turns."""
    turns = Turns("connect", kind, MANY, "last")
    for who, count in ((OURS, MANY), ("five chains", FEW)):
        turns.add(who, calls(asking(kind, count), then=attrgetter("cluster")), expect=f"c{count - 1}")
    turns.run(benchmark, rounds=31)


@pytest.mark.parametrize("size", sizes(1, 100, 1_000))
def test_walk(benchmark: Any, size: int) -> None:
    benchmark.extra_info.update(suite="connect", who="reference walk", kind="sni", size=size, where="last")
    resources = read(tables.listener_source("sni", size))
    found = benchmark(explain_connection, resources, tables.connection("sni", size - 1))
    assert found.decision["cluster"] == f"c{size - 1}"


def test_client_hello(benchmark: Any) -> None:
    benchmark.extra_info.update(suite="connect", who="fastroute", kind="ClientHello", size=1, where="alone")
    name = b"a.example"
    body = b"\x00" + len(name).to_bytes(2, "big") + name
    extension = b"\x00\x00" + (len(body) + 2).to_bytes(2, "big") + len(body).to_bytes(2, "big") + body
    hello = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00"
    hello += len(extension).to_bytes(2, "big") + extension
    message = b"\x01" + len(hello).to_bytes(3, "big") + hello
    record = b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message
    assert benchmark(tls_inspector, record) == ("found", name, None)

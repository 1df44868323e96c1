"""Connections: the cost of a look-up does not depend on how many filter chains there are. Every answer is asserted.

`walk` is the reference walk over the same listener, which is not flat and need not be.
"""

from __future__ import annotations

from typing import Any

import pytest
from rigs import tables

import fastroute
from fastroute.config import read
from fastroute.core.client_hello import tls_inspector
from fastroute.reference.connections import explain_connection

SIZES = (1, 5, 100, 5_000, 10_000)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["sni", "cidr", "ports"])
def test_connect(benchmark: Any, kind: str, size: int) -> None:
    benchmark.extra_info.update(suite="connect", who="fastroute", kind=kind, size=size, where="last")
    router = fastroute.Router(fastroute.load(tables.listener_source(kind, size)), random=lambda: 0)
    found = benchmark(router.connect, tables.connection(kind, size - 1))
    assert found.cluster == f"c{size - 1}"


@pytest.mark.parametrize("size", [1, 100])
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

"""Connections: the cost of a look-up does not depend on how many filter chains there are.

Each benchmark asserts its answer. The sizes of one group are to be compared: flat means that the last is
about the first. `sni` looks up one server name of many, `cidr` one source prefix, `ports` one destination
port; `walk` is the reference walk over the same listener, which is not flat and need not be.
"""

from __future__ import annotations

from typing import Any

import pytest

from fastroute.config import read
from fastroute.core.client_hello import tls_inspector
from fastroute.reference.connections import explain_connection
from fastroute.request import Connection
from fastroute.snapshot import load

SIZES = (1, 100, 5000)
EXTENSION = "type.googleapis.com/envoy.extensions.filters."
INSPECTOR = {"name": "tls", "typed_config": {"@type": EXTENSION + "listener.tls_inspector.v3.TlsInspector"}}


def chain(name: str, match: dict[str, Any]) -> dict[str, Any]:
    config = {"@type": EXTENSION + "network.tcp_proxy.v3.TcpProxy", "stat_prefix": "t", "cluster": name}
    return {"name": name, "filter_chain_match": match, "filters": [{"name": "tcp", "typed_config": config}]}


def match(kind: str, number: int) -> dict[str, Any]:
    if kind == "sni":
        return {"server_names": [f"host{number}.example"]}
    if kind == "cidr":
        address = f"10.{number >> 8}.{number & 255}.0"
        return {"source_prefix_ranges": [{"address_prefix": address, "prefix_len": 24}]}
    return {"destination_port": 10000 + number}


def source(kind: str, size: int) -> dict[str, Any]:
    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": 15001}},
        "use_original_dst": True,
        "listener_filters": [INSPECTOR],
        "filter_chains": [chain(f"c{number}", match(kind, number)) for number in range(size)],
    }
    return {"listeners": [listener]}


def connection(kind: str, number: int) -> Connection:
    return Connection(
        destination=("10.9.9.9", 10000 + number if kind == "ports" else 443),
        source=(f"10.{number >> 8}.{number & 255}.7", 40000),
        accepted=("10.9.9.1", 15001),
        transport_protocol="tls",
        server_name=f"host{number}.example",
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["sni", "cidr", "ports"])
def test_connect(benchmark: Any, kind: str, size: int) -> None:
    table = load(source(kind, size)).listeners
    found = benchmark(table.connect, connection(kind, size - 1))
    assert found.cluster == f"c{size - 1}"


@pytest.mark.parametrize("size", SIZES[:2])
def test_walk(benchmark: Any, size: int) -> None:
    resources = read(source("sni", size))
    found = benchmark(explain_connection, resources, connection("sni", size - 1))
    assert found.decision["cluster"] == f"c{size - 1}"


def test_client_hello(benchmark: Any) -> None:
    name = b"a.example"
    body = b"\x00" + len(name).to_bytes(2, "big") + name
    extension = b"\x00\x00" + (len(body) + 2).to_bytes(2, "big") + len(body).to_bytes(2, "big") + body
    hello = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00"
    hello += len(extension).to_bytes(2, "big") + extension
    message = b"\x01" + len(hello).to_bytes(3, "big") + hello
    record = b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message
    assert benchmark(tls_inspector, record) == ("found", name, None)

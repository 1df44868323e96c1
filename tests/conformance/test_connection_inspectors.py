"""The listener filters' reading of first bytes: the core against the live Envoy.

Chains tell apart what was found: transport, some server names, some protocols, some addresses. Where
the core says that a filter needs more bytes, Envoy must stay silent for a moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.connect_envoy import ConnectEnvoy, answer, dial, is_silent
from support.connections import chain, compiled, listener_filter, tcp
from support.drawn_bytes import hello_bytes, line_bytes, proxy_bytes
from support.envoy import require_binary
from support.ports import free_port

from fastroute.core.filter_chains import ListenerTable
from fastroute.request import Connection

pytestmark = pytest.mark.envoy
BATCH = 40
KINDS = ("tls", "http", "both", "swapped", "strict", "short", "proxy", "optional", "only1", "only2")
PORTS = {kind: free_port() for kind in KINDS}


def found_chains() -> list[dict[str, Any]]:
    """One chain for each combination of transport, server name and protocol that is looked for."""
    protocols = ([], ["h2"], ["x"], ["http/1.1"], ["http/1.0"], ["h2c"], ["h" * 255])
    names = ([], ["a.example"], ["*.example"], ["x" * 255])
    chains = []
    for transport in ("tls", "raw_buffer"):
        for name in names if transport == "tls" else ([],):
            for protocol in protocols:
                match = {"transport_protocol": transport, "server_names": name, "application_protocols": protocol}
                chains.append(chain(f"{transport} {name} {protocol}", match))
    return chains


def address_chains() -> list[dict[str, Any]]:
    """One chain for each combination of addresses that a PROXY header may set."""
    ips = ("10.0.0.1", "10.0.0.2", "127.0.0.1", "::1", "::2", "2001:db8::1", "fe80::1", "240.0.0.1", "::ffff:10.0.0.1")
    chains = []
    for ip in ips:
        block = [{"address_prefix": ip, "prefix_len": 128}]
        for port in (None, 8):
            match: dict[str, Any] = {"source_prefix_ranges": block}
            if port:
                match["destination_port"] = port
            chains.append(chain(f"{ip} {port}", match))
            chains.append(chain(f"{ip} {port} from 7", {**match, "source_ports": [7]}))
    return chains


def listener(kind: str, chains: list[dict[str, Any]], *filters: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": kind,
        "address": tcp("127.0.0.1", PORTS[kind]),
        "listener_filters": list(filters),
        "listener_filters_timeout": "0s",
        "filter_chains": chains,
        "default_filter_chain": chain("default"),
    }


def listeners() -> list[dict[str, Any]]:
    tls, http, proxy = (listener_filter(name) for name in ("tls_inspector", "http_inspector", "proxy_protocol"))
    strict = listener_filter("tls_inspector", close_connection_on_client_hello_parsing_errors=True)
    short = listener_filter("tls_inspector", max_client_hello_size=256)
    optional = listener_filter("proxy_protocol", allow_requests_without_proxy_protocol=True)
    only1, only2 = (listener_filter("proxy_protocol", disallowed_versions=[version]) for version in ("V2", "V1"))
    found, addresses = found_chains(), address_chains()
    return [
        listener("tls", found, tls),
        listener("http", found, http),
        listener("both", found, tls, http),
        listener("swapped", found, http, tls),
        listener("strict", found, strict),
        listener("short", found, short),
        listener("proxy", addresses, proxy),
        listener("optional", addresses, optional),
        listener("only1", addresses, only1),
        listener("only2", addresses, only2),
    ]


@pytest.fixture(scope="module")
def envoy() -> Iterator[ConnectEnvoy]:
    require_binary()
    with ConnectEnvoy() as running:
        running.swap(listeners())
        yield running


@pytest.fixture(scope="module")
def table() -> ListenerTable:
    return compiled(listeners())


def compare(table: ListenerTable, batch: list[tuple[str, bytes]]) -> None:
    """Answers at once; then one look at all connections that should be waiting."""
    waiting = []
    for kind, data in batch:
        expected = table.connect(Connection(("127.0.0.1", PORTS[kind]), ("127.0.0.1", 1), first_bytes=data))
        assert expected is not None
        connection = dial(PORTS[kind], data)
        if expected.reason == "listener_filter_waiting":
            waiting.append((kind, data, connection))
        else:
            connection.settimeout(5)
            assert answer(connection) == (expected.body or b"").decode(), (kind, data)
    for kind, data, connection in waiting:
        assert is_silent(connection), (kind, data)


def batches(kinds: tuple[str, ...], data: st.SearchStrategy[bytes]) -> st.SearchStrategy[list[tuple[str, bytes]]]:
    return st.lists(st.tuples(st.sampled_from(kinds), data), min_size=1, max_size=BATCH)


HELLOS = batches(("tls", "tls", "both", "swapped", "strict", "short"), hello_bytes)
LINES = batches(("http", "both", "swapped"), line_bytes)
HEADERS = batches(("proxy", "proxy", "optional", "only1", "only2"), proxy_bytes)


@given(batch=HELLOS)
@settings(max_examples=30)
def test_client_hello(envoy: ConnectEnvoy, table: ListenerTable, batch: list[tuple[str, bytes]]) -> None:
    compare(table, batch)


@given(batch=LINES)
@settings(max_examples=30)
def test_request_line(envoy: ConnectEnvoy, table: ListenerTable, batch: list[tuple[str, bytes]]) -> None:
    compare(table, batch)


@given(batch=HEADERS)
@settings(max_examples=30)
def test_proxy_header(envoy: ConnectEnvoy, table: ListenerTable, batch: list[tuple[str, bytes]]) -> None:
    compare(table, batch)


@pytest.mark.long
@given(batch=st.one_of(HELLOS, LINES, HEADERS))
@settings(max_examples=2000)
def test_all_of_them_many_times(envoy: ConnectEnvoy, table: ListenerTable, batch: list[tuple[str, bytes]]) -> None:
    compare(table, batch)

"""Which listener serves a connection: hand-off, addresses, second hops, against the live Envoy (LS-01 to LS-07)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.connect_envoy import ConnectEnvoy, answer, dial
from support.connections import chain, compiled, listener_filter, tcp
from support.drawn_listeners import Client
from support.envoy import require_binary
from support.first_bytes import proxy_v2
from support.ports import free_port

from fastroute.core.filter_chains import ListenerTable
from fastroute.request import Connection

pytestmark = pytest.mark.envoy
RECEIVING, KEEPING, BOUND, MANY, MORE, OLD = (free_port() for _ in range(6))
PROXY = listener_filter("proxy_protocol")
LOCAL = proxy_v2(("10.0.0.9", 7), ("10.0.0.1", 21005), command=0x20)


def listener(name: str, address: str, port: int, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "address": tcp(address, port),
        "filter_chains": [chain(name)],
        "listener_filters_timeout": "0s",
        **fields,
    }


def unbound(name: str, address: str, port: int, **fields: Any) -> dict[str, Any]:
    return listener(name, address, port, bind_to_port=False, **fields)


def world() -> list[dict[str, Any]]:
    compat = {"socket_address": {"address": "::", "port_value": 21007, "ipv4_compat": True}}
    both = {"socket_address": {"address": "::", "port_value": 21008, "ipv4_compat": True}}
    old = [{**chain("from 7", {"source_ports": [7]}), "use_proxy_proto": True}, chain("from elsewhere", {})]
    inspected = [
        chain("seen", {"server_names": ["a.com"]}),
        chain("unseen", {}),
    ]
    return [
        listener("receiving", "127.0.0.1", RECEIVING, use_original_dst=True, listener_filters=[PROXY]),
        listener("keeping", "127.0.0.1", KEEPING, listener_filters=[PROXY]),
        listener("bound", "127.0.0.1", BOUND),
        listener("many", "127.0.0.1", MANY, additional_addresses=[{"address": tcp("127.0.0.1", MORE)}]),
        {**listener("old", "127.0.0.1", OLD), "filter_chains": old},
        unbound("exact", "10.0.0.1", 21005),
        unbound("any4", "0.0.0.0", 21005),
        unbound("any6", "::", 21006),
        unbound("hop", "10.0.0.3", 21005, use_original_dst=True, listener_filters=[PROXY]),
        {**unbound("compat", "::", 21007), "address": compat},
        {**unbound("shadowed", "::", 21008), "address": both},
        unbound("genuine", "0.0.0.0", 21008),
        {
            **unbound("inspects", "10.0.0.4", 21005, listener_filters=[listener_filter("tls_inspector")]),
            "filter_chains": inspected,
        },
        unbound("extra", "10.0.0.5", 21005, additional_addresses=[{"address": tcp("10.0.0.6", 21009)}]),
    ]


def client(destination: str, port: int, payload: str = "junk") -> Client:
    source = "2001:db8::9" if ":" in destination else "10.0.0.9"
    return Client((destination, port), (source, 7), "127.0.0.1", "a.com", (), payload)


CASES: dict[str, tuple[int, bytes]] = {
    "exact": (RECEIVING, client("10.0.0.1", 21005).first_bytes),
    "any address": (RECEIVING, client("10.0.0.2", 21005).first_bytes),
    "another port": (RECEIVING, client("10.0.0.1", 9).first_bytes),
    "any IPv6 address": (RECEIVING, client("2001:db8::1", 21006).first_bytes),
    "IPv4 does not reach IPv6": (RECEIVING, client("10.0.0.1", 21006).first_bytes),
    "IPv6 does not reach IPv4": (RECEIVING, client("2001:db8::1", 21005).first_bytes),
    "ipv4_compat": (RECEIVING, client("10.0.0.1", 21007).first_bytes),
    "ipv4_compat, from IPv6": (RECEIVING, client("2001:db8::1", 21007).first_bytes),
    "a genuine IPv4 listener wins": (RECEIVING, client("10.0.0.1", 21008).first_bytes),
    "a bound listener": (RECEIVING, client("127.0.0.1", BOUND).first_bytes),
    "an address of a bound port": (RECEIVING, client("127.0.0.2", BOUND).first_bytes),
    "an additional address": (RECEIVING, client("10.0.0.6", 21009).first_bytes),
    "the target inspects": (RECEIVING, client("10.0.0.4", 21005, "tls").first_bytes),
    "the target inspects no TLS": (RECEIVING, client("10.0.0.4", 21005).first_bytes),
    "no second hop": (
        RECEIVING,
        client("10.0.0.3", 21005).first_bytes[:28] + client("10.0.0.1", 21005).first_bytes,
    ),
    "command LOCAL": (RECEIVING, LOCAL),
    "without the flag": (KEEPING, client("10.0.0.1", 21005).first_bytes),
    "use_proxy_proto": (OLD, client("10.0.0.1", 21005).first_bytes),
    "bound, directly": (BOUND, b""),
    "first of many": (MANY, b""),
    "second of many": (MORE, b""),
}


@pytest.fixture(scope="module")
def envoy() -> Iterator[ConnectEnvoy]:
    require_binary()
    with ConnectEnvoy() as running:
        running.swap(world())
        yield running


@pytest.fixture(scope="module")
def table() -> ListenerTable:
    return compiled(world())


@pytest.mark.usefixtures("envoy")
@pytest.mark.parametrize("name", CASES)
def test_the_same_listener(table: ListenerTable, name: str) -> None:
    port, data = CASES[name]
    real = answer(dial(port, data))
    found = table.connect(Connection(("127.0.0.1", port), ("127.0.0.1", 7), first_bytes=data))
    assert found is not None
    assert (found.body or b"").decode() == real
    assert real != "", "every case has an answer"

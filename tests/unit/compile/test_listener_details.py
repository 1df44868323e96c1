"""Details of listeners that no socket shows easily: names, timeouts, extensions of PROXY headers, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from support.connections import EXTENSION, chain, compiled, listener_filter, tcp, tcp_proxy
from support.first_bytes import client_hello, proxy_v2, u16

from fastroute import load
from fastroute.core.chain import Chain
from fastroute.core.hashing import xxh64
from fastroute.errors import RejectedError, UnsupportedError
from fastroute.request import Connection, TlsFacts

CLIENT = ("10.0.0.9", 7)


def listener(*chains: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": "l", "address": tcp("0.0.0.0", 80), "filter_chains": list(chains) or [chain("c")], **fields}


def connect(world: dict[str, Any] | list[dict[str, Any]], connection: Connection, random: int = 0) -> Chain:
    found = compiled(world if isinstance(world, list) else [world]).connect(connection, random)
    assert found is not None
    return found


def sent(data: bytes) -> Connection:
    return Connection(("10.0.0.1", 80), CLIENT, first_bytes=data)


def test_internal_listeners_are_found_by_name() -> None:
    inner = {
        "name": "inner",
        "internal_listener": {},
        "filter_chains": [chain("local", {"source_type": "SAME_IP_OR_LOOPBACK"})],
    }
    found = connect(inner, Connection(("envoy://inner/7", 0)))
    assert (found.filter_chain, found.local, found.destination) == ("local", True, ("", 0))
    assert compiled([inner]).connect(Connection(("envoy://other", 0))) is None


def test_unix_sockets_are_found_by_path() -> None:
    pipe = {"name": "pipe", "address": {"pipe": {"path": "/run/x.sock"}}, "filter_chains": [chain("c")]}
    assert connect(pipe, Connection(("/run/x.sock", 0))).filter_chain == "c"


def test_of_two_static_listeners_with_one_name_the_first_counts() -> None:
    other = {**listener(chain("second")), "address": tcp("0.0.0.0", 81)}
    table = load({"static_resources": {"listeners": [listener(), other]}}).listeners
    assert [each.addresses for each in table.listeners] == [(("0.0.0.0", 80, False),)]
    with pytest.raises(RejectedError, match="duplicate listener l found"):
        compiled([listener(), other])


@pytest.mark.parametrize(
    "fields", [(True, False), (False, True), (False, None), (None, False), (True, None), (None, True)]
)
def test_either_field_can_say_that_no_socket_is_bound(fields: tuple[bool | None, bool | None]) -> None:
    new, old = fields
    world = listener(**({} if new is None else {"bind_to_port": new}))
    if old is not None:
        world["deprecated_v1"] = {"bind_to_port": old}
    assert compiled([world]).listeners[0].bound == (False not in fields)


def test_udp_and_api_listeners_take_no_connections() -> None:
    udp = {**listener(), "address": {"socket_address": {"protocol": "UDP", "address": "0.0.0.0", "port_value": 80}}}
    assert compiled([udp]).connect(Connection(("10.0.0.1", 80))) is None


@pytest.mark.parametrize(
    ("fields", "kind", "reason"),
    [
        ({}, "closed", "listener_filter_timeout"),
        ({"listener_filters_timeout": "0s"}, "closed", "listener_filter_waiting"),
        ({"listener_filters_timeout": "1s"}, "closed", "listener_filter_timeout"),
        ({"continue_on_listener_filters_timeout": True}, "respond", ""),
        (
            {"continue_on_listener_filters_timeout": True, "listener_filters_timeout": "0s"},
            "closed",
            "listener_filter_waiting",
        ),
    ],
)
def test_a_filter_that_lacks_bytes(fields: dict[str, Any], kind: str, reason: str) -> None:
    found = connect(listener(listener_filters=[listener_filter("tls_inspector")], **fields), sent(b"\x16\x03"))
    assert (found.kind, found.reason, found.transport_protocol or "raw_buffer") == (kind, reason, "raw_buffer")


def test_a_disabled_filter_is_skipped() -> None:
    disabled = {
        "or_match": {
            "rules": [{"destination_port_range": {"start": 80, "end": 81}}, {"not_match": {"any_match": True}}]
        }
    }
    world = listener(listener_filters=[{**listener_filter("tls_inspector"), "filter_disabled": disabled}])
    assert connect(world, sent(client_hello("a.com"))).server_name == ""
    assert (
        connect(
            {**world, "address": tcp("0.0.0.0", 81)}, Connection(("10.0.0.1", 81), first_bytes=client_hello("a.com"))
        ).server_name
        == "a.com"
    )


def test_extensions_of_a_proxy_header_become_metadata() -> None:
    rules = [
        {"tlv_type": 2, "on_tlv_present": {"key": "name"}},
        {"tlv_type": 224, "on_tlv_present": {"key": "own", "metadata_namespace": "n"}},
    ]
    world = listener(listener_filters=[listener_filter("proxy_protocol", rules=rules)])
    data = proxy_v2(
        ("10.0.0.2", 1), ("10.0.0.1", 80), b"\x02" + u16(b"a.com") + b"\xe0" + u16(b"x") + b"\x05" + u16(b"id")
    )
    found = connect(world, sent(data))
    assert found.dynamic_metadata == {"envoy.filters.listener.proxy_protocol": {"name": "a.com"}, "n": {"own": "x"}}


def test_the_hash_of_a_tcp_proxy() -> None:
    found = connect(
        listener(chain("c", {}, tcp_proxy("x", hash_policy=[{"source_ip": {}}]))), Connection(("10.0.0.1", 80), CLIENT)
    )
    assert found.hash == xxh64(b"10.0.0.9")


def test_metadata_of_a_weighted_cluster_is_merged_over_that_of_the_filter() -> None:
    def wanted(**values: str) -> dict[str, Any]:
        return {"filter_metadata": {"envoy.lb": values, "other": {"x": "y"}}}

    weights = {
        "clusters": [{"name": "one", "weight": 1, "metadata_match": wanted(a="2")}, {"name": "two", "weight": 2}]
    }
    world = listener(chain("c", {}, tcp_proxy(weighted_clusters=weights, metadata_match=wanted(a="1", b="1"))))
    found = [connect(world, Connection(("10.0.0.1", 80)), random) for random in range(3)]
    assert [(each.cluster, each.metadata_match) for each in found] == [
        ("one", {"a": "2", "b": "1"}),
        ("two", {"a": "1", "b": "1"}),
        ("two", {"a": "1", "b": "1"}),
    ]


def rbac(**rules: Any) -> dict[str, Any]:
    return {
        "name": "rbac",
        "typed_config": {"@type": EXTENSION + "network.rbac.v3.RBAC", "stat_prefix": "r", "rules": rules},
    }


@pytest.mark.parametrize(
    ("tls", "reason"),
    [
        (None, "rbac_access_denied_matched_policy[none]"),
        (TlsFacts(presented=True, uri_sans=("spiffe://td/ns/a/sa/b",)), ""),
        (
            TlsFacts(presented=True, uri_sans=("spiffe://other",), dns_sans=("spiffe://td/x",)),
            "rbac_access_denied_matched_policy[none]",
        ),
        (TlsFacts(presented=True, dns_sans=("spiffe://td/x",)), ""),
    ],
)
def test_authenticated_principals(tls: TlsFacts | None, reason: str) -> None:
    principal = {"authenticated": {"principal_name": {"prefix": "spiffe://td/"}}}
    policies = {"mesh": {"permissions": [{"any": True}], "principals": [principal]}}
    world = listener(chain("c", {}, rbac(policies=policies), tcp_proxy("x")))
    found = connect(world, Connection(("10.0.0.1", 80), CLIENT, tls=tls))
    assert (found.reason, found.cluster, found.policy) == (reason, "x", None if reason else "mesh")


UNDECIDED = [
    chain("c", {}, {"name": "redis", "typed_config": {"@type": EXTENSION + "network.redis_proxy.v3.RedisProxy"}}),
    chain(
        "c",
        {},
        {"name": "set", "typed_config": {"@type": EXTENSION + "network.set_filter_state.v3.Config"}},
        tcp_proxy("x"),
    ),
    chain(
        "c",
        {},
        rbac(policies={"p": {"permissions": [{"any": True}], "principals": [{"header": {"name": "x"}}]}}),
        tcp_proxy("x"),
    ),
    chain("c", {}, tcp_proxy("x", hash_policy=[{"filter_state": {"key": "k"}}])),
    chain("c", {}, tcp_proxy("x", on_demand={})),
]


@pytest.mark.parametrize("undecided", UNDECIDED)
def test_what_may_change_the_route_is_not_supported(undecided: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError):
        compiled([listener(undecided)])


def test_what_never_changes_the_route_is_named() -> None:
    limit = {
        "name": "limit",
        "typed_config": {
            "@type": EXTENSION + "network.connection_limit.v3.ConnectionLimit",
            "stat_prefix": "x",
            "max_connections": 1,
        },
    }
    assert connect(listener(chain("c", {}, limit, tcp_proxy("x"))), Connection(("10.0.0.1", 80))).filters == (
        "limit",
        "envoy.filters.network.tcp_proxy",
    )

"""Listeners that Envoy refuses, and near misses that it takes: the compiler's verdict is Envoy's.

Each case is a list of listeners; the live Envoy gets it as an LDS update.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.connect_envoy import ConnectEnvoy
from support.connections import EXTENSION, chain, direct_response, listener_filter, tcp, tcp_proxy
from support.drawn_matchers import action, read
from support.envoy import SwapRefusedError, require_binary
from support.ports import free_port

from fastroute import load
from fastroute.errors import RejectedError

pytestmark = pytest.mark.envoy
PORT = free_port()
NAMES = "type.googleapis.com/xds.type.matcher.v3.ServerNameMatcher"


@pytest.fixture(scope="module")
def envoy() -> Iterator[ConnectEnvoy]:
    require_binary()
    with ConnectEnvoy() as running:
        yield running


def listener(*chains: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": "first", "address": tcp("127.0.0.1", PORT), "filter_chains": list(chains), **fields}


def match(**fields: Any) -> dict[str, Any]:
    return listener(chain("a", fields))


def two(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return listener(chain("a", one), chain("b", other))


def unbound(address: str, port: int, name: str = "second", **fields: Any) -> dict[str, Any]:
    return {"name": name, "address": tcp(address, port), "bind_to_port": False, "filter_chains": [chain("x")], **fields}


def ranges(*found: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"address_prefix": address, "prefix_len": length} for address, length in found]


def matched(tree: dict[str, Any], *names: str) -> dict[str, Any]:
    return listener(*(chain(name, {}) for name in names or ("a", "b")), filter_chain_matcher=tree)


def by_name(*domains: str) -> dict[str, Any]:
    matchers = [{"domains": [domain], "on_match": action("a")} for domain in domains]
    config = {"@type": NAMES, "domain_matchers": matchers}
    return {"matcher_tree": {"input": read("ServerNameInput"), "custom_match": {"name": "x", "typed_config": config}}}


SNI_CLUSTER = {"name": "sni", "typed_config": {"@type": EXTENSION + "network.sni_cluster.v3.SniCluster"}}
UNKNOWN = {
    "name": "odd",
    "typed_config": {"@type": "type.googleapis.com/xds.type.v3.TypedStruct", "type_url": "type.googleapis.com/a.B"},
}
ECHO = {
    "name": "echo",
    "typed_config": {
        "@type": "type.googleapis.com/xds.type.v3.TypedStruct",
        "type_url": EXTENSION + "network.echo.v3.Echo",
        "value": {},
    },
}

CASES: dict[str, list[dict[str, Any]]] = {
    "plain": [match()],
    "no chains": [listener()],
    "only a default chain": [listener(default_filter_chain=chain("d"))],
    "chain without filters": [listener({"name": "a", "filters": []})],
    "equal matches": [two({"destination_port": 1}, {"destination_port": 1})],
    "equal names of chains": [listener(chain("a", {"destination_port": 1}), chain("a", {"destination_port": 2}))],
    "overlap in a list": [two({"source_ports": [1, 2]}, {"source_ports": [2, 3]})],
    "overlap by case": [two({"server_names": ["A.com"]}, {"server_names": ["a.com"]})],
    "overlap by host bits": [
        two({"prefix_ranges": ranges(("10.0.0.1", 8))}, {"prefix_ranges": ranges(("10.0.0.0", 8))})
    ],
    "overlap of a name and its dot form": [two({"server_names": ["*.a.com"]}, {"server_names": [".a.com"]})],
    "repeated protocol": [match(application_protocols=["h2", "h2"])],
    "repeated port": [match(source_ports=[1, 1])],
    "source type ANY and none": [two({"source_type": "ANY"}, {"source_ports": [1]})],
    "wildcard alone": [match(server_names=["*"])],
    "wildcard behind": [match(server_names=["a.*"])],
    "wildcard in a label": [match(server_names=["*a.com"])],
    "wildcard inside": [match(server_names=["a.*.com"])],
    "wildcard twice": [match(server_names=["*.*.com"])],
    "wildcard of nothing": [match(server_names=["*."])],
    "empty name": [match(server_names=[""])],
    "suffix_len": [match(suffix_len=8)],
    "address_suffix": [match(address_suffix="10.0.0.1")],
    "malformed prefix": [match(prefix_ranges=[{"address_prefix": "10.0.0", "prefix_len": 8}])],
    "empty prefix": [match(prefix_ranges=[{"prefix_len": 8}])],
    "long prefix": [match(prefix_ranges=ranges(("10.0.0.1", 33)))],
    "port 0": [match(destination_port=0)],
    "port 65536": [match(destination_port=65536)],
    "source port 0": [match(source_ports=[0])],
    "source port 65536": [match(source_ports=[65536])],
    "no address": [match(), {"name": "second", "filter_chains": [chain("x")]}],
    "one address twice": [match(), unbound("10.0.0.1", 5), unbound("10.0.0.1", 5, "third")],
    "one address, other port": [match(), unbound("10.0.0.1", 5), unbound("10.0.0.1", 6, "third")],
    "any and exact address": [match(), unbound("10.0.0.1", 5), unbound("0.0.0.0", 5, "third")],
    "an additional address taken": [
        match(),
        unbound("10.0.0.1", 5),
        unbound("10.0.0.2", 5, "third", additional_addresses=[{"address": tcp("10.0.0.1", 5)}]),
    ],
    "port 0 without a socket, twice": [match(), unbound("10.0.0.1", 0), unbound("10.0.0.1", 0, "third")],
    "one name twice": [match(), unbound("10.0.0.1", 5), unbound("10.0.0.1", 6)],
    "address that is a name": [match(), unbound("localhost", 5)],
    "unknown listener filter": [
        listener(
            chain("a"), listener_filters=[{"name": "x", "typed_config": {"@type": EXTENSION + "network.echo.v3.Echo"}}]
        )
    ],
    "untyped listener filter": [
        listener(chain("a"), listener_filters=[{"name": "envoy.filters.listener.tls_inspector"}])
    ],
    "both PROXY versions disallowed": [
        listener(chain("a"), listener_filters=[listener_filter("proxy_protocol", disallowed_versions=["V1", "V2"])])
    ],
    "one PROXY version disallowed": [
        listener(chain("a"), listener_filters=[listener_filter("proxy_protocol", disallowed_versions=["V1"])])
    ],
    "two inspectors of a kind": [
        listener(chain("a"), listener_filters=[listener_filter("tls_inspector"), listener_filter("tls_inspector")])
    ],
    "terminal filter first": [listener(chain("a", {}, tcp_proxy("c"), direct_response("x")))],
    "no terminal filter": [listener(chain("a", {}, SNI_CLUSTER))],
    "sni_cluster first": [listener(chain("a", {}, SNI_CLUSTER, tcp_proxy("c")))],
    "unknown network filter": [listener(chain("a", {}, UNKNOWN, direct_response("x")))],
    "TypedStruct of a known type": [listener(chain("a", {}, ECHO))],
    "untyped echo": [listener(chain("a", {}, {"name": "envoy.filters.network.echo"}))],
    "TCP proxy without a cluster": [listener(chain("a", {}, tcp_proxy()))],
    "TCP proxy with an unknown cluster": [listener(chain("a", {}, tcp_proxy("nowhere")))],
    "TCP proxy with a weight of 0": [
        listener(chain("a", {}, tcp_proxy(weighted_clusters={"clusters": [{"name": "c", "weight": 0}]})))
    ],
    "TCP proxy with no weights": [listener(chain("a", {}, tcp_proxy(weighted_clusters={"clusters": []})))],
    "two hash policies": [listener(chain("a", {}, tcp_proxy("c", hash_policy=[{"source_ip": {}}, {"source_ip": {}}])))],
    "RBAC policy without principals": [
        listener(
            chain(
                "a",
                {},
                {
                    "name": "rbac",
                    "typed_config": {
                        "@type": EXTENSION + "network.rbac.v3.RBAC",
                        "stat_prefix": "r",
                        "rules": {"policies": {"p": {"permissions": [{"any": True}]}}},
                    },
                },
                direct_response("x"),
            )
        )
    ],
    "matcher": [matched({"on_no_match": action("a")})],
    "matcher, equal chains": [matched(by_name("a.com"))],
    "matcher, unnamed chain": [matched(by_name("a.com"), "a", "")],
    "matcher, one name twice": [matched(by_name("a.com"), "a", "a")],
    "matcher, no chains": [listener(filter_chain_matcher={"on_no_match": action("a")})],
    "matcher, absent chain": [matched({"on_no_match": action("zzz")})],
    "matcher, domain twice": [matched(by_name("a.com", "a.com"))],
    "matcher, domain in two cases": [matched(by_name("a.com", "A.com"))],
    "matcher, partial wildcard": [matched(by_name("a*.com"))],
    "matcher, wildcard": [matched(by_name("*"))],
    "matcher, two wildcards": [matched(by_name("*.*.com"))],
    "network filter that is none": [
        listener(
            chain(
                "a",
                {},
                {"name": "x", "typed_config": {"@type": "type.googleapis.com/envoy.config.core.v3.Node"}},
                direct_response("x"),
            )
        )
    ],
    "matcher, HTTP input": [
        matched(
            {
                "matcher_tree": {
                    "input": {
                        "name": "x",
                        "typed_config": {
                            "@type": "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput",
                            "header_name": "x",
                        },
                    },
                    "exact_match_map": {"map": {"a": action("a")}},
                }
            }
        )
    ],
    "matcher, empty": [matched({})],
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_verdict(envoy: ConnectEnvoy, name: str) -> None:
    """Whether the compiler refuses the listeners is whether Envoy does."""
    try:
        envoy.swap(CASES[name])
        envoys = ""
    except SwapRefusedError as refused:
        envoys = str(refused)
    finally:
        envoy.swap([match()])
    try:
        load({"listeners": CASES[name]})
        ours = ""
    except RejectedError as rejected:
        ours = str(rejected)
    assert bool(ours) == bool(envoys), envoys[-600:] or ours

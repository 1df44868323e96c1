"""A sidecar's listeners: which chain takes which connection."""

from __future__ import annotations

import pytest
from support.connections import chain, compiled, listener_filter, tcp, tcp_proxy
from support.sidecar import CLUSTERS, sidecar, virtual_outbound

from fastroute.errors import Notice, RejectedError, RequestError, UnsupportedError
from fastroute.request import Connection

OUTBOUND = ("10.240.2.38", 15001)
INBOUND = ("10.240.2.38", 15006)
CLIENT = ("10.240.2.40", 40000)


@pytest.mark.parametrize(
    ("connection", "listener", "filter_chain", "kind", "target"),
    [
        (
            Connection(("10.231.20.47", 9080), CLIENT, accepted=OUTBOUND, application_protocols=("http/1.1",)),
            "0.0.0.0_9080",
            "",
            "http",
            "9080",
        ),
        (
            Connection(("10.231.20.47", 9080), CLIENT, application_protocols=("h2c",)),
            "0.0.0.0_9080",
            "",
            "http",
            "9080",
        ),
        (
            Connection(("10.231.20.47", 9080), CLIENT, accepted=OUTBOUND),
            "0.0.0.0_9080",
            "PassthroughFilterChain",
            "tcp",
            "PassthroughCluster",
        ),
        (
            Connection(
                ("10.231.20.47", 9080),
                CLIENT,
                accepted=OUTBOUND,
                transport_protocol="tls",
                application_protocols=("http/1.1",),
            ),
            "0.0.0.0_9080",
            "PassthroughFilterChain",
            "tcp",
            "PassthroughCluster",
        ),
        (
            Connection(("1.2.3.4", 443), CLIENT, accepted=OUTBOUND),
            "virtualOutbound",
            "virtualOutbound-catchall-tcp",
            "tcp",
            "PassthroughCluster",
        ),
        (
            Connection(OUTBOUND, CLIENT, accepted=OUTBOUND),
            "virtualOutbound",
            "virtualOutbound-blackhole",
            "tcp",
            "BlackHoleCluster",
        ),
        (
            Connection(INBOUND, CLIENT, accepted=INBOUND),
            "virtualInbound",
            "virtualInbound-blackhole",
            "tcp",
            "BlackHoleCluster",
        ),
        (
            Connection(("10.240.2.38", 9080), CLIENT, accepted=INBOUND),
            "virtualInbound",
            "port-raw",
            "http",
            "inbound|9080||",
        ),
        (
            Connection(
                ("10.240.2.38", 9080),
                CLIENT,
                accepted=INBOUND,
                transport_protocol="tls",
                application_protocols=("istio", "h2"),
            ),
            "virtualInbound",
            "port-tls",
            "http",
            "inbound|9080||",
        ),
        (
            Connection(("10.240.2.38", 8080), CLIENT, accepted=INBOUND),
            "virtualInbound",
            "tcp-raw",
            "tcp",
            "InboundPassthroughClusterIpv4",
        ),
        (
            Connection(("10.240.2.38", 8080), CLIENT, accepted=INBOUND, application_protocols=("http/1.1",)),
            "virtualInbound",
            "http-raw",
            "http",
            "InboundPassthrough",
        ),
        (
            Connection(
                ("10.240.2.38", 8080), CLIENT, accepted=INBOUND, application_protocols=("istio-peer-exchange", "istio")
            ),
            "virtualInbound",
            "tcp-tls",
            "tcp",
            "InboundPassthroughClusterIpv4",
        ),
        (
            Connection(("10.240.2.38", 9080), CLIENT, accepted=INBOUND, transport_protocol="tls"),
            "virtualInbound",
            None,
            "closed",
            None,
        ),
    ],
)
def test_sidecar(
    connection: Connection, listener: str, filter_chain: str | None, kind: str, target: str | None
) -> None:
    found = compiled(sidecar(), clusters=CLUSTERS).connect(connection)
    assert found is not None
    assert (found.listener, found.filter_chain, found.kind) == (listener, filter_chain, kind)
    assert target == (found.route_config if kind == "http" else found.cluster)


def test_the_original_destination_is_kept_for_passthrough() -> None:
    table = compiled(sidecar(), clusters=CLUSTERS)
    found = table.connect(Connection(("1.2.3.4", 443), CLIENT, accepted=OUTBOUND))
    direct = table.connect(Connection(OUTBOUND, CLIENT, accepted=OUTBOUND))
    assert found is not None
    assert direct is not None
    assert (found.original_destination, direct.original_destination) == (("1.2.3.4", 443), None)
    assert (found.accepting, found.source, found.filters) == (
        "virtualOutbound",
        CLIENT,
        ("envoy.filters.network.tcp_proxy",),
    )


def test_no_listener_takes_the_connection() -> None:
    assert compiled(sidecar(), clusters=CLUSTERS).connect(Connection(("10.0.0.1", 7))) is None


def test_a_missing_cluster_closes() -> None:
    found = compiled([virtual_outbound()], clusters=["other"]).connect(Connection(("1.2.3.4", 80), accepted=OUTBOUND))
    assert found is not None
    assert (found.kind, found.reason, found.cluster) == ("closed", "cluster_not_found", "PassthroughCluster")


def test_filters_that_only_istio_has() -> None:
    exchange = {
        "name": "istio.metadata_exchange",
        "typed_config": {
            "@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
            "type_url": "type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange",
            "value": {"protocol": "istio-peer-exchange"},
        },
    }
    listener = {
        "name": "x",
        "address": tcp("0.0.0.0", 80),
        "listener_filters": [{"name": "envoy.filters.listener.tls_inspector"}],
        "filter_chains": [chain("a", {"server_names": ["a.example"]}, exchange, tcp_proxy("c"))],
    }
    notices: list[Notice] = []
    found = compiled([listener], strict=False, notices=notices).connect(
        Connection(("1.1.1.1", 80), server_name="A.example")
    )
    assert found is not None
    assert (found.cluster, found.filters) == ("c", ("istio.metadata_exchange", "envoy.filters.network.tcp_proxy"))
    assert [notice.error.path for notice in notices] == ["filter_chains[0].filters[0]", "listener_filters[0]"]
    with pytest.raises(RejectedError, match="Didn't find a registered implementation"):
        compiled([listener])


@pytest.mark.parametrize(
    ("connection", "message"),
    [
        (Connection(("localhost", 80)), "not an IP address"),
        (Connection(("10.0.0.1", 65536)), "not a port"),
        (Connection(("10.0.0.1", 9080), transport_protocol="quic"), "transport_protocol"),
    ],
)
def test_impossible_connections(connection: Connection, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        compiled(sidecar(), clusters=CLUSTERS).connect(connection)


def test_without_an_inspector_there_is_no_server_name() -> None:
    listener = {
        "name": "x",
        "address": tcp("0.0.0.0", 80),
        "filter_chains": [chain("sni", {"server_names": ["a.example"]}), chain("none", {})],
    }
    secret = Connection(("1.1.1.1", 80), transport_protocol="tls", server_name="a.example")
    bare = compiled([listener]).connect(secret)
    seeing = compiled([{**listener, "listener_filters": [listener_filter("tls_inspector")]}]).connect(secret)
    assert bare is not None
    assert seeing is not None
    assert (bare.filter_chain, bare.server_name, bare.transport_protocol) == ("none", "", "raw_buffer")
    assert (seeing.filter_chain, seeing.server_name, seeing.transport_protocol) == ("sni", "a.example", "tls")


def test_a_range_of_length_0_beside_none_is_envoys_coin_flip() -> None:
    """envoyproxy/envoy#34299: whichever of the two chains Envoy keeps changes from start to start."""
    everything = {"prefix_ranges": [{"address_prefix": "0.0.0.0", "prefix_len": 0}]}
    listener = {
        "name": "x",
        "address": tcp("0.0.0.0", 80),
        "filter_chains": [chain("any", {}), chain("all", everything)],
    }
    with pytest.raises(UnsupportedError) as caught:
        compiled([listener])
    assert caught.value.path == "filter_chains[1].filter_chain_match.prefix_ranges"
    found = compiled([listener], strict=False).connect(Connection(("1.1.1.1", 80)))
    assert found is not None
    assert found.filter_chain == "all"

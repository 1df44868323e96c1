"""The resources of profile 1.8 are those that the seed document shows (S-050 to S-080)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format
from support import bookinfo

from fastroute.analysis.proxy_config import cluster_status, select_routes
from fastroute.api import names
from fastroute.api.pool import pool
from fastroute.config.text import to_tree
from fastroute.pilot import discovery
from fastroute.pilot.discovery.registry.directory import read_texts

ROUTE = "9080"


def clusters() -> Any:
    return bookinfo.generated("1.8").clusters


def only_route() -> Any:
    return bookinfo.named(bookinfo.generated("1.8").routes, ROUTE)


def test_s050_cluster_names() -> None:
    found = [one.name for one in clusters()]
    assert bookinfo.REVIEWS in found
    assert "outbound|9080|v1|details.default.svc.cluster.local" in found


def test_s052_outbound_cluster_is_block_04() -> None:
    """S-052; the block lacks a brace (Q-3) and most fields, so the fields shown are compared."""
    text = bookinfo.block("04-outbound-cluster-config-dump.json.txt")
    shown = json.loads(
        text[text.index('"cluster": {') + len('"cluster": ') : text.index('"connect_timeout"')].rstrip(" ,\n") + "}"
    )
    made = to_tree(bookinfo.named(clusters(), bookinfo.REVIEWS))
    assert isinstance(made, dict)
    assert {**made, **{key: value for key, value in shown.items() if key != "@type"}} == made
    assert made["connect_timeout"] == "10s"


def test_s053_metadata_names_subset_and_service() -> None:
    istio = bookinfo.named(clusters(), "outbound|9080|v2|reviews.default.svc.cluster.local").metadata.filter_metadata[
        "istio"
    ]
    said = json_format.MessageToDict(istio)
    assert said["subset"] == "v2"
    assert said["services"] == [
        {"host": "reviews.default.svc.cluster.local", "name": "reviews", "namespace": "default"}
    ]
    assert said["config"] == "/apis/networking.istio.io/v1alpha3/namespaces/default/destination-rule/reviews"


@pytest.mark.parametrize(
    ("block", "name"),
    [
        ("07-inbound-cluster.json", "inbound|9080||"),
        ("08-blackhole-cluster.json", "BlackHoleCluster"),
        ("10-passthrough-cluster.json.txt", "PassthroughCluster"),
    ],
)
def test_s055_s056_s058_clusters_are_the_blocks(block: str, name: str) -> None:
    """The blocks leave out circuit breakers; block 16 proves that the proxy had them."""
    wanted = bookinfo.block_message(block, names.CLUSTER)
    made = type(wanted)()
    made.CopyFrom(bookinfo.named(clusters(), name))
    made.ClearField("circuit_breakers")
    assert made == wanted


def test_s057_s059_catch_all_virtual_hosts() -> None:
    """S-057, S-059; the blocks are abbreviated (Q-15), so the fields shown are compared."""
    for block, host in (
        ("11-allow-any-vhost.json", only_route().virtual_hosts[-1]),
        ("09-block-all-vhost.json", blocked()),
    ):
        shown = bookinfo.block_message(block, names.VIRTUAL_HOST)
        merged = type(host)()
        merged.CopyFrom(host)
        route = merged.routes[0]
        route.MergeFrom(shown.routes[0])
        assert merged == host
        assert (host.name, list(host.domains)) == (shown.name, list(shown.domains))


def blocked() -> Any:
    """The catch-all when only registered hosts may be called."""
    files = [(path, path.read_text()) for path in sorted(bookinfo.DIRECTORY.rglob("*.yaml"))]
    registry = read_texts((path, text.replace("ALLOW_ANY", "REGISTRY_ONLY")) for path, text in files)
    made = discovery.generate(registry, discovery.Proxy.of_pod(registry, bookinfo.PRODUCTPAGE), "1.8")
    return bookinfo.named(made.routes, ROUTE).virtual_hosts[-1]  # type: ignore[attr-defined]


def test_s060_s061_virtual_outbound() -> None:
    listener = bookinfo.named(bookinfo.generated("1.8").listeners, "virtualOutbound")
    assert listener.address.socket_address.port_value == 15001
    assert listener.use_original_dst.value
    assert [chain.filters[0].name for chain in listener.filter_chains] == ["envoy.filters.network.tcp_proxy"] * 2


def test_s063_outbound_listeners() -> None:
    found = [one.name for one in bookinfo.resources("1.8").listeners]
    assert {"0.0.0.0_9080", "0.0.0.0_9411", "0.0.0.0_3000"} <= set(found)


def test_s072_to_s079_routes_are_block_14() -> None:
    """Equal as messages after the sort that istioctl does (Q-9)."""
    (made,) = select_routes(bookinfo.resources("1.8"), name=ROUTE)
    (shown,) = json.loads(bookinfo.block("14-rds-9080.json"))
    wanted = type(made)()
    json_format.ParseDict(shown, wanted, descriptor_pool=pool())
    assert made == wanted
    assert to_tree(made, camel_case=True) == shown


def test_q9_the_server_sends_the_catch_all_last() -> None:
    assert [host.name.partition(".")[0] for host in only_route().virtual_hosts] == [
        "details", "productpage", "ratings", "reviews", "allow_any",
    ]  # fmt: skip


def test_s054_endpoints_of_reviews() -> None:
    assignment = next(one for one in bookinfo.resources("1.8").endpoints if one.name == bookinfo.REVIEWS).message
    found = {one.endpoint.address.socket_address.address for one in assignment.endpoints[0].lb_endpoints}  # type: ignore[attr-defined]
    assert found == {"10.240.2.40", "10.240.2.74", "10.240.2.112"}


def test_s080_cluster_status_is_block_16() -> None:
    """All of it but the counters, which only a running proxy has."""
    (made,) = cluster_status(bookinfo.resources("1.8"), cluster="inbound|9080||")
    (shown,) = json.loads(bookinfo.block("16-inbound-cluster-status.json"))
    for stat in shown["hostStatuses"][0]["stats"]:
        stat.pop("value", None)
    assert to_tree(made, camel_case=True) == shown

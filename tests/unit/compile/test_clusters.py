"""Cluster messages: what is taken, what Envoy refuses, what is not supported."""

from __future__ import annotations

import json

import pytest
from support.clusters import cluster, endpoint, locality, ports, scripted, static
from support.shared import shared

from fastroute.core.selection import PickContext
from fastroute.errors import RejectedError, UnsupportedError
from fastroute.request import Connection

EDS = {"type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}}}


def test_an_endpoint_says_what_was_configured():
    made = cluster(
        static(locality([endpoint(80, weight=3, hostname="h", lb={"v": 1}, health="DEGRADED")], zone="z", priority=2))
    )
    (found,) = made.endpoints
    assert (found.address, found.port, found.hostname, found.weight, found.priority) == ("127.0.0.1", 80, "h", 3, 2)
    assert (found.locality.zone, found.health, found.metadata) == ("z", "degraded", {"envoy.lb": {"v": 1}})
    assert str(found) == "127.0.0.1:80"
    assert len(made.levels) == 3


def test_eds_is_named_by_its_service_or_its_cluster():
    assert cluster(EDS).info.eds_name == "c"
    named = {"type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}, "service_name": "s"}}
    assert cluster(named).info.eds_name == "s"
    assert cluster(named).pick(random=scripted(0)) is None


REJECTED = [
    ({"type": "EDS"}, "cannot create an EDS cluster without an EDS config"),
    ({"eds_cluster_config": {"eds_config": {"ads": {}}}}, "eds_cluster_config set in a non-EDS cluster"),
    ({"type": "ORIGINAL_DST"}, "Only 'CLUSTER_PROVIDED' is allowed"),
    ({"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED", "load_assignment": {"cluster_name": "c"}}, "no load"),
    ({"lb_policy": "CLUSTER_PROVIDED"}, "did not provide one"),
    ({"lb_policy": "LOAD_BALANCING_POLICY_CONFIG"}, "need to be set"),
    (static(locality([endpoint(80, "foo.com")])), "malformed IP address: foo.com"),
    (static(locality([endpoint(1, weight=2**32 - 1), endpoint(2)]), lb_policy="MAGLEV"), "exceeds 4294967295"),
    ({"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": 9, "maximum_ring_size": 8}}, "> maximum"),
    ({"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": 4}}, "prime"),
    ({"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": 6}}, "prime"),
    ({"filters": [{"name": "istio.metadata_exchange"}]}, "istio.metadata_exchange"),
]


@pytest.mark.parametrize(("tree", "words"), REJECTED)
def test_what_envoy_refuses(tree, words):
    with pytest.raises(RejectedError, match=words):
        cluster(tree)


def test_a_block_of_another_policy_is_ignored():
    tree = static(locality([endpoint(1)]), ring_hash_lb_config={"minimum_ring_size": 9, "maximum_ring_size": 8})
    assert ports(cluster(tree), 1) == [1]


def test_an_unknown_cluster_type_is_named():
    with pytest.raises(UnsupportedError, match="redis"):
        cluster({"cluster_type": {"name": "envoy.clusters.redis"}})


def test_typed_policies_that_are_not_supported_are_named():
    kind = "type.googleapis.com/envoy.extensions.load_balancing_policies.load_aware_locality.v3.LoadAwareLocality"
    item = {"typed_extension_config": {"name": "x", "typed_config": {"@type": kind}}}
    with pytest.raises(UnsupportedError, match="load_aware_locality"):
        cluster({"load_balancing_policy": {"policies": [item]}})


def test_lenient_loading_notes_filters_that_envoy_lacks():
    notices = []
    made = cluster({"filters": [{"name": "istio.metadata_exchange"}]}, strict=False, notices=notices)
    assert made.pick(random=scripted(0)) is None
    assert "hosts are chosen as without it" in str(notices[0])


ORIGINAL = {"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}
REDIRECTED = Connection(("10.0.0.9", 9000), accepted=("127.0.0.1", 15001))


def test_original_destination_of_the_connection():
    made = cluster(ORIGINAL)
    assert str(made.pick(context=REDIRECTED)) == "10.0.0.9:9000"
    assert str(made.pick(context=PickContext(connection=REDIRECTED))) == "10.0.0.9:9000"
    straight = Connection(("10.0.0.9", 9000), accepted=("10.0.0.9", 9000))
    assert made.pick(context=straight) is None
    assert made.pick() is None


def test_original_destination_of_a_header():
    made = cluster({**ORIGINAL, "original_dst_lb_config": {"use_http_header": True, "upstream_port_override": 7}})
    given = PickContext(request_headers=[("X-Envoy-Original-Dst-Host", "[::1]:80")], connection=REDIRECTED)
    assert str(made.pick(context=given)) == "[::1]:7"
    wrong = PickContext(request_headers=[("x-envoy-original-dst-host", "nonsense")], connection=REDIRECTED)
    assert str(made.pick(context=wrong)) == "10.0.0.9:7"


def test_bookinfo_clusters_load():
    for number, name in ((7, "inbound-cluster"), (8, "blackhole-cluster"), (10, "passthrough-cluster")):
        suffix = ".json.txt" if number == 10 else ".json"
        text = shared(f"seed/blocks/{number:02}-{name}{suffix}").read_text().strip().rstrip(",")
        notices = []
        made = cluster(json.loads(text), strict=False, notices=notices)
        assert len(notices) == (0 if number == 7 else 1)
        assert len(made.endpoints) == (1 if number == 7 else 0)


def test_the_seed_bootstrap_clusters_load():
    tree = json.loads(shared("seed/bootstrap-comment-stripped.json").read_text())
    made = [cluster(item) for item in tree["static_resources"]["clusters"]]
    assert [item.name for item in made] == ["prometheus_stats", "agent", "sds-grpc", "xds-grpc", "zipkin"]
    assert [query.name for query in made[-1].info.queries] == ["zipkin.istio-system"]
    assert str(made[2].endpoints[0]) == "./etc/istio/proxy/SDS"


@pytest.mark.parametrize(
    ("text", "written"),
    [("::ffff:127.0.0.1", "[::ffff:127.0.0.1]:1"), ("0:0::0001", "[::1]:1"), ("FE80::A", "[fe80::a]:1")],
)
def test_addresses_are_written_as_the_system_writes_them(text, written):
    assert str(cluster(static(locality([endpoint(1, text)]))).endpoints[0]) == written

"""Each stage of a pick is told in words."""

from __future__ import annotations

from typing import Any

from support.clusters import cluster, endpoint, locality, seeded, static

from fastroute.core.selection import PickContext
from fastroute.decision import Explanation
from fastroute.explain.picks import explain_pick
from fastroute.router import Router
from fastroute.snapshot import load


def told(tree: dict[str, Any], hash: int | None = None, **context: Any) -> Explanation:
    made = cluster(tree)
    given = PickContext(**context)
    host = made.pick(hash, random=seeded(), context=given)
    return explain_pick(made, host, hash=hash, context=given, clusters={})


def lines(explanation: Explanation) -> list[str]:
    return [f"{step.stage} {step.verdict} {step.subject}: {step.reason}" for step in explanation.steps]


THREE = locality([endpoint(port) for port in (1, 2, 3)])


def test_round_robin() -> None:
    assert lines(told(static(THREE))) == [
        "cluster kept c: STATIC, 3 hosts",
        "priority chosen 0: it takes 100 of 100 requests: 3 of 3 hosts healthy",
        "endpoint chosen 127.0.0.1:1: round_robin: its turn among 3 hosts",
    ]


def test_a_priority_in_panic() -> None:
    sick = locality([endpoint(1), *(endpoint(port, health="UNHEALTHY") for port in (2, 3, 4))])
    assert "priority chosen 0: in panic, so all of its hosts count: 1 of 4 hosts healthy" in lines(told(static(sick)))


def test_the_second_priority_and_degraded_hosts() -> None:
    first = locality([endpoint(1, health="UNHEALTHY")])
    second = locality([endpoint(2, health="DEGRADED")], priority=1)
    assert lines(told(static(first, second)))[1:] == [
        "priority chosen 1: its degraded hosts take 100 of 100 requests: 0 of 1 host healthy",
        "endpoint chosen 127.0.0.1:2: round_robin: the only host left",
    ]


def test_a_locality_by_weight() -> None:
    groups = [locality([endpoint(1), endpoint(2)], zone="a", weight=3), locality([endpoint(3)], zone="b", weight=1)]
    explanation = told(static(*groups, common_lb_config={"locality_weighted_lb_config": {}}))
    found = (lines(explanation)[2], explanation.decision["candidates"])
    assert found in (("locality chosen a: its weight is 3 of 4", 2), ("locality chosen b: its weight is 1 of 4", 1))


def test_hashes_and_what_stands_for_them() -> None:
    ring = static(THREE, lb_policy="RING_HASH", ring_hash_lb_config={"minimum_ring_size": 8})
    assert "ring_hash over 3 hosts: hash 7 falls on it" in lines(told(ring, 7))[-1]
    assert "ring_hash over 3 hosts: a random value, for want of a hash, falls on it" in lines(told(ring))[-1]


def test_weights_and_least_requests() -> None:
    weighted = static(locality([endpoint(1, weight=2), endpoint(2, weight=3)]))
    assert lines(told(weighted))[-1].endswith(("by weight 2 of 5", "by weight 3 of 5"))
    assert (
        "the least busy of 2 drawn from 3 hosts (0 active requests)"
        in lines(told(static(THREE, lb_policy="LEAST_REQUEST")))[-1]
    )
    assert "drawn from 3 hosts" in lines(told(static(THREE, lb_policy="RANDOM")))[-1]


def subsets(fallback: str) -> dict[str, Any]:
    hosts = locality([endpoint(1, lb={"v": "1"}), endpoint(2, lb={"v": "2"})])
    config = {"subset_selectors": [{"keys": ["v"]}], "fallback_policy": fallback, "default_subset": {"v": "1"}}
    return static(hosts, lb_subset_config=config)


def test_subsets_and_fallbacks() -> None:
    found = lines(told(subsets("NO_FALLBACK"), metadata_match={"v": "2"}))
    assert "subset chosen v=2: 1 of the cluster's 2 hosts" in found
    found = lines(told(subsets("DEFAULT_SUBSET"), metadata_match={"v": "9"}))
    assert "subset chosen the default subset: 1 of the cluster's 2 hosts" in found
    found = lines(told(subsets("NO_FALLBACK"), metadata_match={"v": "9"}))
    assert found[-1].startswith("endpoint answered : no subset has what the request asks for")


def test_no_host_and_dropped_requests() -> None:
    assert lines(told(static()))[1:] == [
        "priority passed over all hosts: 0 of 0 hosts healthy",
        "endpoint answered : no such host: 503, no healthy upstream",
    ]
    drop = {"drop_overloads": [{"category": "x", "drop_percentage": {"numerator": 100}}]}
    assert lines(told(static(THREE, policy=drop)))[-1] == (
        "endpoint answered : dropped: 100 of 100 requests are (drop_overloads)"
    )


def test_a_host_that_an_update_removed() -> None:
    made, other = cluster(static(THREE)), cluster(static(locality([endpoint(9)])))
    host = other.pick(random=seeded())
    assert (
        "no host of the cluster any more" in lines(explain_pick(made, host, hash=None, context=None, clusters={}))[-1]
    )


def test_aggregates_and_original_destinations_through_the_router() -> None:
    listed = {
        "@type": "type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig",
        "clusters": ["missing", "one", "two"],
    }
    whole = {"name": "all", "lb_policy": "CLUSTER_PROVIDED", "cluster_type": {"name": "a", "typed_config": listed}}
    one = {**static(locality([endpoint(1, health="UNHEALTHY")])), "name": "one"}
    two = {**static(locality([endpoint(2)])), "name": "two"}
    passing = {"name": "pass", "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}
    for each in (one, two):
        each["load_assignment"] = {**each["load_assignment"], "cluster_name": each["name"]}
    router = Router(load({"clusters": [whole, one, two, passing]}), random=seeded())
    found = lines(router.explain_pick("all", router.pick("all")))
    assert "cluster chosen two: it owns the priority, of those of missing, one, two" in found
    assert "neither the request nor the connection" in lines(router.explain_pick("pass", router.pick("pass")))[-1]

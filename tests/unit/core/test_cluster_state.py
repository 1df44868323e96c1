"""What outlives updates, breakers, slow start, load reports, retries, threads."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from support.clusters import cluster, context, endpoint, locality, ports, resource, scripted, seeded, static, update

from fastroute.action.retry import HostPredicate, RetryPolicy
from fastroute.compile.clusters import resolve_cluster
from fastroute.compile.reselect import reselect
from fastroute.core.hashing import xxh64
from fastroute.core.load_reports import report_load, update_weights, utilization_of, weight_of
from fastroute.core.selection import PickContext

EDS: dict[str, Any] = {"name": "c", "type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}}}


def assigned(*numbers: int, **more: Any) -> dict[str, Any]:
    return {"cluster_name": "c", "endpoints": [locality([endpoint(number, **more) for number in numbers])]}


def test_hosts_that_stay_keep_their_state():
    made = cluster({**EDS, "outlier_detection": {"max_ejection_percent": 100}}, assigned(1, 2, 3))
    first, second, _ = made.endpoints
    first.begin()
    made.bind({str(second): "mine"})
    for _ in range(5):
        made.detector.report(second, 500, now=0)
    update(made, assigned(2, 1, weight=7))
    assert [host.port for host in made.endpoints] == [2, 1]
    assert [host.weight for host in made.endpoints] == [7, 7]
    assert made["127.0.0.1:1"].active == 1
    assert made["127.0.0.1:2"].value == "mine"
    assert made["127.0.0.1:2"].health == "unhealthy"
    made["127.0.0.1:1"].end()
    assert first.active == 0


def test_a_new_cluster_takes_over_the_state_and_the_tables():
    old = cluster({**EDS, "lb_policy": "MAGLEV"}, assigned(1, 2))
    old.endpoints[0].begin()
    new = cluster({**EDS, "lb_policy": "MAGLEV", "connect_timeout": "3s"}, assigned(1, 2), previous=old)
    assert new.endpoints[0].active == 1
    assert new.tables[0] is old.tables[0]
    other = cluster({**EDS, "lb_policy": "MAGLEV"}, assigned(1, 2, 3), previous=old)
    assert other.tables[0] is not old.tables[0]


def test_active_checks_start_failed_and_keep_removed_hosts():
    check = {
        "timeout": "1s",
        "interval": "1s",
        "unhealthy_threshold": 1,
        "healthy_threshold": 1,
        "http_health_check": {"path": "/"},
    }
    made = cluster({**EDS, "health_checks": [check]}, assigned(1, 2))
    assert [host.health for host in made.endpoints] == ["unhealthy", "unhealthy"]
    made.set_health("127.0.0.1:1", "healthy")
    assert ports(made, 3, random=scripted(0)) == [1, 1, 1] or made.loads["panic"] == [0]
    update(made, assigned(2))
    assert sorted(host.port for host in made.endpoints) == [1, 2]
    made.set_health("127.0.0.1:1", "unhealthy")
    assert [host.port for host in made.endpoints] == [2]


def test_breakers_count():
    thresholds = [{"max_requests": 2, "retry_budget": {"budget_percent": {"value": 50}, "min_retry_concurrency": 1}}]
    made = cluster(static(circuit_breakers={"thresholds": thresholds}))
    breaker = made.breakers["default"]
    assert [breaker.acquire("requests") for _ in range(3)] == [True, True, False]
    assert breaker.left("retries") == 1
    breaker.release("requests")
    assert breaker.acquire("requests")
    assert made.breakers["high"].left("retries") == 3
    with pytest.raises(KeyError):
        breaker.acquire("nonsense")


def test_slow_start_grows_with_the_age():
    config = {"slow_start_window": "10s", "min_weight_percent": {"value": 20}}
    made = cluster({**EDS, "round_robin_lb_config": {"slow_start_config": config}}, assigned(1))
    made.memory.now = 100.0
    update(made, assigned(1, 2))
    picks = ports(made, 1200)
    assert 190 <= picks.count(2) <= 210
    made.memory.now = 105.0
    update(made, assigned(1, 2))
    picks = ports(made, 1500)
    assert 490 <= picks.count(2) <= 510
    made.memory.now = 111.0
    update(made, assigned(1, 2))
    picks = ports(made, 100)
    assert picks.count(2) == 50


def test_least_request_prefers_the_idle():
    made = cluster(static(locality([endpoint(1), endpoint(2)]), lb_policy="LEAST_REQUEST"))
    made.endpoints[0].begin()
    assert made.pick(random=scripted(0, 1)).port == 2
    assert made.pick(random=scripted(0, 0)).port == 1
    made.endpoints[1].begin()
    assert made.pick(random=scripted(1, 0)).port == 2


def test_load_reports_weigh_hosts():
    assert weight_of(100, 0.5) == 200
    assert weight_of(100, 0.5, eps=50) == 100
    assert weight_of(100, 0) == 0
    assert utilization_of({"named_metrics.x": 0.9}, ["named_metrics.x"], 0.5, 0.1) == 0.9
    assert utilization_of({}, [], 0.5, 0.1) == 0.5
    kind = "type.googleapis.com/envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3."
    item = {"name": "w", "typed_config": {"@type": f"{kind}ClientSideWeightedRoundRobin", "blackout_period": "1s"}}
    policy = {"load_balancing_policy": {"policies": [{"typed_extension_config": item}]}}
    made = cluster(static(locality([endpoint(1), endpoint(2), endpoint(3)]), **policy))
    one, two, _ = made.endpoints
    report_load(made, one, now=0, rps=100, cpu=1.0)
    report_load(made, two, now=0, rps=300, cpu=1.0)
    update_weights(made, 0.5)
    assert [host.state.reported for host in made.endpoints] == [1, 1, 1]
    update_weights(made, 2)
    assert [host.state.reported for host in made.endpoints] == [100, 300, 200]
    picks = ports(made, 600)
    assert [picks.count(port) for port in (1, 2, 3)] == [100, 300, 200]
    update_weights(made, 500)
    assert [host.state.reported for host in made.endpoints] == [1, 1, 1]


def test_retries_avoid_previous_hosts_and_canaries():
    made = cluster(static(locality([endpoint(1), endpoint(2, lb={"canary": True}), endpoint(3)])))
    policy = RetryPolicy(host_predicates=(HostPredicate("previous_hosts"),), host_attempts=2)
    assert reselect(policy, [], made) is None
    skip = reselect(policy, [made.endpoints[0]], made)
    assert made.pick(random=scripted(0), skip=skip).port == 2
    canary = RetryPolicy(host_predicates=(HostPredicate("omit_canary_hosts"),), host_attempts=1)
    skip = reselect(canary, [made.endpoints[0]], made)
    assert {made.pick(random=seeded(), skip=skip).port for _ in range(20)} == {1, 3}


def test_retries_exclude_tried_priorities():
    made = cluster(static(locality([endpoint(1)]), locality([endpoint(2)], priority=1)))
    policy = RetryPolicy(previous_priorities=1)
    first, second = made.endpoints
    assert made.pick(random=seeded(), skip=reselect(policy, [first], made)).port == 2
    assert made.pick(random=seeded(), skip=reselect(policy, [first, second], made)).port == 1


def test_a_skipped_host_comes_last():
    made = cluster(static(locality([endpoint(i) for i in range(1, 5)]), lb_policy="MAGLEV"))
    hosts = made.endpoints
    for number in range(50):
        assert made.pick(xxh64(b"%d" % number), skip=hosts[:3]) is hosts[3]
        assert made.pick(xxh64(b"%d" % number), skip=[str(host) for host in hosts[1:]]) is hosts[0]
    assert made.pick(5, skip=hosts) is not None


def test_dns_clusters_have_the_hosts_that_a_resolver_gives():
    tree = static(locality([endpoint(80, "a.com"), endpoint(81, "10.0.0.1")]), type="STRICT_DNS")
    made = cluster(tree)
    assert [query.name for query in made.info.queries] == ["a.com"]
    assert [str(host) for host in made.endpoints] == ["10.0.0.1:81"]
    answers = {"a.com": ["10.0.0.2", "::1"], "10.0.0.1": ["10.0.0.1"]}
    resolve_cluster(made, answers.__getitem__, context(resource(tree)))
    assert [(str(host), host.hostname) for host in made.endpoints] == [
        ("10.0.0.2:80", "a.com"),
        ("[::1]:80", "a.com"),
        ("10.0.0.1:81", "10.0.0.1"),
    ]
    logical = static(locality([endpoint(80, "a.com")]), type="LOGICAL_DNS")
    made = cluster(logical)
    resolve_cluster(made, answers.__getitem__, context(resource(logical)))
    assert [str(host) for host in made.endpoints] == ["10.0.0.2:80"]


def test_subset_without_criteria_and_context():
    subsets = {"subset_selectors": [{"keys": ["v"]}], "fallback_policy": "ANY_ENDPOINT"}
    made = cluster(static(locality([endpoint(1, lb={"v": "1"}), endpoint(2, lb={"v": 1})]), lb_subset_config=subsets))
    assert made.pick(random=seeded(), context=PickContext(metadata_match={"v": 1})).port == 2
    assert made.pick(random=seeded(), context=PickContext(metadata_match={"v": "1"})).port == 1
    assert made.pick(random=seeded()) is not None


def test_picks_in_sixteen_threads_while_updates_come():
    made = cluster({**EDS, "lb_policy": "ROUND_ROBIN"}, assigned(1, 2, 3))
    stop = threading.Event()
    failures: list[object] = []

    def pick(seed: int) -> None:
        draw = seeded(seed)
        try:
            while not stop.is_set():
                host = made.pick(random=draw)
                host.begin()
                host.end()
        except (AttributeError, TypeError, ValueError, RuntimeError) as error:
            failures.append(error)

    threads = [threading.Thread(target=pick, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    for number in range(1000):
        wanted = {1 + number % 5, 10 + number % 3}
        update(made, assigned(*wanted))
        # Nothing old after the update has returned.
        assert made.pick(random=seeded(number)).port in wanted
    stop.set()
    for thread in threads:
        thread.join(20)
    assert not failures
    assert all(host.active == 0 for host in made.endpoints)

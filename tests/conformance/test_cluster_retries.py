"""The hosts of every attempt of a request, and ejections, against the live Envoy.

Nothing listens at the endpoints, so every attempt is a failed connection and is retried. With a hash the
whole sequence is exact.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.cluster_envoy import ClusterEnvoy
from support.clusters import cluster, endpoint, locality, seeded, static

from fastroute.action.retry import HostPredicate, RetryPolicy
from fastroute.compile.reselect import reselect
from fastroute.core.clusters import Cluster
from fastroute.core.endpoint import Endpoint
from fastroute.core.hashing import xxh64

pytestmark = pytest.mark.envoy

RETRIES = 3
HASHES = [f"word-{number}" for number in range(12)]
_HOST = "type.googleapis.com/envoy.extensions.retry.host."
_PREVIOUS = {
    "name": "previous_hosts",
    "typed_config": {"@type": f"{_HOST}previous_hosts.v3.PreviousHostsPredicate"},
}
_CANARY = {
    "name": "canary",
    "typed_config": {"@type": f"{_HOST}omit_canary_hosts.v3.OmitCanaryHostsPredicate"},
}


def _omit(**values: Any) -> dict[str, Any]:
    kind = f"{_HOST}omit_host_metadata.v3.OmitHostMetadataConfig"
    return {
        "name": "omit",
        "typed_config": {"@type": kind, "metadata_match": {"filter_metadata": {"envoy.lb": values}}},
    }


def _priorities(frequency: int) -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig"
    return {"name": "previous", "typed_config": {"@type": kind, "update_frequency": frequency}}


PREVIOUS, CANARY = HostPredicate("previous_hosts"), HostPredicate("omit_canary_hosts")
POLICIES: dict[str, tuple[dict[str, Any], RetryPolicy]] = {
    "plain": ({}, RetryPolicy()),
    "previous": ({"retry_host_predicate": [_PREVIOUS]}, RetryPolicy(host_predicates=(PREVIOUS,))),
    "previous-5": (
        {"retry_host_predicate": [_PREVIOUS], "host_selection_retry_max_attempts": 5},
        RetryPolicy(host_predicates=(PREVIOUS,), host_attempts=5),
    ),
    "canary": (
        {"retry_host_predicate": [_CANARY], "host_selection_retry_max_attempts": 4},
        RetryPolicy(host_predicates=(CANARY,), host_attempts=4),
    ),
    "both": (
        {"retry_host_predicate": [_CANARY, _PREVIOUS], "host_selection_retry_max_attempts": 9},
        RetryPolicy(host_predicates=(CANARY, PREVIOUS), host_attempts=9),
    ),
    "omit": (
        {"retry_host_predicate": [_omit(v="1")], "host_selection_retry_max_attempts": 4},
        RetryPolicy(host_predicates=(HostPredicate("omit_host_metadata", (("v", "1"),)),), host_attempts=4),
    ),
    "priorities-1": ({"retry_priority": _priorities(1)}, RetryPolicy(previous_priorities=1)),
    "priorities-2": ({"retry_priority": _priorities(2)}, RetryPolicy(previous_priorities=2)),
}


def _hosts() -> list[dict[str, Any]]:
    marks: list[dict[str, Any]] = [{}, {"canary": True}, {"v": "1"}, {"canary": "true"}, {"v": "1", "canary": True}, {}]
    return [endpoint(i, f"127.7.0.{i}", lb=mark) for i, mark in enumerate(marks, 1)]


CLUSTERS = {
    "maglev": static(locality(_hosts()), lb_policy="MAGLEV"),
    "ring": static(locality(_hosts()), lb_policy="RING_HASH"),
    "hashed levels": static(locality(_hosts()[:3]), locality(_hosts()[3:], priority=1), lb_policy="MAGLEV"),
    "levels": static(*(locality([endpoint(i, f"127.7.1.{i}")], priority=i) for i in range(3))),
}
EJECTING = {
    "ejecting": static(
        locality([endpoint(i, f"127.7.2.{i}") for i in range(1, 6)]),
        lb_policy="MAGLEV",
        outlier_detection={"consecutive_5xx": 3, "max_ejection_percent": 60, "interval": "100s"},
        # Envoy holds further changes of health back for a second unless told.
        common_lb_config={"update_merge_window": "0s"},
    )
}


def _routes() -> Iterator[dict[str, Any]]:
    for (name, (fields, _)), retries in itertools.product(POLICIES.items(), range(RETRIES + 1)):
        policy = {"retry_on": "connect-failure", "num_retries": retries, **fields}
        policy["retry_back_off"] = {"base_interval": "0.001s", "max_interval": "0.002s"}
        yield {
            "match": {"prefix": "/", "headers": [{"name": "x-policy", "string_match": {"exact": f"{name} {retries}"}}]},
            "route": {
                "cluster_header": "x-cluster",
                "hash_policy": [{"header": {"header_name": "x-hash"}}],
                "retry_policy": policy,
            },
        }


@pytest.fixture(scope="module")
def bed() -> Iterator[ClusterEnvoy]:
    trees = [{**tree, "name": name} for name, tree in {**CLUSTERS, **EJECTING}.items()]
    with ClusterEnvoy(trees, routes=list(_routes())) as running:
        yield running


def attempts(made: Cluster, policy: RetryPolicy, hash_: int | None) -> list[str]:
    """The hosts of the first attempt and of every retry."""
    tried: list[Endpoint] = []
    draw = seeded()
    for _ in range(RETRIES + 1):
        host = made.pick(hash_, random=draw, skip=reselect(policy, tried, made))
        assert host is not None
        tried.append(host)
    return [str(host) for host in tried]


def observed(bed: ClusterEnvoy, name: str, policy: str, *headers: tuple[str, str]) -> list[str | None]:
    """The hosts of Envoy's attempts: Envoy tells the last one, so it is asked with 0, 1, 2, … retries."""
    return bed.hosts(name, [[("x-policy", f"{policy} {retries}"), *headers] for retries in range(RETRIES + 1)])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", ["maglev", "ring", "hashed levels"])
def test_every_attempt_goes_where_envoy_goes(bed: ClusterEnvoy, name: str, policy: str) -> None:
    made = cluster(CLUSTERS[name])
    for word in HASHES:
        expected = observed(bed, name, policy, ("x-hash", word))
        assert attempts(made, POLICIES[policy][1], xxh64(word.encode())) == expected


@pytest.mark.parametrize("policy", ["plain", "priorities-1", "priorities-2"])
def test_retries_move_through_priorities(bed: ClusterEnvoy, policy: str) -> None:
    expected = observed(bed, "levels", policy)
    assert attempts(cluster(CLUSTERS["levels"]), POLICIES[policy][1], None) == expected


def test_ejections_come_when_envoys_do(bed: ClusterEnvoy) -> None:
    made = cluster(EJECTING["ejecting"])
    draw = random.Random(3)
    words = [str(draw.randrange(3)) for _ in range(40)]
    for word in words:
        (theirs,) = bed.hosts("ejecting", [[("x-hash", word)]])
        # The worker tells the main thread, which tells the workers: give them a moment.
        time.sleep(0.02)
        host = made.pick(xxh64(word.encode()))
        assert str(host) == theirs
        made.detector.report_local(host, "connect-failed", now=0.0)
    assert len(made.detector.ejected) == 3

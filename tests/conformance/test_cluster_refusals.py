"""Which clusters Envoy refuses and which it takes: the same as strict loading does."""

from __future__ import annotations

from typing import Any

import pytest
from support.clusters import cluster, endpoint, locality, static
from support.envoy import require_binary, validate

from fastroute.errors import RejectedError, UnsupportedError

pytestmark = pytest.mark.envoy

ONE = locality([endpoint(1)])
POLICY = "type.googleapis.com/envoy.extensions.load_balancing_policies."
RING = {"lb_policy": "RING_HASH"}
SUBSET: dict[str, Any] = {"fallback_policy": "ANY_ENDPOINT"}


def typed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"load_balancing_policy": {"policies": [{"typed_extension_config": item} for item in items]}}


def policy(name: str, kind: str, **config: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": f"{POLICY}{name}.v3.{kind}", **config}}


def selector(**fields: Any) -> dict[str, Any]:
    return static(ONE, lb_subset_config={**SUBSET, "subset_selectors": [fields]})


ROUND_ROBIN = policy("round_robin", "RoundRobin")
CHILD = {"policies": [{"typed_extension_config": ROUND_ROBIN}]}

REFUSED: dict[str, dict[str, Any]] = {
    "EDS without a source": {"type": "EDS"},
    "EDS source elsewhere": {"eds_cluster_config": {"eds_config": {"ads": {}}}},
    "original destination with round robin": {"type": "ORIGINAL_DST"},
    "original destination with hosts": {"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED", **static(ONE)},
    "cluster provided": static(ONE, lb_policy="CLUSTER_PROVIDED"),
    "typed policy missing": static(ONE, lb_policy="LOAD_BALANCING_POLICY_CONFIG"),
    "a name for an address": static(locality([endpoint(1, "foo.com")])),
    "ring sizes": static(ONE, **RING, ring_hash_lb_config={"minimum_ring_size": 9, "maximum_ring_size": 8}),
    "ring too large": static(ONE, **RING, ring_hash_lb_config={"minimum_ring_size": 8388609}),
    "composite table": static(ONE, lb_policy="MAGLEV", maglev_lb_config={"table_size": 9}),
    "hostname hashing of a static cluster": static(
        ONE, **RING, common_lb_config={"consistent_hashing_lb_config": {"use_hostname_for_hashing": True}}
    ),
    "balance factor": static(
        ONE, **RING, common_lb_config={"consistent_hashing_lb_config": {"hash_balance_factor": 99}}
    ),
    "keys subset without keys": selector(keys=["a", "b"], fallback_policy="KEYS_SUBSET"),
    "keys subset of all keys": selector(
        keys=["a", "b"], fallback_policy="KEYS_SUBSET", fallback_keys_subset=["a", "b"]
    ),
    "keys subset of other keys": selector(keys=["a", "b"], fallback_policy="KEYS_SUBSET", fallback_keys_subset=["c"]),
    "keys without keys subset": selector(keys=["a", "b"], fallback_keys_subset=["a"]),
    "two drops": static(ONE, policy={"drop_overloads": [{"category": "a"}, {"category": "b"}]}),
    "logical DNS with two hosts": static(locality([endpoint(1, "a.com"), endpoint(2, "b.com")]), type="LOGICAL_DNS"),
    "typed beside subsets": static(
        ONE, **typed(ROUND_ROBIN), lb_subset_config={**SUBSET, "subset_selectors": [{"keys": ["a"]}]}
    ),
    "typed beside locality weights": static(
        ONE, **typed(ROUND_ROBIN), common_lb_config={"locality_weighted_lb_config": {}}
    ),
    "no known policy": static(ONE, **typed()),
    "weighted locality of round robin": static(
        ONE, **typed(policy("wrr_locality", "WrrLocality", endpoint_picking_policy=CHILD))
    ),
    "an empty override source": static(
        ONE, **typed(policy("override_host", "OverrideHost", override_host_sources=[{}], fallback_policy=CHILD))
    ),
    "no override source": static(ONE, **typed(policy("override_host", "OverrideHost", fallback_policy=CHILD))),
    "no override fallback": static(
        ONE, **typed(policy("override_host", "OverrideHost", override_host_sources=[{"header": "x"}]))
    ),
    "an unknown filter": static(ONE, filters=[{"name": "istio.metadata_exchange"}]),
}

TAKEN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "another name in the assignment": {"load_assignment": {"cluster_name": "other", "endpoints": [ONE]}},
    "gaps between priorities": static(ONE, locality([endpoint(2)], priority=2)),
    "a block of another policy": static(ONE, ring_hash_lb_config={"minimum_ring_size": 9, "maximum_ring_size": 8}),
    "an empty ring": static(ONE, **RING, ring_hash_lb_config={"minimum_ring_size": 0}),
    "a table of two": static(ONE, lb_policy="MAGLEV", maglev_lb_config={"table_size": 2}),
    "a negative bias": static(
        ONE,
        lb_policy="LEAST_REQUEST",
        least_request_lb_config={"active_request_bias": {"default_value": -1, "runtime_key": "x"}},
    ),
    "slow start without a window": static(ONE, round_robin_lb_config={"slow_start_config": {}}),
    "fallback without selectors": static(ONE, lb_subset_config=SUBSET),
    "a selector without keys": selector(keys=[]),
    "two breakers of one priority": static(
        ONE, circuit_breakers={"thresholds": [{"max_requests": 1}, {"max_requests": 2}]}
    ),
    "typed beside lb_policy": static(ONE, **typed(ROUND_ROBIN), lb_policy="MAGLEV"),
    "the same address twice": static(locality([endpoint(1), endpoint(1)])),
    "a pipe": static(locality([{"endpoint": {"address": {"pipe": {"path": "/tmp/x"}}}}])),
    "weights beyond 32 bits": static(locality([endpoint(1, weight=2**32 - 1), endpoint(2)])),
    "IPv6": static(locality([endpoint(1, "::1")])),
}


def envoys(tree: dict[str, Any]) -> bool:
    require_binary()
    return validate({"static_resources": {"clusters": [{"name": "c", "connect_timeout": "1s", **tree}]}}).ok


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    assert not envoys(REFUSED[name])
    with pytest.raises((RejectedError, UnsupportedError)):
        cluster(REFUSED[name])


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name: str) -> None:
    assert envoys(TAKEN[name])
    assert cluster(TAKEN[name]).name == "c"

"""Ring hash and Maglev against the live Envoy: the same host for every host set and hash."""

from __future__ import annotations

import random
from typing import Any

import pytest
from support.cluster_envoy import ClusterEnvoy
from support.clusters import cluster, endpoint, locality, static

from fastroute.core.hashing import xxh64

pytestmark = pytest.mark.envoy

HOST_SETS = 320
HASHES = 50
HEALTH = ("HEALTHY",) * 6 + ("UNKNOWN", "UNHEALTHY", "DEGRADED", "DRAINING", "TIMEOUT")
MURMUR = "type.googleapis.com/envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash"


def host_set(number: int) -> dict[str, Any]:
    """A cluster drawn from its number: policy, sizes, weights, health, priorities, localities, keys."""
    draw = random.Random(number)
    weighted, sick = draw.random() < 0.5, draw.random() < 0.5
    groups = []
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        hosts = [_host(draw, weighted=weighted, sick=sick) for _ in range(draw.choice((0, 1, 2, 3, 4, 7, 12, 30)))]
        more: dict[str, Any] = {"priority": draw.choice((0, 0, 0, 1, 2))}
        if draw.random() < 0.7:
            more["zone"] = draw.choice("abc")
        if draw.random() < 0.7:
            more["weight"] = draw.choice((0, 1, 2, 3, 10, 100)) or 1
        groups.append(locality(hosts, **more))
    common: dict[str, Any] = {}
    if draw.random() < 0.3:
        common["locality_weighted_lb_config"] = {}
    if draw.random() < 0.3:
        common["healthy_panic_threshold"] = {"value": draw.choice((0, 10, 29, 50, 57, 80, 100))}
    if draw.random() < 0.15:
        common["consistent_hashing_lb_config"] = {"hash_balance_factor": draw.choice((100, 150))}
    made = static(*groups, **_policy(draw), common_lb_config=common)
    if draw.random() < 0.3:
        made["load_assignment"]["policy"] = {
            "overprovisioning_factor": draw.choice((100, 140, 175, 300)),
            "weighted_priority_health": draw.random() < 0.5,
        }
    return {**made, "name": f"set{number}", "connect_timeout": "1s"}


def _host(draw: random.Random, *, weighted: bool, sick: bool) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if weighted:
        more["weight"] = draw.choice((1, 1, 2, 3, 5, 10, 97, 1000, 123456))
    if sick:
        more["health"] = draw.choice(HEALTH)
    if draw.random() < 0.1:
        more["lb"] = {"hash_key": draw.choice(("", f"k{draw.randrange(10**6)}", 7))}
    address = f"127.{draw.randrange(1, 255)}.{draw.randrange(256)}.{draw.randrange(1, 255)}"
    return endpoint(draw.randrange(1, 50), address, **more)


def _policy(draw: random.Random) -> dict[str, Any]:
    if draw.random() < 0.5:
        size = draw.choice((None, 2, 3, 7, 251, 4099, 65537))
        return {"lb_policy": "MAGLEV", **({"maglev_lb_config": {"table_size": size}} if size else {})}
    config: dict[str, Any] = {"hash_function": draw.choice(("XX_HASH", "XX_HASH", "MURMUR_HASH_2"))}
    if draw.random() < 0.7:
        config["minimum_ring_size"] = draw.choice((1, 5, 33, 100, 1024, 20000))
    if draw.random() < 0.4:
        config["maximum_ring_size"] = max(draw.choice((10, 64, 1000)), config.get("minimum_ring_size", 1024))
    return {"lb_policy": "RING_HASH", "ring_hash_lb_config": config}


def test_every_pick_is_envoys() -> None:
    sets = [host_set(number) for number in range(HOST_SETS)]
    draw = random.Random(7)
    words = [f"{draw.getrandbits(64):x}" for _ in range(HASHES)]
    wrong = []
    with ClusterEnvoy(sets) as bed:
        for tree in sets:
            ours = cluster(tree)
            theirs = bed.hosts(tree["name"], [[("x-hash", word)] for word in words])
            for word, expected in zip(words, theirs, strict=True):
                found = ours.pick(xxh64(word.encode()))
                if (None if found is None else str(found)) != expected:
                    wrong.append((tree["name"], word, expected, found))
    assert not wrong, f"{len(wrong)} of {HOST_SETS * HASHES}: {wrong[:10]}"

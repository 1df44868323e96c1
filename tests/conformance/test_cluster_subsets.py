"""Subset load balancing against the live Envoy, with Maglev inside so that every pick is exact."""

from __future__ import annotations

import random
from typing import Any

import pytest
from support.cluster_envoy import ClusterEnvoy
from support.clusters import cluster, endpoint, locality, static

from fastroute.core.hashing import xxh64
from fastroute.core.selection import PickContext

pytestmark = pytest.mark.envoy

CLUSTERS = 120
HASHES = 8
VALUES: tuple[Any, ...] = ("1", "2", "prod", 1, 2, True, None, ["1", "2"], ["prod"], [], {"x": 1})
KEYS = ("v", "stage", "az")
CRITERIA: tuple[dict[str, Any], ...] = (
    {},
    {"v": "1"},
    {"v": 1},
    {"v": True},
    {"v": "3"},
    {"v": ["1", "2"]},
    {"stage": "prod"},
    {"v": "1", "stage": "prod"},
    {"v": "2", "stage": "prod"},
    {"v": "1", "stage": "prod", "az": "1"},
    {"v": "9", "stage": "prod", "az": "1"},
    {"v": "1", "other": "1"},
    {"az": "2", "v": "2"},
    {"v": "3", "fallback_list": [{"v": "4"}, {"v": "1"}]},
    {"fallback_list": [{"stage": "prod", "v": "2"}, {"v": "2"}, {}]},
    {"v": "1", "fallback_list": []},
    {"v": "1", "fallback_list": "text"},
)


def drawn(number: int) -> dict[str, Any]:
    """A cluster with subsets, drawn from its number."""
    draw = random.Random(number)
    groups = []
    for _ in range(draw.choice((1, 2, 3))):
        hosts = []
        for _ in range(draw.choice((1, 3, 6, 10))):
            lb = {key: draw.choice(VALUES) for key in KEYS if draw.random() < 0.8}
            address = f"127.{draw.randrange(1, 255)}.{draw.randrange(256)}.{draw.randrange(1, 255)}"
            health = draw.choice(("HEALTHY",) * 8 + ("UNHEALTHY", "DEGRADED", "DRAINING"))
            hosts.append(
                endpoint(draw.randrange(1, 50), address, lb=lb, health=health, weight=draw.choice((1, 1, 2, 5)))
            )
        more = {"priority": draw.choice((0, 0, 1)), "zone": draw.choice("ab"), "weight": draw.choice((1, 2, 9))}
        groups.append(locality(hosts, **more))
    common = {"locality_weighted_lb_config": {}} if draw.random() < 0.4 else {}
    policy = draw.choice(
        (
            {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": 251}},
            {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": 64}},
        )
    )
    made = static(*groups, **policy, common_lb_config=common, lb_subset_config=_subsets(draw, bool(common)))
    return {**made, "name": f"set{number}", "connect_timeout": "1s"}


def _subsets(draw: random.Random, weighted: bool) -> dict[str, Any]:
    fallbacks = ("NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET")
    config: dict[str, Any] = {
        "fallback_policy": draw.choice(fallbacks),
        "subset_selectors": [_selector(draw) for _ in range(draw.choice((0, 1, 2, 4)))],
        "default_subset": {key: draw.choice(VALUES) for key in draw.sample(KEYS, draw.choice((0, 1, 1, 2)))},
        "list_as_any": draw.random() < 0.4,
        "panic_mode_any": draw.random() < 0.3,
        # Envoy 1.40 crashes on this where the cluster has no locality weights.
        "locality_weight_aware": weighted and draw.random() < 0.7,
    }
    if config["locality_weight_aware"] and draw.random() < 0.5:
        config["scale_locality_weight"] = True
    if draw.random() < 0.4:
        config["metadata_fallback_policy"] = "FALLBACK_LIST"
    return config


def _selector(draw: random.Random) -> dict[str, Any]:
    keys = draw.sample(KEYS, draw.choice((1, 1, 2, 2, 3)))
    choices = ["NOT_DEFINED", "NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET"]
    if len(keys) > 1:
        choices += ["KEYS_SUBSET"] * 3
    made: dict[str, Any] = {"keys": keys, "fallback_policy": draw.choice(choices)}
    if made["fallback_policy"] == "KEYS_SUBSET":
        made["fallback_keys_subset"] = draw.sample(keys, draw.randrange(1, len(keys)))
    if draw.random() < 0.15:
        made["single_host_per_subset"] = True
    return made


def _routes() -> list[dict[str, Any]]:
    hash_policy = [{"header": {"header_name": "x-hash"}}]
    return [
        {
            "match": {"prefix": "/", "headers": [{"name": "x-match", "string_match": {"exact": str(index)}}]},
            "route": {
                "cluster_header": "x-cluster",
                "hash_policy": hash_policy,
                "metadata_match": {"filter_metadata": {"envoy.lb": criteria}},
            },
        }
        for index, criteria in enumerate(CRITERIA)
    ]


def compare(sets: list[dict[str, Any]], seed: int) -> list[Any]:
    """What differs between Envoy and the core over these clusters, all criteria and some hashes."""
    draw = random.Random(seed)
    words = [f"{draw.getrandbits(64):x}" for _ in range(HASHES)]
    asked = [(index, word) for index in range(len(CRITERIA)) for word in words]
    wrong = []
    with ClusterEnvoy(sets, routes=_routes()) as bed:
        for tree in sets:
            ours = cluster(tree)
            theirs = bed.hosts(tree["name"], [[("x-match", str(i)), ("x-hash", word)] for i, word in asked])
            for (index, word), expected in zip(asked, theirs, strict=True):
                context = PickContext(metadata_match=CRITERIA[index])
                found = ours.pick(xxh64(word.encode()), context=context)
                if (None if found is None else str(found)) != expected:
                    wrong.append((tree["name"], CRITERIA[index], word, expected, found))
    return wrong


def test_every_pick_is_envoys() -> None:
    wrong = compare([drawn(number) for number in range(CLUSTERS)], 7)
    assert not wrong, f"{len(wrong)}: {wrong[:10]}"

"""Drawn clusters: of every discovery type that needs no control plane, with subsets, priorities, weights."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from support.clusters import endpoint, locality
from support.wholes.values import CLUSTERS

Json = dict[str, Any]
Address = tuple[str, int]

ZONES = ("za", "zb", "")
STAGES = ("prod", "test", 1, True)
HEALTH = ("HEALTHY",) * 5 + ("UNKNOWN", "UNHEALTHY", "DEGRADED", "DRAINING", "TIMEOUT")
LOCAL = "127.0.0.1"
DNS = ("STRICT_DNS", "LOGICAL_DNS")
HOST_HEADER = "x-host"


def clusters(rng: Random, upstreams: Sequence[Address], directory: str) -> tuple[list[Json], Json]:
    """One cluster of each name; the assignments of those by EDS, by cluster, each for a file in `directory`."""
    found: list[Json] = []
    assignments: Json = {}
    for name in CLUSTERS:
        made = _cluster(rng, name, upstreams)
        if made["type"] == "EDS":
            service = rng.choice(("", f"service-{name}"))
            source = {"path_config_source": {"path": f"{directory}/eds-{name}.json"}, "resource_api_version": "V3"}
            made["eds_cluster_config"] = {"eds_config": source, **({"service_name": service} if service else {})}
            assignments[name] = {**made.pop("load_assignment"), "cluster_name": service or name}
        found.append(made)
    return found, assignments


def _cluster(rng: Random, name: str, upstreams: Sequence[Address]) -> Json:
    kind = rng.choice(("STATIC", "STATIC", "STATIC", "EDS", "EDS", "STRICT_DNS", "LOGICAL_DNS", "ORIGINAL_DST"))
    made: Json = {"name": name, "type": kind, "connect_timeout": "2s"}
    if rng.random() < 0.15:
        made["metadata"] = {"filter_metadata": {"ns": {"k": name}}}
    if kind == "ORIGINAL_DST":
        own = {"use_http_header": True, **({"http_header_name": HOST_HEADER} if rng.random() < 0.5 else {})}
        return {**made, "lb_policy": "CLUSTER_PROVIDED", "original_dst_lb_config": own}
    if kind in DNS:
        made["dns_lookup_family"] = "V4_ONLY"
    if kind == "LOGICAL_DNS":
        port = rng.choice([port for address, port in upstreams if address == LOCAL])
        only = endpoint(port, "localhost", **_named(rng))
        return {**made, "load_assignment": {"cluster_name": name, "endpoints": [locality([only])]}}
    groups = [_group(rng, kind, upstreams, number) for number in range(rng.choice((1, 1, 1, 2, 3)))]
    made["load_assignment"] = {"cluster_name": name, "endpoints": groups}
    if rng.random() < 0.2:
        made["load_assignment"]["policy"] = {
            "overprovisioning_factor": rng.choice((100, 140, 200)),
            "weighted_priority_health": rng.random() < 0.5,
        }
    return {**made, **_balanced(rng), **_common(rng)}


def _named(rng: Random) -> Json:
    return {"hostname": rng.choice(("h.example", "H.example:80", ""))} if rng.random() < 0.4 else {}


def _group(rng: Random, kind: str, upstreams: Sequence[Address], number: int) -> Json:
    hosts = []
    chosen = rng.sample(
        list(upstreams), rng.choice((0, 1, 1, 1, 2, 3, 4)) if kind == "EDS" else rng.choice((1, 1, 2, 3))
    )
    for address, port in chosen:
        lb = {"stage": rng.choice(STAGES)} if rng.random() < 0.7 else {}
        if rng.random() < 0.5:
            lb["version"] = rng.choice(("1", "2", ["1", "2"]))
        more: Json = {**_named(rng), **({"lb": lb} if lb else {})}
        if rng.random() < 0.4:
            more["weight"] = rng.choice((1, 2, 3))
        if rng.random() < 0.3:
            more["health"] = rng.choice(HEALTH)
        where = "localhost" if kind == "STRICT_DNS" and address == LOCAL and rng.random() < 0.6 else address
        hosts.append(endpoint(port, where, **more))
    more = {"priority": number if rng.random() < 0.4 else 0}
    if rng.random() < 0.5:
        more["zone"] = rng.choice(ZONES)
    if rng.random() < 0.5:
        more["weight"] = rng.choice((1, 2, 3))
    return locality(hosts, **more)


def _balanced(rng: Random) -> Json:
    """A policy: mostly one that decides by a hash, so that the host is certain."""
    match rng.randrange(8):
        case 0 | 1 | 2:
            size = {"minimum_ring_size": rng.choice((1, 16, 200)), "maximum_ring_size": rng.choice((200, 1024))}
            murmur = {"hash_function": "MURMUR_HASH_2"} if rng.random() < 0.3 else {}
            return {"lb_policy": "RING_HASH", "ring_hash_lb_config": {**size, **murmur}}
        case 3 | 4:
            return {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": rng.choice((7, 251, 65537))}}
        case 5:
            return {"lb_policy": "LEAST_REQUEST"}
        case 6:
            return {"lb_policy": "RANDOM"}
        case _:
            return {"lb_policy": "ROUND_ROBIN"}


def _common(rng: Random) -> Json:
    made: Json = {}
    common: Json = {}
    if rng.random() < 0.3:
        common["healthy_panic_threshold"] = {"value": rng.choice((0, 40, 100))}
    if rng.random() < 0.3:
        common["locality_weighted_lb_config"] = {}
    if common:
        made["common_lb_config"] = common
    if rng.random() < 0.4:
        made["lb_subset_config"] = _subsets(rng)
    return made


def _subsets(rng: Random) -> Json:
    selectors: list[Json] = []
    for keys in rng.sample((["stage"], ["version"], ["stage", "version"]), rng.randint(1, 3)):
        selector: Json = {"keys": keys}
        fallback = rng.choice(("NOT_DEFINED", "NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET", "KEYS_SUBSET"))
        if fallback != "KEYS_SUBSET" or len(keys) > 1:
            selector["fallback_policy"] = fallback
        if selector.get("fallback_policy") == "KEYS_SUBSET":
            selector["fallback_keys_subset"] = [rng.choice(keys)]
        selectors.append(selector)
    return {
        "fallback_policy": rng.choice(("NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET")),
        "default_subset": {"stage": rng.choice(STAGES)} if rng.random() < 0.7 else {},
        "subset_selectors": selectors,
        "list_as_any": rng.random() < 0.3,
        "panic_mode_any": rng.random() < 0.2,
    }

"""Picking a host, and building the tables that picks look into.

Times are of this process's CPU on whatever machine runs this; compare only figures of one run. Every
benchmark asserts its answer. Rivals, where installed, look up the same keys in the same run; none of
them has Envoy's tables, so only the work is comparable.

    pytest benchmarks/bench_pick.py
"""

from __future__ import annotations

import itertools
import random

import pytest
from support.clusters import cluster, context, endpoint, locality, resource, seeded, static

from fastroute.api import names
from fastroute.compile.clusters import update_cluster
from fastroute.core.hash_tables import Maglev, Ring
from fastroute.core.hashing import xxh64

HOSTS = 100
HASHES = [random.Random(number).getrandbits(64) for number in range(1000)]
KEYS = [f"10.0.{i // 250}.{i % 250}:8080".encode() for i in range(HOSTS)]
EQUAL = [1 / HOSTS] * HOSTS


def made(policy, **more):
    return cluster(static(locality([endpoint(i) for i in range(1, HOSTS + 1)]), lb_policy=policy, **more))


def rounds(benchmark, pick):
    """1000 picks a round: the reported time is 1000 times that of one."""

    def run():
        host = None
        for value in HASHES:
            host = pick(value)
        return host

    return benchmark(run)


@pytest.mark.parametrize("policy", ["MAGLEV", "RING_HASH"])
def test_hash_picks(benchmark, policy):
    picked = rounds(benchmark, made(policy).pick)
    assert picked is made(policy)[str(picked)] or picked.port > 0


def test_hash_picks_of_a_large_ring(benchmark):
    large = made("RING_HASH", ring_hash_lb_config={"minimum_ring_size": 65536})
    assert rounds(benchmark, large.pick).port > 0


@pytest.mark.parametrize("policy", ["ROUND_ROBIN", "LEAST_REQUEST", "RANDOM"])
def test_other_picks(benchmark, policy):
    draw = itertools.cycle(HASHES).__next__
    chosen = made(policy)
    assert rounds(benchmark, lambda _: chosen.pick(random=draw)).port > 0


def test_weighted_round_robin(benchmark):
    chosen = cluster(static(locality([endpoint(i, weight=i) for i in range(1, HOSTS + 1)])))
    draw = seeded()
    assert rounds(benchmark, lambda _: chosen.pick(random=draw)).port > 0


def test_calling_alone(benchmark):
    """What 1000 calls of a built-in method cost: subtract it."""
    assert rounds(benchmark, dict.fromkeys(HASHES, 1).get) == 1


def test_hashring(benchmark):
    uhashring = pytest.importorskip("uhashring")
    ring = uhashring.HashRing(nodes=[key.decode() for key in KEYS])
    names = [f"{value:x}" for value in HASHES]
    assert benchmark(lambda: [ring.get_node(name) for name in names])


def test_build_a_ring_of_65536(benchmark):
    assert len(benchmark(Ring, KEYS, EQUAL, 65536)) == 65600


def test_build_a_maglev_table_of_65537(benchmark):
    assert len(benchmark(Maglev, KEYS, EQUAL, 65537)) == 65537


def test_hash_a_key(benchmark):
    assert benchmark(xxh64, b"session-id-0123456789") == xxh64(b"session-id-0123456789")


@pytest.mark.parametrize("hosts", [10, 100, 1000])
def test_update_round_robin(benchmark, hosts):
    """An EDS update from message to hosts in force: proportional to the hosts of the cluster."""
    tree = {"cluster_name": "c", "endpoints": [locality([endpoint(i) for i in range(1, hosts + 1)])]}
    chosen = cluster({"type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}}}, tree)
    given = resource(tree, names.CLUSTER_LOAD_ASSIGNMENT)
    benchmark(update_cluster, chosen, given, context(given))
    assert len(chosen.endpoints) == hosts

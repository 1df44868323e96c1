"""Picking a host through `Router.pick`, over policies and numbers of hosts; building the tables that picks look into.

Beside us: uhashring on the same keys (its ring is another one, so only the work compares), and the same hashing and
sorting in plain C, whose tables must equal ours. Every answer is asserted.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from rigs import tables
from rigs.floor import Floor
from support.clusters import cluster, endpoint, locality, update

from fastroute.core.hash_tables import Maglev, Ring
from fastroute.core.hashing import xxh64

HASHES = [random.Random(number).getrandbits(64) for number in range(1000)]
KEYS = sorted(f"10.0.{i // 250}.{i % 250}:8080".encode() for i in range(100))
EQUAL = [1 / 100] * 100


@pytest.mark.parametrize("hosts", [3, 100, 1_000, 10_000])
@pytest.mark.parametrize("policy", tables.POLICIES)
def test_picks(benchmark: Any, policy: str, hosts: int) -> None:
    """A thousand picks a round; the figure is for one."""
    benchmark.extra_info.update(suite="pick", who="fastroute", kind=policy, size=hosts, where="random", per=1_000)
    pick = tables.router_to(policy, hosts).pick

    def run() -> Any:
        host = None
        for value in HASHES:
            host = pick("c", hash=value)
        return host

    assert benchmark(run).port == 80


@pytest.mark.parametrize("hosts", [3, 100, 1_000])
def test_uhashring(benchmark: Any, hosts: int) -> None:
    uhashring = pytest.importorskip("uhashring", reason="the rival uhashring is not installed")
    benchmark.extra_info.update(suite="pick", who="uhashring", kind="ring hash", size=hosts, where="random", per=1_000)
    ring = uhashring.HashRing(nodes=[f"10.0.{n // 250}.{n % 250}:8080" for n in range(hosts)])
    names = [f"{value:x}" for value in HASHES]

    def run() -> Any:
        host = None
        for name in names:
            host = ring.get_node(name)
        return host

    assert benchmark(run).endswith(":8080")


def test_build_a_ring(benchmark: Any) -> None:
    benchmark.extra_info.update(suite="build", who="fastroute", kind="ring 65536", size=100, where="build")
    made = benchmark(Ring, KEYS, EQUAL, 65536)
    hashes, owners = Floor(KEYS).ring(656)
    assert made.entries() == list(zip(hashes, owners, strict=True))


def test_build_a_ring_in_c(benchmark: Any) -> None:
    benchmark.extra_info.update(suite="build", who="plain C", kind="ring 65536", size=100, where="build")
    hashes, _ = benchmark(Floor(KEYS).ring, 656)
    assert len(hashes) == 65600


def test_build_a_maglev_table(benchmark: Any) -> None:
    benchmark.extra_info.update(suite="build", who="fastroute", kind="maglev 65537", size=100, where="build")
    made = benchmark(Maglev, KEYS, EQUAL, 65537)
    assert made.entries() == list(Floor(KEYS).maglev(65537))


def test_build_a_maglev_table_in_c(benchmark: Any) -> None:
    benchmark.extra_info.update(suite="build", who="plain C", kind="maglev 65537", size=100, where="build")
    assert len(benchmark(Floor(KEYS).maglev, 65537)) == 65537


def test_hash_a_key(benchmark: Any) -> None:
    benchmark.extra_info.update(suite="pick", who="fastroute", kind="XXH64 of 21 bytes", size=1, where="alone")
    assert benchmark(xxh64, b"session-id-0123456789") == xxh64(b"session-id-0123456789")


@pytest.mark.parametrize("hosts", [10, 100, 1_000])
def test_update_round_robin(benchmark: Any, hosts: int) -> None:
    """An EDS update from message to hosts in force: proportional to the hosts of the cluster."""
    benchmark.extra_info.update(suite="build", who="fastroute", kind="assignment", size=hosts, where="update")
    tree = {"cluster_name": "c", "endpoints": [locality([endpoint(i) for i in range(1, hosts + 1)])]}
    chosen = cluster({"type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}}}, tree)
    benchmark(update, chosen, tree)
    assert len(chosen.endpoints) == hosts

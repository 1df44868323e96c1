"""Building the tables that picks look into, by turns with the same hashing and sorting in plain C; taking new hosts.

The tables in C must equal ours, so that it is the same work.
"""

from __future__ import annotations

from typing import Any

import pytest
from rigs.floor import Floor
from rigs.scale import sizes
from rigs.turns import OURS, Turns, work
from support.clusters import cluster, endpoint, locality, update

from fastroute.core.hash_tables import Maglev, Ring

RING, MAGLEV = 65_536, 65_537
HOSTS = sizes(10, 100, 1_000)


def keys(hosts: int) -> list[bytes]:
    return sorted(f"10.0.{number // 250}.{number % 250}:8080".encode() for number in range(hosts))


@pytest.mark.parametrize("hosts", HOSTS)
def test_build_a_ring(benchmark: Any, hosts: int) -> None:
    names, weights, floor = keys(hosts), [1 / hosts] * hosts, Floor(keys(hosts))
    each = -(-RING // hosts)
    turns = Turns("build", "ring of 65 536", hosts, "all")
    made, plain = Ring(names, weights, RING), floor.ring(each)
    assert made.entries() == list(zip(*plain, strict=True))
    turns.add(OURS, work(lambda _: Ring(names, weights, RING) is not None), expect=True)
    turns.add("plain C", work(lambda _: len(floor.ring(each)[0])), expect=each * hosts)
    turns.run(benchmark, rounds=21)


@pytest.mark.parametrize("hosts", HOSTS)
def test_build_a_maglev_table(benchmark: Any, hosts: int) -> None:
    names, weights, floor = keys(hosts), [1 / hosts] * hosts, Floor(keys(hosts))
    turns = Turns("build", "Maglev table of 65 537", hosts, "all")
    assert Maglev(names, weights, MAGLEV).entries() == list(floor.maglev(MAGLEV))
    turns.add(OURS, work(lambda _: Maglev(names, weights, MAGLEV) is not None), expect=True)
    turns.add("plain C", work(lambda _: len(floor.maglev(MAGLEV))), expect=MAGLEV)
    turns.run(benchmark, rounds=21)


@pytest.mark.parametrize("hosts", sizes(10, 100, 1_000))
@pytest.mark.parametrize("policy", ["ROUND_ROBIN", "RING_HASH", "MAGLEV"])
def test_new_assignment(benchmark: Any, policy: str, hosts: int) -> None:
    """An EDS update from message to hosts in force: proportional to the hosts of the cluster."""
    kind = f"new assignment, {policy.lower().replace('_', ' ')}"
    benchmark.extra_info.update(suite="build", who=OURS, kind=kind, size=hosts, where="all")
    trees = [
        {"cluster_name": "c", "endpoints": [locality([endpoint(port) for port in range(first, first + hosts)])]}
        for first in (1, 2)
    ]
    eds = {"type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}}, "lb_policy": policy}
    chosen, turn = cluster(eds, trees[0]), iter(range(10**9))
    benchmark(lambda: update(chosen, trees[next(turn) % 2]))
    assert len(chosen.endpoints) == hosts

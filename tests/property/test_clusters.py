"""What holds for every cluster: shares, health, skipped hosts, minimal disruption, state over updates."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.clusters import cluster, endpoint, locality, seeded, static, update

from fastroute.core.hash_tables import Maglev, Ring
from fastroute.core.hashing import xxh64

POLICIES = ("ROUND_ROBIN", "LEAST_REQUEST", "RANDOM", "RING_HASH", "MAGLEV")
HEALTH = ("HEALTHY", "UNHEALTHY", "DEGRADED", "DRAINING", "TIMEOUT")
SMALL = {"ring_hash_lb_config": {"minimum_ring_size": 32}}
TABLE = {"maglev_lb_config": {"table_size": 251}}


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Any]:
    """A static cluster of up to three localities and two priorities."""
    groups = []
    number = 0
    for _ in range(draw(st.integers(1, 3))):
        hosts = []
        for _ in range(draw(st.integers(0, 5))):
            number += 1
            more = {"health": draw(st.sampled_from(HEALTH)), "weight": draw(st.integers(1, 9))}
            hosts.append(endpoint(number, **more))
        groups.append(locality(hosts, priority=draw(st.integers(0, 1)), zone=draw(st.sampled_from("ab"))))
    policy = draw(st.sampled_from(POLICIES))
    extra = {"RING_HASH": SMALL, "MAGLEV": TABLE}.get(policy, {})
    return static(*groups, lb_policy=policy, **extra)


@settings(max_examples=150, deadline=None)
@given(trees(), st.integers(0, 2**64 - 1))
def test_without_panic_no_unhealthy_host_is_picked(tree: dict[str, Any], hash_: int) -> None:
    made = cluster(tree)
    assert made.loads is not None
    host = made.pick(hash_, random=seeded(hash_))
    if host is not None and not made.loads["panic"][host.priority]:
        assert host.health != "unhealthy"


@settings(max_examples=150, deadline=None)
@given(trees(), st.integers(0, 2**64 - 1), st.data())
def test_a_skipped_host_is_never_picked_while_another_is_usable(
    tree: dict[str, Any], hash_: int, data: st.DataObject
) -> None:
    made = cluster(tree)
    skip = [host for host in made.endpoints if data.draw(st.booleans())]
    plain = made.pick(hash_, random=seeded(hash_))
    found = made.pick(hash_, random=seeded(hash_), skip=skip)
    assert (plain is None) == (found is None)
    if found in skip:
        assert all(host in skip for level in made.levels for host in level.healthy or level.degraded or level.hosts)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(0, 2**64 - 1))
def test_weighted_round_robin_keeps_its_shares(weights: list[int], seed: int) -> None:
    made = cluster(static(locality([endpoint(i, weight=weight) for i, weight in enumerate(weights, 1)])))
    rounds = 5 * sum(weights)
    picks = Counter(made.pick(random=lambda: seed).port for _ in range(rounds))
    for index, weight in enumerate(weights, 1):
        assert abs(picks[index] - 5 * weight) <= 1


KEYS = st.lists(st.binary(min_size=1, max_size=12), min_size=2, max_size=12, unique=True)


@settings(max_examples=60, deadline=None)
@given(KEYS)
def test_a_ring_of_one_entry_a_host_moves_nothing_else(keys: list[bytes]) -> None:
    full = Ring(keys, [1 / len(keys)] * len(keys), 1)
    less = Ring(keys[1:], [1 / (len(keys) - 1)] * (len(keys) - 1), 1)
    assert [entry for entry in full.entries() if entry[1]] == [(hash_, index + 1) for hash_, index in less.entries()]


@settings(max_examples=40, deadline=None)
@given(KEYS)
def test_maglev_moves_few_others(keys: list[bytes]) -> None:
    size = 2039
    full = Maglev(keys, [1 / len(keys)] * len(keys), size).entries()
    less = Maglev(keys[1:], [1 / (len(keys) - 1)] * (len(keys) - 1), size).entries()
    others = sum(old not in (0, new + 1) for old, new in zip(full, less, strict=True))
    assert others <= size / 3
    # Every host has its share of the table, within one slot.
    assert max(Counter(full).values()) - min(Counter(full).values()) <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.integers(1, 8), min_size=1), min_size=1, max_size=6))
def test_updates_keep_the_state_of_hosts_that_stay(sequence: list[set[int]]) -> None:
    eds: dict[str, Any] = {"type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}}}
    made = cluster(eds)
    active: dict[int, int] = {}
    for ports in sequence:
        update(made, {"cluster_name": "c", "endpoints": [locality([endpoint(port) for port in sorted(ports)])]})
        active = {port: count for port, count in active.items() if port in ports}
        for host in made.endpoints:
            assert host.active == active.get(host.port, 0)
            host.begin()
            active[host.port] = host.active


@settings(max_examples=100, deadline=None)
@given(KEYS, st.integers(1, 300), st.binary(max_size=20))
def test_a_ring_lookup_is_the_first_entry_not_below(keys: list[bytes], minimum: int, text: bytes) -> None:
    weights = [1 / len(keys)] * len(keys)
    entries = Ring(keys, weights, minimum).entries()
    hosts = [endpoint(i, lb={"hash_key": key.hex()}) for i, key in enumerate(keys, 1)]
    made = cluster(static(locality(hosts), lb_policy="RING_HASH", ring_hash_lb_config={"minimum_ring_size": minimum}))
    named = made.tables[0].entries()
    assert len(named) == len(entries)
    wanted = xxh64(text)
    expected = next((index for hash_, index in named if hash_ >= wanted), named[0][1])
    assert made.pick(wanted) is made.endpoints[expected]

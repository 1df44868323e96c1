"""Ring and Maglev tables, bit for bit; the tables were observed on Envoy 1.40 (V11)."""

from __future__ import annotations

import bisect
import random

import pytest
from support.clusters import cluster, endpoint, locality, seeded, static

from fastroute.core.balancers import Policy, Reselect
from fastroute.core.clusters import Cluster
from fastroute.core.endpoint import Endpoint
from fastroute.core.hash_tables import Maglev, Ring
from fastroute.core.hashing import xxh64

PORTS = (21050, 21051, 21052, 21053)
KEYS = [b"127.0.0.1:%d" % port for port in PORTS]
EQUAL = [0.25] * 4


def ring_ports(ring):
    return [(hash, PORTS[index]) for hash, index in ring.entries()]


def test_ring_of_equal_hosts():
    assert ring_ports(Ring(KEYS, EQUAL, 4)) == [
        (286532913417930824, 21051),
        (362174273275896525, 21052),
        (16653044479144390178, 21053),
        (17218437239269119346, 21050),
    ]


def test_ring_of_weighted_hosts():
    weights = [weight / 16 for weight in (1, 2, 3, 10)]
    assert ring_ports(Ring(KEYS, weights, 1, 6)) == [
        (286532913417930824, 21051),
        (362174273275896525, 21052),
        (7572689891402928379, 21053),
        (16653044479144390178, 21053),
        (17218437239269119346, 21050),
        (17897121873811437609, 21053),
    ]


def test_maglev_of_equal_hosts():
    found = [PORTS[index] for index in Maglev(KEYS, EQUAL, 7).entries()]
    assert found == [21050, 21050, 21052, 21053, 21051, 21052, 21051]


def test_maglev_of_weighted_hosts():
    found = [PORTS[index] for index in Maglev(KEYS, [weight / 16 for weight in (1, 2, 3, 10)], 11).entries()]
    assert [port - 21050 for port in found] == [3, 3, 2, 2, 3, 1, 3, 3, 3, 0, 1]


PICKS = [
    ("RING_HASH", 0, "1120000300211013"),
    ("RING_HASH", 1, "3120311312023011"),
    ("MAGLEV", 0, "1210101002002122"),
    ("MAGLEV", 1, "13011103"),
]


@pytest.mark.parametrize(("policy", "attempt", "observed"), PICKS)
def test_picks(policy, attempt, observed):
    made = cluster(static(locality([endpoint(port) for port in PORTS]), lb_policy=policy))
    skip = Reselect(predicates=[_count_to(attempt)], attempts=attempt) if attempt else None
    found = []
    for i in range(len(observed)):
        if attempt:
            skip = Reselect(predicates=[_count_to(attempt)], attempts=attempt)
        found.append(made.pick(xxh64(b"v%d" % i), skip=skip).port - 21050)
    assert "".join(map(str, found)) == observed


def _count_to(attempt):
    """A predicate that rejects the first `attempt` selections."""
    left = [attempt]

    def reject(host, previous):
        left[0] -= 1
        return left[0] >= 0

    return reject


def test_no_hosts_no_pick():
    assert cluster(static(lb_policy="MAGLEV")).pick(1) is None
    assert cluster(static(lb_policy="RING_HASH")).pick(1) is None
    empty = static(locality([endpoint(1)]), lb_policy="RING_HASH", ring_hash_lb_config={"minimum_ring_size": 0})
    assert cluster(empty).pick(1) is None


@pytest.mark.parametrize("minimum", [1, 2, 3, 4, 5, 1024, 70000])
def test_a_ring_is_sorted_and_finds_what_a_scan_finds(minimum):
    ring = Ring(KEYS, EQUAL, minimum)
    entries = ring.entries()
    assert entries == sorted(entries)
    made = cluster(
        static(
            locality([endpoint(port) for port in PORTS]),
            lb_policy="RING_HASH",
            ring_hash_lb_config={"minimum_ring_size": minimum},
        )
    )
    draws = random.Random(minimum)
    hashes = (
        [draws.getrandbits(64) for _ in range(200)]
        + [0, 2**64 - 1]
        + [hash + d for hash, _ in entries[:50] for d in (-1, 0, 1)]
    )
    for wanted in hashes:
        expected = next((index for hash, index in entries if hash >= wanted), entries[0][1])
        assert made.pick(wanted).port == PORTS[expected]


def test_the_hash_key_of_the_metadata_goes_first():
    hosts = [endpoint(1, lb={"hash_key": "127.0.0.1:21050"}), endpoint(2, lb={"hash_key": "127.0.0.1:21051"})]
    made = cluster(static(locality(hosts), lb_policy="MAGLEV"))
    plain = cluster(static(locality([endpoint(21050), endpoint(21051)]), lb_policy="MAGLEV"))
    for i in range(50):
        assert made.pick(xxh64(b"%d" % i)).port + 21049 == plain.pick(xxh64(b"%d" % i)).port


def test_a_degraded_share_has_no_host():
    # LB-15: the level's only hosts are degraded, the table holds healthy ones.
    made = cluster(static(locality([endpoint(1, health="DEGRADED")]), lb_policy="MAGLEV"))
    assert made.pick(5) is None


def test_bounded_load_moves_on_to_a_host_with_room():
    common = {"consistent_hashing_lb_config": {"hash_balance_factor": 100}}
    made = cluster(static(locality([endpoint(i) for i in range(1, 11)]), lb_policy="MAGLEV", common_lb_config=common))
    natural = made.pick(99)
    for _ in range(2):
        natural.begin()
    other = made.pick(99)
    assert other is not natural
    assert made.pick(99) is other
    for _ in range(2):
        natural.end()
    assert made.pick(99) is natural


def test_without_a_hash_the_pick_is_random():
    made = cluster(static(locality([endpoint(port) for port in PORTS]), lb_policy="MAGLEV"))
    draw = seeded()
    assert {made.pick(random=draw).port for _ in range(100)} == set(PORTS)


def test_a_panic_threshold_is_cut_to_a_whole_number():
    # 29 % is 100 * (29 / 100.0) = 28.999… in doubles, so that 28 of 100 healthy hosts do not panic.
    hosts = [endpoint(i, health="HEALTHY" if i <= 28 else "UNHEALTHY") for i in range(1, 101)]
    made = cluster(static(locality(hosts), common_lb_config={"healthy_panic_threshold": {"value": 29}}))
    assert made.loads["panic"] == [0]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 30, 1024, 5000])
def test_a_look_up_takes_the_first_entry_that_is_not_below(size):
    """At, just below and just above each entry, at both ends, and anywhere: as bisecting the sorted hashes says."""
    hosts = [Endpoint(f"10.0.0.{number}", 80) for number in range(5)]
    made = Cluster("c", Policy("ring_hash", {"minimum": size}))
    made.replace([(hosts, None)])
    entries = made.tables[0].entries()
    hashes = [hash for hash, _ in entries]
    draw = random.Random(size)
    asked = {0, 2**64 - 1, *(draw.getrandbits(64) for _ in range(2000))}
    asked.update((hash + step) % 2**64 for hash in hashes for step in (-1, 0, 1))
    for value in asked:
        assert made.pick(value) is made.endpoints[entries[bisect.bisect_left(hashes, value) % len(entries)][1]]

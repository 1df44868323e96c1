"""Picking a host through `Router.pick`, over policies and numbers of hosts.

Random numbers are drawn by Python's generator. uhashring is asked for the same number of keys by turns with us; its
ring is another one, so only the work compares. Every answer is asserted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
from rigs import policies, tables
from rigs.scale import rounds, size, sizes
from rigs.turns import OURS, Turns, work

from fastroute.core.hashing import xxh64

PICKS = 1_000
HASHES = [Random(number).getrandbits(64) for number in range(PICKS)]
HOSTS = size(3, 100)
PASSES = size(1, 5)
"""How often the same keys are asked for in one turn, so that it is not about who left the caches warm."""


def each(pick: Callable[[Any], Any]) -> Callable[[Sequence[Any]], Any]:
    """The last of the hosts that are picked for each of many."""

    def run(given: Sequence[Any]) -> Any:
        host = None
        for one in given:
            host = pick(one)
        return host

    return run


def by_hash(pick: Callable[..., Any]) -> Callable[[Sequence[int]], Any]:
    """The last of the hosts that are picked for each hash."""

    def run(values: Sequence[int]) -> Any:
        host = None
        for value in values:
            host = pick("c", hash=value)
        return host

    return run


@pytest.mark.parametrize("hosts", sizes(3, 10, 100, 1_000, 10_000))
@pytest.mark.parametrize("policy", policies.BY_HASH)
def test_picks(benchmark: Any, policy: str, hosts: int) -> None:
    """A thousand picks a round, of the cluster by its name with a hash; the figure is for one."""
    benchmark.extra_info.update(suite="pick", who=OURS, kind=policy, size=hosts, where="by hash", per=PICKS)
    router, _ = policies.decisions(policy, hosts, PICKS)
    assert benchmark.pedantic(by_hash(router.pick), (HASHES,), rounds=rounds(31), warmup_rounds=1).port == 80


@pytest.mark.parametrize(
    ("policy", "hosts"),
    [
        *((policy, HOSTS) for policy in policies.BY_HASH),
        *((policy, hosts) for policy in policies.BY_REQUEST for hosts in sizes(3, 10, 100, 1_000, 10_000)),
    ],
)
def test_picks_for_decisions(benchmark: Any, policy: str, hosts: int) -> None:
    """The same for the new decisions of a thousand requests, whose hash policies are computed for it."""
    benchmark.extra_info.update(suite="pick", who=OURS, kind=policy, size=hosts, where="for a decision", per=PICKS)
    router, make = policies.decisions(policy, hosts, PICKS)
    found = benchmark.pedantic(each(router.pick), setup=lambda: ((make(),), {}), rounds=rounds(7), warmup_rounds=1)
    assert found.port == 80
    if policy == "override host":
        assert found.address == policies.address((PICKS - 1) % hosts)


@pytest.mark.parametrize("policy", ["maglev", "ring hash", "ring hash 65536"])
def test_beside_uhashring(benchmark: Any, policy: str) -> None:
    uhashring = pytest.importorskip("uhashring", reason="the rival uhashring is not installed")
    pick = tables.router_to(policy, HOSTS).pick
    ring = uhashring.HashRing(nodes=[f"{policies.address(number)}:80" for number in range(HOSTS)])
    names = [f"{value:x}" for value in HASHES] * PASSES
    hashes = HASHES * PASSES

    turns = Turns("pick", policy, HOSTS, "by hash")
    turns.add(OURS, work(by_hash(pick), len(hashes), lambda: hashes), expect=pick("c", hash=HASHES[-1]))
    turns.add("uhashring", work(each(ring.get_node), len(names), lambda: names), expect=ring.get_node(names[-1]))
    turns.run(benchmark, rounds=31)


def test_hash_a_key(benchmark: Any) -> None:
    benchmark.extra_info.update(suite="hashing", who=OURS, kind="XXH64 of 21 bytes", size=1, where="alone")
    assert benchmark(xxh64, b"session-id-0123456789") == xxh64(b"session-id-0123456789")

"""Whole bootstraps before the live Envoy and before a Router: drawn at once from listeners to endpoints.

Every seed makes one to four listeners with their filters and chains (HTTP, TCP, direct responses; TLS or not), managers
with options of every kind, inline and scoped routes with every match and action, clusters of every type that needs no
control plane, and then connections and requests near what those say. Compared are the chain, virtual host, route,
cluster, endpoint, what reached the upstream, and the whole answer; the explanation must say the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from random import SystemRandom

import pytest
from support.envoy import require_binary, validate
from support.own_address import own_address
from support.wholes.world import Both, PortTakenError, Upstreams, World, on_disk

from fastroute.errors import RejectedError, UnsupportedError

pytestmark = pytest.mark.envoy
TALKS, EACH = 10, 20


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    require_binary()
    with Upstreams() as running:
        yield running


def compare_world(seed: int, upstreams: Upstreams) -> Counter[str]:
    """Compare the world of this seed; what was compared."""
    world = World.of(seed, upstreams)
    try:
        both = Both(world, upstreams, own_address())
    except UnsupportedError:
        return Counter(unsupported=1)
    except RejectedError:
        with on_disk(world) as bootstrap:
            if validate(bootstrap).ok:
                raise
        return Counter(refused=1)
    with both:
        found = both.compare(seed, TALKS, EACH)
        assert found == [], f"seed {seed}: {len(found)} differences\n" + "\n".join(found[:5])
        return both.counted


def compare(seeds: Iterable[int], upstreams: Upstreams) -> Counter[str]:
    """Compare the worlds of these seeds; what was compared."""
    counted: Counter[str] = Counter()
    for seed in seeds:
        try:
            counted += compare_world(seed, upstreams)
        except PortTakenError:
            counted += compare_world(seed, upstreams)
    print(counted)
    return counted


def test_whole_bootstraps_as_envoy_runs_them(upstreams: Upstreams) -> None:
    counted = compare(range(28), upstreams)
    assert counted["requests"] >= 2_500
    assert counted["forwarded"] >= 250
    assert counted["connections"] >= 1_000


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_many_whole_bootstraps(upstreams: Upstreams) -> None:
    first = SystemRandom().getrandbits(40)
    print(f"seeds from {first}")
    assert compare(range(first, first + 2000), upstreams)["requests"] >= 100_000

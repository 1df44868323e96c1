"""The core's picks are those of the reference walk."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from property.test_clusters import KEYS, trees
from support.clusters import cluster, resource

from fastroute.core.hash_tables import Maglev, Ring
from fastroute.core.priorities import loads_of
from fastroute.reference import hash_tables
from fastroute.reference.balancing import explain_pick
from fastroute.reference.priorities import Level, loads

COUNTS = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))


@settings(max_examples=400, deadline=None)
@given(st.lists(COUNTS, min_size=1, max_size=5), st.integers(1, 400), st.integers(0, 100))
def test_loads(counts: list[tuple[int, int, int, int]], factor: int, threshold: int) -> None:
    levels = [
        (sick + draining + healthy + degraded, draining, healthy, degraded)
        for sick, draining, healthy, degraded in counts
    ]
    expected = loads([Level(*level) for level in levels], factor, threshold)
    found = loads_of(levels, factor, threshold)
    assert tuple(found["load"]) == expected.healthy
    assert tuple(found["degraded_load"]) == expected.degraded
    assert tuple(found["panic"]) == expected.panic


@settings(max_examples=60, deadline=None)
@given(KEYS, st.data())
def test_tables(keys: list[bytes], data: st.DataObject) -> None:
    parts = [data.draw(st.integers(1, 50)) for _ in keys]
    weights = [part / sum(parts) for part in parts]
    minimum = data.draw(st.integers(0, 300))
    murmur = data.draw(st.booleans())
    entries = hash_tables.ring(keys, weights, minimum, 500, murmur=murmur)
    assert Ring(keys, weights, minimum, 500, murmur).entries() == entries
    size = data.draw(st.sampled_from([2, 3, 7, 101, 251]))
    assert Maglev(keys, weights, size).entries() == hash_tables.maglev(keys, weights, size)


@settings(max_examples=300, deadline=None)
@given(trees(), st.integers(0, 2**64 - 1))
def test_picks(tree: dict[str, Any], drawn: int) -> None:
    message: Any = resource(tree).message
    told = explain_pick(message, message.load_assignment, hash=drawn, random=drawn)
    assert told is not None
    found = cluster(tree).pick(drawn, random=lambda: drawn)
    if "endpoint" in told.decision:
        assert (None if found is None else str(found)) == told.decision["endpoint"]
    else:
        assert str(found) in told.decision["candidates"]  # type: ignore[operator]
    assert told.steps[0].rule in ("LB-12", "LB-13")

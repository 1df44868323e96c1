"""One field after the other of what four kinds of resources can hold: Envoy refuses what strict loading does.

Every message type that a Listener, Cluster, RouteConfiguration or ClusterLoadAssignment can hold, through the
extensions that Envoy 1.40 has, is put into a valid resource; then each of its fields is changed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from support.api_samples import samples
from support.live_resources import LiveResources
from support.one_field import asking_envoy, cases, differs, sound

from fastroute.api import pool

pytestmark = pytest.mark.envoy

LEAST_FIELDS, LEAST_TYPES = 1400, 340


@pytest.fixture(scope="module")
def envoy() -> Iterator[LiveResources]:
    with LiveResources() as live:
        yield live


def test_some_fields_of_all(envoy: LiveResources) -> None:
    """A sample, the same in every run."""
    rng, ask = random.Random(7), asking_envoy(envoy)
    told: list[str] = []
    for way, inner in sound(ask, rng.sample(list(samples().values()), 150)):
        found = list(cases(way, inner))
        verdicts = [differs(ask, case) for case in rng.sample(found, min(4, len(found)))]
        told += [verdict for verdict in verdicts if verdict is not None]
    assert [text for text in told if text] == []
    assert len(told) >= 100


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_every_field(envoy: LiveResources) -> None:
    ask = asking_envoy(envoy)
    told: list[str] = []
    fields: set[str] = set()
    types: set[str] = set()
    for way, inner in list(sound(ask, samples().values())):
        types.add(way.end)
        for case in cases(way, inner):
            fields.add(case.field)
            verdict = differs(ask, case)
            told += [] if verdict is None else [verdict]
    reachable = {field.full_name for name in samples() for field in pool.new(name).DESCRIPTOR.fields}
    print(f"{len(types)} of {len(samples())} types, {len(fields)} of {len(reachable)} fields, {len(told)} verdicts")
    found = [text for text in told if text]
    assert not found, "\n".join(found)
    assert len(fields) >= LEAST_FIELDS
    assert len(types) >= LEAST_TYPES

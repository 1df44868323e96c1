"""One field after the other of what a bootstrap can hold: `envoy --mode validate` refuses what strict loading does.

Every message type that a Bootstrap can hold beside its listeners and clusters, which are looked at as resources, is put
into a valid one; then each of its fields is changed. What ends Envoy only when it really starts is not compared here:
see `test_verdicts_start.py`.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from support.api_samples import samples
from support.envoy import validate_message
from support.judged import at_once
from support.one_field import Asking, cases, differs, sound

from fastroute.api import names, pool

pytestmark = pytest.mark.envoy

LEAST_FIELDS, LEAST_TYPES = 500, 160


def takes(bootstrap: Any) -> bool:
    return validate_message(bootstrap).ok


ASKING = Asking(at_once, takes)


def test_some_fields_of_a_bootstrap() -> None:
    """A sample, the same in every run."""
    rng = random.Random(11)
    told: list[str] = []
    own = set(samples(names.BOOTSTRAP)) - set(samples())
    ways = [way for name, way in samples(names.BOOTSTRAP).items() if name in own]
    for way, inner in sound(ASKING, rng.sample(ways, 18)):
        found = list(cases(way, inner))
        verdicts = [differs(ASKING, case) for case in rng.sample(found, min(2, len(found)))]
        told += [verdict for verdict in verdicts if verdict is not None]
    assert [text for text in told if text] == []
    assert len(told) >= 20


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_every_field_of_a_bootstrap() -> None:
    told: list[str] = []
    fields: set[str] = set()
    types: set[str] = set()
    for way, inner in sound(ASKING, samples(names.BOOTSTRAP).values()):
        types.add(way.end)
        for case in cases(way, inner):
            fields.add(case.field)
            verdict = differs(ASKING, case)
            told += [] if verdict is None else [verdict]
    ways = samples(names.BOOTSTRAP)
    reachable = {field.full_name for name in ways for field in pool.new(name).DESCRIPTOR.fields}
    print(f"{len(types)} of {len(ways)} types, {len(fields)} of {len(reachable)} fields, {len(told)} verdicts")
    found = [text for text in told if text]
    assert not found, "\n".join(found)
    assert len(fields) >= LEAST_FIELDS
    assert len(types) >= LEAST_TYPES

"""Damaged input gives a clear error within 2 s and 512 MB, and leaves what is in force alone."""

from __future__ import annotations

import random

import pytest
from support.fuzzing import TARGETS, corpus, damaged, feed, fuzz

import fastroute

SECONDS, LONG_SECONDS = 2.5, 300


@pytest.mark.parametrize("target", TARGETS)
def test_a_while(target: str) -> None:
    report = fuzz(target, seconds=SECONDS, seed=7)
    assert report.runs > 5
    assert report.refused > 0


@pytest.mark.long
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.timeout(2 * LONG_SECONDS)
def test_long(target: str) -> None:
    fuzz(target, seconds=LONG_SECONDS, seed=random.randrange(1 << 32))


@pytest.mark.parametrize("target", TARGETS)
def test_good_inputs_are_not_refused(target: str) -> None:
    form, load = TARGETS[target]
    assert not any(feed(load, data)[0] for data in corpus(form))


def test_nothing_is_half_applied() -> None:
    good = corpus("yaml")
    router = fastroute.Router(fastroute.load({"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"]}]}))
    before = router.snapshot
    rng = random.Random(3)
    for _ in range(150):
        try:
            fastroute.load(damaged(rng, good), previous=before)
        except fastroute.ConfigError:
            assert router.snapshot is before
            assert router.route("a", "/").reason == "route_not_found"

"""Fault decisions compared with the live Envoy (FI-01 … FI-06), and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.envoy import require_binary
from support.fault_bed import FaultBed, FaultMaker

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def bed() -> Iterator[FaultBed]:
    require_binary()
    made = FaultBed()
    made.start()
    yield made
    made.stop()


def compare(bed: FaultBed, seeds: range) -> int:
    """Compare the faults of `seeds`; the number of requests compared."""
    count = 0
    for seed in seeds:
        maker = FaultMaker(seed)
        assert bed.load(maker.configuration()) == ("", ""), f"seed {seed}"
        compared = bed.faults(maker.requests(12, 6))
        wrong = [(sent, theirs, ours) for sent, theirs, ours in compared if theirs != ours]
        assert wrong == [], f"seed {seed}"
        count += len(compared)
    return count


def test_random_faults(bed):
    assert compare(bed, range(30)) == 2160


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_random_faults(bed):
    assert compare(bed, range(1000, 1300)) == 21_600

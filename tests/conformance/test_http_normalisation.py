"""Normalisation and requests that Envoy answers itself: PIPE-02, HC-01 … HC-66, VH-11."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.compare import Differential, budgets, run_family
from support.envoy import require_binary
from support.families import normalisation
from support.http_envoy import HttpEnvoy

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def bed() -> Iterator[HttpEnvoy]:
    """An Envoy with one listener for every set of options."""
    require_binary()
    found = HttpEnvoy(normalisation.LISTENERS)
    found.start()
    yield found
    found.stop()


@budgets()
def test_requests_as_envoy_normalises_and_answers_them(bed: HttpEnvoy, budget: int) -> None:
    run_family(Differential(bed, normalisation.LISTENERS), normalisation, budget)

"""Header matchers against Envoy: RM-30 … RM-37, RM-50, RM-54, HC-08."""

from __future__ import annotations

import pytest
from support.compare import Differential, budgets, run_family
from support.families import headers
from support.http_envoy import HttpEnvoy

pytestmark = pytest.mark.envoy


@budgets()
def test_headers_as_envoy_matches_them(http_envoy: HttpEnvoy, budget: int) -> None:
    run_family(Differential(http_envoy), headers, budget)

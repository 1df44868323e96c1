"""Virtual hosts against Envoy: VH-01 … VH-10."""

from __future__ import annotations

import pytest
from support.compare import Differential, budgets, run_family
from support.families import domains
from support.http_envoy import HttpEnvoy

pytestmark = pytest.mark.envoy


@budgets()
def test_domains_as_envoy_chooses_them(http_envoy: HttpEnvoy, budget: int) -> None:
    run_family(Differential(http_envoy), domains, budget)

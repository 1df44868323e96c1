"""Query parameter and cookie matchers against Envoy: RM-40, RM-41."""

from __future__ import annotations

import pytest
from support.compare import Differential, budgets, run_family
from support.families import queries
from support.http_envoy import HttpEnvoy

pytestmark = pytest.mark.envoy


@budgets()
def test_queries_and_cookies_as_envoy_matches_them(http_envoy: HttpEnvoy, budget: int) -> None:
    run_family(Differential(http_envoy), queries, budget)

"""Path specifiers against Envoy: RM-02 … RM-13, VH-11."""

from __future__ import annotations

import pytest
from support.compare import Differential, budgets, run_family
from support.families import paths
from support.http_envoy import HttpEnvoy

pytestmark = pytest.mark.envoy


@budgets()
def test_paths_as_envoy_matches_them(http_envoy: HttpEnvoy, budget: int) -> None:
    run_family(Differential(http_envoy), paths, budget)

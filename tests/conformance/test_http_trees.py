"""Matcher trees of virtual hosts against Envoy: VH-12 … VH-14, FC-20 … FC-23."""

from __future__ import annotations

import pytest
from support.compare import Differential, budgets, run_family
from support.families import trees
from support.http_envoy import HttpEnvoy

pytestmark = pytest.mark.envoy


@budgets()
def test_trees_as_envoy_walks_them(http_envoy: HttpEnvoy, budget: int) -> None:
    run_family(Differential(http_envoy), trees, budget)

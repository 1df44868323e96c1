"""Routing from C, through the function pointer of the capsule, beside the bare descent of the trie under it."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from rigs import tables
from rigs.capi_cost import time_find
from rigs.scale import rounds, sizes
from rigs.turns import OURS


@pytest.mark.parametrize("size", sizes(10, 100, 1_000, 10_000, 100_000))
def test_find_from_c(benchmark: Any, size: int) -> None:
    """Both in one C loop over a thousand random routes, by turns."""
    table = tables.router("prefix", size).snapshot.routes["r"]
    asked = [tables.KINDS["prefix"][1](number)[0].encode() for number in tables.numbers("random", size)]
    measured: list[tuple[float, float]] = []

    def find() -> None:
        measured.append(time_find(table, tables.HOST.encode(), asked, 20))

    benchmark.pedantic(find, rounds=rounds(15), warmup_rounds=1)
    benchmark.extra_info.update(suite="from C", who=OURS, kind="prefix", size=size, where="random")
    benchmark.extra_info["turns"] = {
        who: {"ns": statistics.median(taken) * 1e9, "least_ns": min(taken) * 1e9}
        for who, taken in zip((OURS, "bare descent"), zip(*measured, strict=True), strict=True)
    }
    assert min(min(pair) for pair in measured) > 0

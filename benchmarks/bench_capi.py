"""Routing from C, through the function pointer of the capsule, beside the bare descent of the trie under it."""

from __future__ import annotations

from typing import Any

import pytest
from rigs import tables

from fastroute.core.capi import time_find


@pytest.mark.parametrize("size", [10, 1_000, 10_000])
def test_find_from_c(benchmark: Any, size: int) -> None:
    """Both in one C loop over a thousand random routes; the timed call is only there to be listed."""
    table = tables.router("prefix", size).snapshot.routes["r"]
    asked = [tables.KINDS["prefix"][1](number)[0].encode() for number in tables.numbers("random", size)]
    found = benchmark.pedantic(time_find, (table, tables.HOST.encode(), asked, 20), rounds=7)
    assert min(found) > 0
    measured = [time_find(table, tables.HOST.encode(), asked, 20) for _ in range(7)]
    whole, bare = (min(each[at] for each in measured) * 1e9 for at in (0, 1))
    benchmark.extra_info.update(suite="from C", who="fastroute", kind="prefix", size=size, where="random")
    benchmark.extra_info.update(ns=whole, bare_ns=bare)

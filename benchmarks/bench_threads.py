"""Threads that route at once on one table, while another swaps snapshots under them.

Under the GIL threads take turns: the figure is the time on the clock of all calls together, a call, and must not grow
with the number of threads; a swap must not disturb them. Every answer is asserted.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from rigs import tables
from rigs.scale import size, sizes
from rigs.turns import OURS

CALLS = size(200, 20_000)


@pytest.mark.parametrize("swapping", [False, True], ids=["quiet", "swapping"])
@pytest.mark.parametrize("threads", sizes(1, 2, 4, 8))
@pytest.mark.benchmark(timer=time.perf_counter)
def test_threads(benchmark: Any, threads: int, swapping: bool) -> None:
    where = "swapping" if swapping else "quiet"
    benchmark.extra_info.update(suite="threads", who=OURS, kind="prefix", size=threads, where=where, per=CALLS)
    router = tables.router("prefix", 1_000)
    path, headers = tables.KINDS["prefix"][1](999)
    done = threading.Event()

    def swap() -> None:
        while not done.wait(0.001):
            router.swap(router.snapshot)

    def ask(count: int) -> bool:
        route = router.route
        return all(route(tables.HOST, path, "GET", headers).index == 999 for _ in range(count))

    with ThreadPoolExecutor(threads) as pool:
        swapper = threading.Thread(target=swap)
        if swapping:
            swapper.start()
        assert benchmark(lambda: all(pool.map(ask, [CALLS // threads] * threads)))
        done.set()
        if swapping:
            swapper.join()

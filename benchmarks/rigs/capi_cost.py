"""What a find costs in C: through the capsule, and by the descent of the trie alone."""

from __future__ import annotations

import time

from fastroute.core.capi import repeat_find
from fastroute.core.table import RouteTable


def time_find(table: RouteTable, authority: bytes, paths: list[bytes], rounds: int) -> tuple[float, float]:
    """Seconds of CPU for one `find` and for one descent, over all `paths`; the loop over them is within both."""
    whole, routes = _timed(table, authority, paths, rounds, bare=False)
    descent, found = _timed(table, authority, paths, rounds, bare=True)
    assert routes == found
    return whole, descent


def _timed(table: RouteTable, authority: bytes, paths: list[bytes], rounds: int, *, bare: bool) -> tuple[float, int]:
    started = time.thread_time()
    total = repeat_find(table, authority, paths, rounds, bare)
    return (time.thread_time() - started) / (rounds * len(paths)), total

"""Envoy's earliest-deadline-first scheduler, on which every weighted round robin rests (LB-31)."""

from collections.abc import Sequence
from typing import final

@final
class Scheduler:
    """A heap of deadlines; used from C only."""

def picks_of(weights: Sequence[float], seed: int, count: int) -> list[int]:
    """The indices of the first `count` picks over `weights` when the scheduler starts at `seed`.

    ValueError when there is no weight or one is not positive.
    """

__pyx_capi__: dict[str, object]

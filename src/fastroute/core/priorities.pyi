"""Priority levels: how much load each takes, and which panics (LB-10 to LB-14)."""

from collections.abc import Sequence
from typing import final

@final
class Loads:
    """The loads of the levels of one host set, in percent."""

    def as_dict(self) -> dict[str, list[int]]:
        """`health`, `degraded_health`, `load`, `degraded_load` and `panic`, a value each level."""

def loads_of(
    levels: Sequence[tuple[int, int, int, int]], factor: int = 140, threshold: int = 50
) -> dict[str, list[int]]:
    """The loads of levels given as (hosts, excluded, healthy, degraded).

    `factor` is the overprovisioning factor and `threshold` the panic threshold, both in percent.
    ValueError unless there are 1 to 129 levels.
    """

__pyx_capi__: dict[str, object]

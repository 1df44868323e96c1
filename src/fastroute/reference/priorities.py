"""How much load each priority level takes, as plain arithmetic over counts.

The rules are LB-10 to LB-14; the core computes the same in C (`core/priorities`).
"""

from __future__ import annotations

from collections.abc import Sequence

from fastroute.records import record


@record
class Level:
    """The hosts of one priority: `weights` are (all that count, healthy, degraded) where weights count instead."""

    hosts: int
    excluded: int
    healthy: int
    degraded: int
    weights: tuple[int, int, int] | None = None


@record
class Loads:
    """Percent of the load, for healthy and for degraded hosts of each level, and which levels panic."""

    healthy: tuple[int, ...]
    degraded: tuple[int, ...]
    panic: tuple[bool, ...]

    def choose(self, draw: int) -> tuple[int, bool]:
        """LB-12: (level, whether its degraded hosts are meant)."""
        wanted, reached = draw % 100 + 1, 0
        for degraded, loads in ((False, self.healthy), (True, self.degraded)):
            for level, load in enumerate(loads):
                reached += load
                if wanted <= reached:
                    return level, degraded
        return 0, False


def loads(levels: Sequence[Level], factor: int = 140, threshold: int = 50) -> Loads:
    """The loads of the levels; `factor` overprovisions, below `threshold` percent a level panics."""
    healthy = [_health(level, 1, factor) for level in levels]
    degraded = [_health(level, 2, factor) for level in levels]
    total = min(100, sum(healthy) + sum(degraded))
    spread = _spread(healthy, degraded, total) if total else ([0] * len(levels), [0] * len(levels))
    nobody = (False,) * len(levels)
    if threshold == 0 and total == 0:
        return Loads((100, *spread[0][1:]), tuple(spread[1]), nobody)
    panic = tuple(total != 100 and _available(level) < threshold for level in levels)
    if all(panic):
        return Loads(_by_hosts(levels), (0,) * len(levels), panic)
    return Loads(tuple(spread[0]), tuple(spread[1]), panic)


def _health(level: Level, index: int, factor: int) -> int:
    counts = level.weights or (level.hosts - level.excluded, level.healthy, level.degraded)
    return min(100, factor * counts[index] // counts[0]) if counts[0] else 0


def _available(level: Level) -> float:
    count = level.hosts - level.excluded
    return 100.0 * level.healthy / count + 100.0 * level.degraded / count if count else 0.0


def _spread(healthy: list[int], degraded: list[int], total: int) -> tuple[list[int], list[int]]:
    left = 100
    found: tuple[list[int], list[int]] = ([], [])
    for healths, into in zip((healthy, degraded), found, strict=True):
        for health in healths:
            into.append(min(left, health * 100 // total))
            left -= into[-1]
    for healths, into in zip((healthy, degraded), found, strict=True):
        first = next((level for level, health in enumerate(healths) if health), None)
        if first is not None:
            into[first] += left
            break
    return found


def _by_hosts(levels: Sequence[Level]) -> tuple[int, ...]:
    total = sum(level.hosts for level in levels)
    if not total:
        return (100, *(0 for _ in levels[1:]))
    shares = [100 * level.hosts // total for level in levels]
    shares[next(index for index, level in enumerate(levels) if level.hosts)] += 100 - sum(shares)
    return tuple(shares)

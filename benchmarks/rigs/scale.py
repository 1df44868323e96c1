"""How large a run is, by FASTROUTE_BENCH: `smoke`, `quick`, unset, or `full`.

Smoke takes the smallest size and one round of each, to see that it works; quick the usual sizes with few rounds, to
see a whole report soon. The figures of neither are to be quoted.
"""

from __future__ import annotations

import os

MODE = os.environ.get("FASTROUTE_BENCH", "")
if MODE not in ("", "smoke", "quick", "full"):
    raise ValueError(f"FASTROUTE_BENCH is 'smoke', 'quick', 'full' or unset, not {MODE!r}")
SMOKE, QUICK, FULL = (name == MODE for name in ("smoke", "quick", "full"))


def sizes(*usual: int) -> tuple[int, ...]:
    """The sizes of a benchmark, smallest first."""
    return usual[:1] if SMOKE else usual


def size(smoke: int, usual: int, full: int | None = None) -> int:
    """The one size of a benchmark."""
    if SMOKE:
        return smoke
    return full if FULL and full is not None else usual


def rounds(usual: int) -> int:
    """How often something is measured."""
    return 1 if SMOKE else min(usual, 3) if QUICK else usual

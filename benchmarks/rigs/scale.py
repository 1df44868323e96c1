"""How large a run is, by FASTROUTE_BENCH: `smoke`, to see that each benchmark works; unset; or `full`.

Smoke takes the smallest size and one round of each; its figures mean nothing.
"""

from __future__ import annotations

import os

MODE = os.environ.get("FASTROUTE_BENCH", "")
if MODE not in ("", "smoke", "full"):
    raise ValueError(f"FASTROUTE_BENCH is 'smoke', 'full' or unset, not {MODE!r}")
SMOKE, FULL = MODE == "smoke", MODE == "full"


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
    return 1 if SMOKE else usual

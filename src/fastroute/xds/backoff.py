"""Exponential back-off with full jitter (XD-22).

The bound doubles with each failure from `base` up to `cap`; the wait is drawn evenly below the bound, so
that clients which lost the same server do not come back together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

BASE: Final = 0.5
CAP: Final = 30.0


class Backoff:
    """`wait()` after each failure, `reset()` after a success. `random` gives numbers in [0, 1)."""

    def __init__(self, random: Callable[[], float], base: float = BASE, cap: float = CAP) -> None:
        self.base, self.cap = base, max(base, cap)
        self._random = random
        self.failures = 0

    def wait(self) -> float:
        """Seconds to wait after one more failure."""
        # The exponent is bounded too: a server may be away for longer than a float can count.
        bound = min(self.cap, self.base * 2.0 ** min(self.failures, 64))
        self.failures += 1
        return self._random() * bound

    def reset(self) -> None:
        """The next failure is the first again."""
        self.failures = 0


def backoff_of(retry_policy: Any, random: Callable[[], float]) -> Backoff:
    """The back-off of a `retry_policy` (core.v3.RetryPolicy); Envoy's own where it sets none.

    A base alone sets the cap at ten times itself.
    """
    given = retry_policy.retry_back_off
    if not given.HasField("base_interval"):
        return Backoff(random)
    base = max(given.base_interval.ToNanoseconds() / 1e9, 0.001)
    cap = given.max_interval.ToNanoseconds() / 1e9 if given.HasField("max_interval") else 10 * base
    return Backoff(random, base, cap)

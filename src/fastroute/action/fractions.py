"""Fractions of requests: numerator of a hundred, ten thousand or a million.

A numerator at or above the denominator is always true; the draw is value % denominator < numerator.
"""

from __future__ import annotations

from fastroute.records import record


@record
class Fraction:
    """`numerator` of `denominator` (FractionalPercent)."""

    numerator: int
    denominator: int = 100

    def holds(self, value: int) -> bool:
        """Whether the random `value` falls into the fraction."""
        return value % self.denominator < self.numerator


ALWAYS = Fraction(100)
NEVER = Fraction(0)

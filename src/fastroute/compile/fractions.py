"""Fractional percentages: numerator of a hundred, ten thousand or a million."""

from __future__ import annotations

from fastroute.action.fractions import Fraction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DENOMINATORS = (100, 10_000, 1_000_000)


def fraction(message: Any) -> Fraction:
    """A FractionalPercent; its numerator defaults to 0 and may exceed the denominator."""
    return Fraction(message.numerator, _DENOMINATORS[message.denominator])

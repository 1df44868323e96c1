"""Chi-square tests without a statistics package."""

from __future__ import annotations

import math
from collections.abc import Mapping

LEAST = 0.001
"""Below this p value two samples are taken to differ."""


def p_value(statistic: float, freedom: int) -> float:
    """The probability of a chi-square of `freedom` degrees above `statistic`."""
    if freedom <= 0:
        return 1.0
    return 1.0 - _lower_gamma(freedom / 2, statistic / 2)


def _lower_gamma(shape: float, x: float) -> float:
    """The regularised lower incomplete gamma function."""
    if x <= 0:
        return 0.0
    if x < shape + 1:
        term = total = 1.0 / shape
        step = shape
        while abs(term) > abs(total) * 1e-15:
            step += 1
            term *= x / step
            total += term
        return total * math.exp(-x + shape * math.log(x) - math.lgamma(shape))
    return 1.0 - _upper_fraction(shape, x) * math.exp(-x + shape * math.log(x) - math.lgamma(shape))


def _upper_fraction(shape: float, x: float) -> float:
    b = x + 1 - shape
    c, d = 1e300, 1 / b
    h = d
    for i in range(1, 1000):
        a = -i * (i - shape)
        b += 2
        d = 1 / (a * d + b)
        c = b + a / c
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return h


def same(one: Mapping[object, int], other: Mapping[object, int]) -> float:
    """The p value of two samples coming from one distribution (homogeneity)."""
    keys = set(one) | set(other)
    first, second = sum(one.values()), sum(other.values())
    statistic = 0.0
    for key in keys:
        both = one.get(key, 0) + other.get(key, 0)
        for count, size in ((one.get(key, 0), first), (other.get(key, 0), second)):
            expected = both * size / (first + second)
            statistic += (count - expected) ** 2 / expected
    return p_value(statistic, len(keys) - 1)

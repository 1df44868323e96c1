"""Fractional percentages, with the runtime's word taken into account.

RM-20  `default_value` is required; a key without a name is not looked up.
RM-21  A number below 101 in the runtime is per cent, a larger one always; negative and other values leave
       the default.
"""

from __future__ import annotations

import math
from typing import Any

from fastroute.action.fractions import ALWAYS, NEVER, Fraction
from fastroute.compile.context import Context

_DENOMINATORS = (100, 10_000, 1_000_000)


def fraction(message: Any) -> Fraction:
    """A FractionalPercent; its numerator defaults to 0 and may exceed the denominator."""
    return Fraction(message.numerator, _DENOMINATORS[message.denominator])


def runtime_fraction(message: Any, ctx: Context, path: str) -> Fraction:
    """A RuntimeFractionalPercent at `path`."""
    if not message.HasField("default_value"):
        raise ctx.reject(f"{path}.default_value", "value is required")
    default = fraction(message.default_value)
    if not message.runtime_key or message.runtime_key not in ctx.runtime:
        return default
    return runtime_percentage(ctx.runtime[message.runtime_key], default, ctx, path)


def runtime_percentage(value: object, default: Fraction, ctx: Context, path: str) -> Fraction:
    """What a runtime value makes of a fraction."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        if isinstance(value, dict):
            raise ctx.unsupported(path, "a runtime key that holds a fraction as a structure is not supported")
        return default
    if value < 0:
        return default
    percent = math.floor(value)
    return ALWAYS if percent >= 100 else Fraction(percent) if percent else NEVER

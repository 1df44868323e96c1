"""Runtime keys and fractions (`RouteMatch.runtime_fraction`, mirrors, weights by runtime).

- RM-20: `stream_random % denominator < numerator`. A numerator above the denominator is always true.
- RM-21: a runtime value replaces the default: an integer is a percentage (above 100: always true), a
  number is rounded down, text is read as a number, a struct is a FractionalPercent. A negative
  number, one of more than 64 bits, a boolean, other text, a struct with foreign fields and one whose
  denominator is no name of a denominator are no override: the default holds. In a struct a numerator
  that is no number is 0, and a negative one wraps around 32 bits.
- RM-22: every fraction of one request uses the same random value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from fastroute.reference.stream import Message
from fastroute.reference.trace import Reason

DENOMINATORS = {0: 100, 1: 10_000, 2: 1_000_000}
_NAMES = {"HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}


def runtime_value(runtime: Mapping[str, object], key: str) -> object | None:
    """The value of a runtime key: given flat (`a.b`) or nested (`{a: {b: …}}`); None when there is none."""
    if key in runtime:
        return runtime[key]
    head, dot, rest = key.partition(".")
    while dot:
        inner = runtime.get(head)
        if isinstance(inner, Mapping) and (found := runtime_value(inner, rest)) is not None:
            return found
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def number(value: object) -> float | None:
    """A runtime value as a number, or None when it is none: booleans are not numbers."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return _read(value) if isinstance(value, str) else None


def _read(text: str) -> float | None:
    """What strtod() makes of the whole of a text, blanks around it aside."""
    stripped = text.strip(" \t\n\v\f\r")
    if not stripped.isascii() or "_" in stripped or "nan" in stripped.lower():
        return None
    try:
        return float.fromhex(stripped) if "x" in stripped.lower() else float(stripped)
    except (ValueError, OverflowError):
        return None


def fraction(value: object) -> tuple[int, int] | None:
    """A runtime value as (numerator, denominator), or None when it is not usable."""
    if isinstance(value, Mapping):
        return _struct(value)
    found = number(value)
    if found is None or not 0 <= found < 2**64:
        return None
    return min(math.floor(min(found, 2**32)), 2**32), 100


def _struct(value: Mapping[str, object]) -> tuple[int, int] | None:
    scale = _NAMES.get(str(value.get("denominator", "HUNDRED")))
    if set(value) - {"numerator", "denominator"} or scale is None:
        return None
    numerator = value.get("numerator")
    is_number = isinstance(numerator, int | float) and not isinstance(numerator, bool)
    return _unsigned_32(float(numerator)) if is_number else 0, scale  # type: ignore[arg-type]


def _unsigned_32(value: float) -> int:
    """The C++ conversion on x86-64: by way of 64 bits, where what does not fit becomes -2**63."""
    whole = int(value) if -(2.0**63) <= value < 2.0**63 else -(2**63)
    return whole % 2**32


def holds(setting: Message, runtime: Mapping[str, object], random: int) -> bool:
    """Whether a RuntimeFractionalPercent is true for this random value."""
    numerator, denominator = in_force(setting, runtime)
    return random % denominator < numerator


def in_force(setting: Message, runtime: Mapping[str, object]) -> tuple[int, int]:
    """The fraction that holds: the runtime's when it has a usable one, else the default."""
    override = fraction(runtime_value(runtime, setting.runtime_key)) if setting.runtime_key else None
    default = setting.default_value
    return override or (default.numerator, DENOMINATORS[default.denominator])


def why_not(setting: Message, runtime: Mapping[str, object], random: int) -> Reason | None:
    """Why a runtime fraction does not hold, or None when it does."""
    if holds(setting, runtime, random):
        return None
    numerator, denominator = in_force(setting, runtime)
    return Reason(f"{random % denominator} of the random value is outside {numerator}/{denominator}", "RM-20")

"""Runtime keys, as they are when a configuration is compiled: a snapshot's runtime does not change.

RM-21  A runtime value replaces a default fraction: a number is a percentage, rounded down; text is read as a
       number, as strtod() does; a struct is a FractionalPercent. A negative number, one of more than 64 bits, a
       boolean, other text, a struct with foreign fields and one whose denominator is no name of a denominator are no
       override. In a struct a numerator that is no number is 0, and a negative one wraps around 32 bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from fastroute.action import fractions as of_runtime
from fastroute.compile import fractions
from fastroute.patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.action.fractions import Fraction

GUARD = "envoy.reloadable_features."
"""What the keys of guards begin with (see `guards`)."""
_BY_NAME = {"HUNDRED": 100, "TEN_THOUSAND": 10_000, "MILLION": 1_000_000}
_DECIMAL = pattern(r"(?i)[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?)")
_HEXADECIMAL = pattern(r"(?i)[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?")
_LARGEST = 1 << 32
_UNSIGNED_64 = 1 << 64


def runtime_value(runtime: Mapping[str, object], key: str) -> object | None:
    """The value of `key`, whether the runtime is flat (`a.b`) or nested; None when there is none."""
    if key in runtime:
        return runtime[key]
    parts = key.split(".")
    for cut in range(1, len(parts)):
        inner = runtime.get(".".join(parts[:cut]))
        if isinstance(inner, Mapping):
            found = runtime_value(inner, ".".join(parts[cut:]))
            if found is not None:
                return found
    return None


def flat_keys(runtime: Mapping[str, object]) -> Iterator[str]:
    """Every key that a value can be asked for by, with dots between the names of nested ones."""
    for key, value in runtime.items():
        yield key
        if isinstance(value, Mapping):
            yield from (f"{key}.{inner}" for inner in flat_keys(value))


def runtime_number(runtime: Mapping[str, object], key: str) -> float | None:
    """The value of `key` as a number; None when it is none. Booleans are no numbers."""
    return _number(runtime_value(runtime, key))


def runtime_integer(runtime: Mapping[str, object], key: str) -> int | None:
    """The value of `key` where Envoy asks for a whole number: a number that is not negative, cut."""
    return _whole(runtime_value(runtime, key))


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and 0 <= number < _UNSIGNED_64 else None


def _number(value: object) -> float | None:
    if isinstance(value, str):
        return _text_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(value)


def _text_number(text: str) -> float | None:
    """Text as C reads a double, decimal or hexadecimal: Python's own float() takes `1_0` and foreign digits."""
    stripped = text.strip(" \t\n\v\f\r")
    if _HEXADECIMAL.fullmatch(stripped):
        return float.fromhex(stripped)
    return float(stripped) if _DECIMAL.fullmatch(stripped) else None


def runtime_fraction(message: Any, runtime: Mapping[str, object]) -> Fraction:
    """The fraction that a RuntimeFractionalPercent means under this runtime."""
    override = override_of(runtime, message.runtime_key) if message.runtime_key else None
    return override or fractions.fraction(message.default_value)


def override_of(runtime: Mapping[str, object], key: str) -> Fraction | None:
    """The fraction that the runtime has for `key`; None when it has no usable one."""
    return _override(runtime_value(runtime, key))


def _override(value: object) -> Fraction | None:
    if isinstance(value, Mapping):
        return _struct(value)
    number = _whole(value)
    return None if number is None else of_runtime.Fraction(min(number, _LARGEST))


def _struct(value: Mapping[str, object]) -> Fraction | None:
    denominator = _BY_NAME.get(str(value.get("denominator", "HUNDRED")))
    if set(value) - {"numerator", "denominator"} or denominator is None:
        return None
    numerator = value.get("numerator")
    if isinstance(numerator, bool) or not isinstance(numerator, int | float):
        return of_runtime.Fraction(0, denominator)
    return of_runtime.Fraction(_unsigned_32(float(numerator)), denominator)


def _unsigned_32(value: float) -> int:
    """Envoy's conversion on x86-64, by way of 64 bits, where what does not fit becomes -2**63."""
    whole = int(value) if -(2.0**63) <= value < 2.0**63 else -(2**63)
    return whole % 2**32

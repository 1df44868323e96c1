"""Values that occur in many kinds of object, each with the form it takes in text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self

_UNITS: Final[Mapping[str, int | Fraction]] = {
    "h": 3600,
    "m": 60,
    "s": 1,
    "ms": Fraction(1, 1000),
    "us": Fraction(1, 10**6),
    "ns": Fraction(1, 10**9),
}
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|us|ns|m|s)")
NANOSECONDS: Final = 10**9
MILLISECOND: Final = 10**6
LONGEST: Final = 0xFFFFFFFF
"""Seconds that every field of Envoy can hold; 136 years."""
LONGEST_TEXT: Final = 100
LONGEST_REGEX: Final = 1024
"""Characters that Istio takes."""
ANYTHING: Final = "*"


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time in whole nanoseconds."""

    nanoseconds: int

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `1h5m`, `0.5s`, `20ms`; ValueError if it is none."""
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"{text[:LONGEST_TEXT]}… is longer than any duration")
        total, end = Fraction(0), 0
        for part in _PART.finditer(text):
            if part.start() != end:
                break
            total, end = total + Fraction(part[1]) * _UNITS[part[2]], part.end()
        if end != len(text) or not text:
            raise ValueError(f"{text!r} is not a duration such as 1h, 1m, 1s or 1ms")
        if total > LONGEST:
            raise ValueError(f"{text!r} is more than {LONGEST} seconds")
        return cls(int(total * NANOSECONDS))

    def __str__(self) -> str:
        """As protobuf's JSON writes it: `2s`, `0.500s`."""
        seconds, rest = divmod(self.nanoseconds, NANOSECONDS)
        if not rest:
            return f"{seconds}s"
        digits = f"{rest:09d}"
        while digits.endswith("000"):
            digits = digits[:-3]
        return f"{seconds}.{digits}s"


@dataclass(frozen=True, slots=True, order=True)
class Span(Duration):
    """A length of time that Istio takes where nothing is switched off by zero: whole milliseconds, at least one."""

    def __post_init__(self) -> None:
        if self.nanoseconds < MILLISECOND or self.nanoseconds % MILLISECOND:
            raise ValueError(f"{self} is not a number of milliseconds, at least one")


class PerCent(float):
    """A share of 0 to 100 per cent."""

    def __new__(cls, value: float) -> PerCent:
        if not 0 <= value <= 100:
            raise ValueError(f"{value} is not a percentage (0 to 100)")
        return super().__new__(cls, value)


class PortNumber(int):
    """A port: 1 to 65535."""

    def __new__(cls, value: int) -> PortNumber:
        if not 1 <= value <= 65535:
            raise ValueError(f"{value} is not a port (1 to 65535)")
        return super().__new__(cls, value)


class Unsigned(int):
    """A count: 0 to 4294967295."""

    def __new__(cls, value: int) -> Unsigned:
        if not 0 <= value <= 0xFFFFFFFF:
            raise ValueError(f"{value} is not a count (0 to 4294967295)")
        return super().__new__(cls, value)


class Regex(str):
    """A regular expression of RE2, which Envoy will compile again; one that it cannot is refused here."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not text:
            raise ValueError("a regular expression must not be empty")
        if len(text) > LONGEST_REGEX:
            raise ValueError(f"the regular expression has more than {LONGEST_REGEX} characters")
        import re2  # pyright: ignore[reportMissingImports]

        options = re2.Options()
        options.log_errors = False
        try:
            re2.compile(text, options)
        except re2.error as error:
            reason = error.args[0] if error.args else error
            said = reason.decode() if isinstance(reason, bytes) else str(reason)
            raise ValueError(f"{text!r} is no regular expression of RE2: {said}") from None
        return super().__new__(cls, text)


class Pattern(Regex):
    """A regular expression that a value must match; `*`, which is none, means: any value."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if text == ANYTHING:
            return str.__new__(cls, text)
        return super().__new__(cls, text)


class Weight(int):
    """A share of the requests, beside those of other destinations: 0 to 2147483647."""

    def __new__(cls, value: int) -> Weight:
        if not 0 <= value <= 0x7FFFFFFF:
            raise ValueError(f"{value} is not a weight (0 to 2147483647)")
        return super().__new__(cls, value)


class Share(int):
    """A share in per cent: 0 to 100."""

    def __new__(cls, value: int) -> Share:
        if not 0 <= value <= 100:
            raise ValueError(f"{value} is not a share in per cent (0 to 100)")
        return super().__new__(cls, value)


class Status(int):
    """A status of an HTTP answer: 200 to 599."""

    def __new__(cls, value: int) -> Status:
        if not 200 <= value <= 599:
            raise ValueError(f"{value} is not a status of a final answer (200 to 599)")
        return super().__new__(cls, value)


@dataclass(frozen=True, slots=True)
class Percent:
    """A share of 0 to 100 per cent, as Istio's `percentage: {value: 12.5}`."""

    value: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 100:
            raise ValueError(f"{self.value} is not a percentage (0 to 100)")

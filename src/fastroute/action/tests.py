"""Tests of one value: what a string matcher or a legacy header match asks.

RM-35  A range takes the whole value as a 64-bit integer; the end is excluded.
RM-36  `ignore_case` folds ASCII letters; it does not apply to regular expressions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fastroute.action.headers import signed
from fastroute.records import record

if TYPE_CHECKING:
    from fastroute.core.regexes import Regex

Kind = Literal["exact", "prefix", "suffix", "contains"]


@record
class TextTest:
    """Compares with a text; `fold` means that `text` is lower case and case is ignored."""

    kind: Kind
    text: bytes
    fold: bool = False

    def __call__(self, value: bytes, /) -> bool:
        if self.fold:
            value = value.lower()
        if self.kind == "exact":
            return value == self.text
        if self.kind == "prefix":
            return value.startswith(self.text)
        return value.endswith(self.text) if self.kind == "suffix" else self.text in value


@record
class RegexTest:
    """Matches the whole value."""

    regex: Regex

    def __call__(self, value: bytes, /) -> bool:
        return self.regex.fullmatch(value)


@record
class RangeTest:
    """An integer from `start` up to, and without, `end`."""

    start: int
    end: int

    def __call__(self, value: bytes, /) -> bool:
        number = signed(value)
        return number is not None and self.start <= number < self.end

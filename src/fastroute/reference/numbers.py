"""Integers and numbers in text, as Envoy parses them (absl::SimpleAtoi and SimpleAtod).

White space around the number and a leading "+" are taken; anything else that is not a decimal
digit, or a value that does not fit, makes the text no number.
"""

from __future__ import annotations

import re

_INTEGER = re.compile(rb"[ \t\n\v\f\r]*([+-]?[0-9]+)[ \t\n\v\f\r]*")


def signed_64(value: bytes) -> int | None:
    """The value as a signed 64-bit integer, or None."""
    found = _INTEGER.fullmatch(value)
    number = int(found[1]) if found else None
    return number if number is not None and -(2**63) <= number < 2**63 else None


def unsigned_64(value: bytes) -> int | None:
    """The value as an unsigned 64-bit integer, or None; a minus sign makes it no number."""
    found = _INTEGER.fullmatch(value)
    if found is None or found[1].startswith(b"-"):
        return None
    number = int(found[1])
    return number if number < 2**64 else None

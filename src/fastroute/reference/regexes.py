"""Regular expressions: RE2, the whole subject, bytes.

- RM-05: a match covers the whole subject; `a|ab` matches `ab`.
- RM-05: since 1.40 Envoy compiles in Latin-1 mode: `.` is one byte.
- RM-06: what RE2 refuses, and what compiles to a program of more than 100 instructions, is refused at
  load; here such a pattern was never let in.
"""

from __future__ import annotations

import functools
from typing import Any

import re2


@functools.cache
def _compiled(pattern: bytes) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return re2.compile(pattern, options)


def encoded(pattern: str) -> bytes:
    """The bytes of a pattern of the configuration, which is UTF-8 text that RE2 reads byte by byte."""
    return pattern.encode("utf-8")


def covers(pattern: str, subject: bytes) -> bool:
    """Whether `pattern` matches the whole of `subject`."""
    return _compiled(encoded(pattern)).fullmatch(subject) is not None


def replace(pattern: str, substitution: str, subject: bytes) -> bytes:
    """Every match of `pattern` in `subject` replaced; `\\1` is the first group, `\\0` the match."""
    return bytes(_compiled(encoded(pattern)).sub(_substitution(substitution), subject))


def _substitution(text: str) -> bytes:
    return encoded(text)

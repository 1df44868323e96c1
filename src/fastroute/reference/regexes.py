"""Regular expressions: RE2, the whole subject, bytes.

- RM-05: a match covers the whole subject; `a|ab` matches `ab`.
- RM-05: since 1.40 Envoy compiles in Latin-1 mode: `.` is one byte.
- RM-06: what RE2 refuses, and what compiles to a program of more than 100 instructions, is refused at
  load; here such a pattern was never let in.
"""

from __future__ import annotations

import functools

from fastroute.core.regexes import Regex

_compiled = functools.lru_cache(maxsize=1024)(Regex)


def covers(pattern: str, subject: bytes) -> bool:
    """Whether `pattern` matches the whole of `subject`."""
    return _compiled(pattern).fullmatch(subject)


def replace(pattern: str, substitution: str, subject: bytes) -> bytes:
    r"""Every match of `pattern` in `subject` replaced; `\1` is the first group, `\0` the match."""
    return _compiled(pattern).replace_all(subject, substitution)

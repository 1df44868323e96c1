"""Regular expressions of Python that are compiled when they are first used.

Compiling one takes as long as importing a small module, and most of those that a module has are for errors and for
rare forms.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Pattern:
    """Stands for a compiled pattern: has its attributes."""

    __slots__ = ("_compiled", "_flags", "_text")

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags
        self._compiled: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._compiled is None:
            self._compiled = re.compile(self._text, self._flags)
        return getattr(self._compiled, name)


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """The pattern `text`, for a module to hold."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))

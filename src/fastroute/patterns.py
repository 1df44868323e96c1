"""Regular expressions of Python that are compiled when they are first used.

Compiling one takes as long as importing a small module, and most of those that a module has are for errors and for
rare forms.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Any, AnyStr


class _Pattern:
    """Stands for a compiled pattern: has its attributes."""

    __slots__ = ("_compiled", "_text")

    def __init__(self, text: str | bytes) -> None:
        self._text = text
        self._compiled: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._compiled is None:
            import re

            self._compiled = re.compile(self._text)
        return getattr(self._compiled, name)


def pattern(text: AnyStr) -> re.Pattern[AnyStr]:
    """The pattern `text`, for a module to hold; its flags are in it, as `(?s)`."""
    made: Any = _Pattern(text)
    found: re.Pattern[AnyStr] = made
    return found

"""Plain JSON to dicts, lists and scalars, without a call into Python for each object."""

from typing import Final

NOT_PLAIN: Final[object]
"""What `parse` returns for a text that is left to others."""

def parse(text: str) -> object:
    """The value of `text`, as the standard library reads it; NOT_PLAIN for a text that is no plain JSON."""

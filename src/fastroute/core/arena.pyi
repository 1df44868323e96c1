"""Append-only memory of the compiled tables. Nothing here is for callers in Python but its size."""

from typing import final

@final
class Arena:
    """Items of `unit` bytes, addressed by their number. Raises ValueError when `unit` is 0."""

    def __new__(cls, unit: int = 1) -> Arena: ...
    def __len__(self) -> int: ...
    def __sizeof__(self) -> int: ...

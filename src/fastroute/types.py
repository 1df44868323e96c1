"""Aliases and protocols for what callers pass in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

StrOrBytes = str | bytes
"""Text of a request. `str` is encoded as UTF-8."""

HeadersLike = (
    Sequence[tuple[bytes, bytes]]
    | Sequence[tuple[str, str]]
    | Mapping[str, str]
    | Mapping[bytes, bytes]
    | Iterable[tuple[StrOrBytes, StrOrBytes]]
)
"""Request headers: pairs in wire order, or a mapping. Scanned, never copied."""

RandomSource = Callable[[], int]
"""Returns an unsigned 64-bit integer, uniformly distributed."""

Source = str | os.PathLike[str] | bytes | Mapping[str, object]
"""What `fastroute.load` reads: a path, the bytes of a file, or a mapping of resource lists."""

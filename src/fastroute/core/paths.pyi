"""Which routes a path can lead to: compressed radix trees. Used by the table alone."""

from typing import final

__pyx_capi__: dict[str, object]

@final
class PathIndex:
    """An empty index; the table builds its trees."""

    def __new__(cls) -> PathIndex: ...
    def __sizeof__(self) -> int: ...

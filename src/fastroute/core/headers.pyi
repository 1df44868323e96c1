"""The request headers that a table looks at. Used by the table alone."""

from typing import final

INLINE_HEADERS: frozenset[bytes]
"""Headers whose lines Envoy joins with "," into one value (HC-08); all others keep their lines."""

@final
class HeaderNames:
    """The names that a table looks at; three that every request is looked at for are always among them."""

    def __new__(cls) -> HeaderNames: ...
    def __len__(self) -> int: ...
    def __contains__(self, name: bytes, /) -> bool: ...

__pyx_capi__: dict[str, object]

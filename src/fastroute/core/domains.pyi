"""Which virtual host has a domain for a host."""

from collections.abc import Iterable
from typing import final

@final
class DomainIndex:
    """Domains (`VirtualHost.domains`) with the number of their virtual host. Of equal domains the last one wins."""

    @property
    def suffix_lengths(self) -> list[int]:
        """The lengths of suffix wildcards without `*`, longest first."""

    @property
    def prefix_lengths(self) -> list[int]:
        """The lengths of prefix wildcards without `*`, longest first."""

    @property
    def only_any(self) -> bool:
        """Whether `*` is the only domain: then the host is not looked at (VH-03)."""

    def __new__(cls, pairs: Iterable[tuple[bytes, int]]) -> DomainIndex: ...
    def lookup(self, host: bytes) -> int | None:
        """The number of the virtual host for `host`, in any case; `None` when no domain matches."""

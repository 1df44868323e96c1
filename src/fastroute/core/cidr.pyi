"""IP addresses as numbers, and the longest covering prefix of an address."""

from collections.abc import Iterable
from typing import final

@final
class CidrTrie:
    """Prefixes and their values. `entries`: address text, prefix length, value (not negative).

    Raises ValueError for text that is no address and for two entries with the same prefix.
    """

    def __new__(cls, entries: Iterable[tuple[str, int, int]]) -> CidrTrie: ...
    def __len__(self) -> int: ...
    def get(self, address: str) -> int | None:
        """The value of the longest prefix that covers `address`, or None."""

def parse_address(text: str) -> tuple[int, int]:
    """Family (4 or 6) and number of an address; ValueError when `text` is none."""

def format_address(text: str) -> str:
    """The address in the spelling of inet_ntop; ValueError when `text` is none."""

__pyx_capi__: dict[str, object]

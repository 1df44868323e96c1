"""The ring and Maglev tables of Envoy's consistent hashing (LB-60 to LB-66)."""

from typing import final

from typing_extensions import disjoint_base

@disjoint_base
class HashTable:
    """From a hash to the index of a host."""

    inputs: tuple[object, ...]
    """What the table was built from."""

@final
class Ring(HashTable):
    """A ketama ring over `keys` with normalised `weights` (their sum is 1)."""

    def __new__(
        cls,
        keys: list[bytes],
        weights: list[float],
        minimum: int = 1024,
        maximum: int = 8388608,
        murmur: bool = False,
    ) -> Ring: ...
    def __len__(self) -> int: ...
    def entries(self) -> list[tuple[int, int]]:
        """(hash, index of its host), by hash."""

@final
class Maglev(HashTable):
    """A Maglev table of a prime `size` over `keys` with normalised `weights`."""

    def __new__(cls, keys: list[bytes], weights: list[float], size: int = 65537) -> Maglev: ...
    def __len__(self) -> int: ...
    def entries(self) -> list[int]:
        """The index of the host in each slot."""

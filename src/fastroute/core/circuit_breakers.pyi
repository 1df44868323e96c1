"""Circuit breakers as counters that the caller moves (CB-01, CB-02)."""

from collections.abc import Mapping
from typing import final

KINDS: tuple[str, ...]
"""connections, pending, requests, retries, pools."""

@final
class Breaker:
    """The limits of one routing priority of a cluster and what is in use of them. Thread-safe.

    A request that finds no room is answered with 503, response flag UO. The first connection of a
    pool is made even at a limit of 0; whoever opens connections has to know that.
    """

    limits: Mapping[str, int]
    retry_budget: tuple[float, int] | None
    """Percent of the active and pending requests, and the least concurrency."""
    def __new__(
        cls, limits: Mapping[str, int] | None = None, *, retry_budget: tuple[float, int] | None = None
    ) -> Breaker: ...
    def acquire(self, kind: str) -> bool:
        """Take one of `kind`; False, and nothing taken, when the limit is reached. KeyError for another kind."""
    def release(self, kind: str) -> None:
        """Give one of `kind` back."""
    def in_use(self, kind: str) -> int:
        """How many of `kind` are in use."""
    def left(self, kind: str) -> int:
        """How many more of `kind` there is room for."""

"""Host sources and turns; used from C only, except for `Memory`, which a cluster carries along."""

from typing import final

@final
class Place:
    """A place in a round."""

@final
class Memory:
    """What a balancer remembers across updates: its seed, its places in rounds, and the caller's clock."""

    seed: int
    seeded: bool
    now: float
    def __new__(cls) -> Memory: ...

@final
class Weigher:
    """The weight of a host at a moment."""

@final
class Source:
    """One list of hosts and whose turn it is."""

@final
class LocalityTurns:
    """Whose turn it is among localities."""

__pyx_capi__: dict[str, object]

"""Upstream hosts: an immutable description each, with state that outlives updates of the host set."""

from collections.abc import Mapping
from typing import Literal, final

_Health = Literal["healthy", "degraded", "unhealthy"]

@final
class Locality:
    """Where a host runs (Envoy's core.v3.Locality). Ordered by region, zone, sub zone."""

    region: str
    zone: str
    sub_zone: str
    def __new__(cls, region: str = "", zone: str = "", sub_zone: str = "") -> Locality: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Locality, /) -> bool: ...
    def __le__(self, other: Locality, /) -> bool: ...
    def __gt__(self, other: Locality, /) -> bool: ...
    def __ge__(self, other: Locality, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Activity:
    """The requests of a whole cluster."""

    active: int

@final
class HostState:
    """What is known of a host beyond its configuration; shared by its successive descriptions."""

    total: Activity
    active: int
    """Requests begun and not yet ended."""
    flags: int
    """_Health flags that were reported."""
    since: float
    """When the host was added or last passed a health check, in the caller's seconds; negative: never."""
    reported: int
    """Weight computed from load reports; 0 when there is none."""
    outlier: object
    load: object
    value: object
    def __new__(cls) -> HostState: ...

@final
class Endpoint:
    """One host of a cluster, as configured. Read-only; `active`, `health` and `value` read its shared state.

    `address` is an IP address, or the path of a pipe; then `port`, `hostname`, `weight`, `locality`, `priority`,
    `metadata` (name space to values) and `state`, which successive descriptions of the host share.
    """

    address: str
    """IP address text, or the path of a pipe."""
    port: int
    hostname: str
    weight: int
    locality: Locality
    priority: int
    metadata: Mapping[str, Mapping[str, object]]
    """Filter metadata: name space to values."""
    state: HostState
    def __new__(
        cls,
        address: str,
        port: int = 0,
        *,
        hostname: str = "",
        weight: int = 1,
        locality: Locality | None = None,
        priority: int = 0,
        metadata: Mapping[str, Mapping[str, object]] | None = None,
        flags: int = 0,
        hash_key: str = "",
        criteria: dict[str, object] | None = None,
        state: HostState | None = None,
    ) -> Endpoint: ...
    @property
    def health(self) -> _Health:
        """Coarse health (LB-01)."""
    @property
    def active(self) -> int:
        """Requests begun and not yet ended."""
    @property
    def value(self) -> object:
        """The object that the embedder bound to this host."""
    @property
    def flags(self) -> int:
        """_Health flags, configured and reported."""
    def begin(self) -> None:
        """A request to this host begins: least request and bounded load count it."""
    def end(self) -> None:
        """A request to this host ended."""

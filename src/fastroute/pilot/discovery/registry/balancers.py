"""Load balancing as DestinationRules and MeshConfig describe it (networking.istio.io)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from fastroute.pilot.discovery.registry.names import CookieName, Filled, HeaderName, Line
from fastroute.pilot.discovery.registry.traffic import Groups
from fastroute.pilot.discovery.registry.values import Duration, PerCent, Span, Unsigned

MAGLEV_MAX: Final = 5_000_011


@dataclass(frozen=True, slots=True)
class CookieAttribute:
    """An attribute of a cookie that is made, such as `SameSite=Strict`."""

    name: CookieName
    value: Line = ""


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to hash by; with a `ttl` it is made when absent."""

    name: CookieName
    path: Line = ""
    ttl: Duration | None = None
    attributes: tuple[CookieAttribute, ...] = ()


@dataclass(frozen=True, slots=True)
class RingHash:
    """Ketama ring."""

    minimum_ring_size: Unsigned = Unsigned(0)


@dataclass(frozen=True, slots=True)
class Maglev:
    """Maglev table; its size is a prime."""

    table_size: Unsigned = Unsigned(0)

    def __post_init__(self) -> None:
        size = self.table_size
        if size and (size > MAGLEV_MAX or size < 2 or any(size % n == 0 for n in range(2, math.isqrt(size) + 1))):
            raise ValueError(f"tableSize {size} is not a prime up to {MAGLEV_MAX}")


@dataclass(frozen=True, slots=True)
class ConsistentHash:
    """Hash something of the request to choose an endpoint."""

    ONE_OF: ClassVar[Groups] = (
        ("httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName"),
        ("ringHash", "maglev"),
    )

    http_header_name: HeaderName | None = None
    http_cookie: Cookie | None = None
    use_source_ip: bool | None = None
    http_query_parameter_name: Filled | None = None
    ring_hash: RingHash | None = None
    maglev: Maglev | None = None
    minimum_ring_size: Unsigned | None = None

    def __post_init__(self) -> None:
        if not (self.http_header_name or self.http_cookie or self.use_source_ip or self.http_query_parameter_name):
            raise ValueError("say what to hash: httpHeaderName, httpCookie, useSourceIp or httpQueryParameterName")


@dataclass(frozen=True, slots=True)
class Distribute:
    """Shares of localities for callers in one locality."""

    KEYS: ClassVar[Mapping[str, str]] = {"source": "from"}

    source: str
    to: Mapping[str, Unsigned] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failover:
    """Where callers of one region go when it fails."""

    KEYS: ClassVar[Mapping[str, str]] = {"source": "from"}

    source: str
    to: str


@dataclass(frozen=True, slots=True)
class LocalitySetting:
    """Locality load balancing; needs outlier detection to take effect."""

    ONE_OF: ClassVar[Groups] = (("distribute", "failover"), ("distribute", "failoverPriority"))

    distribute: tuple[Distribute, ...] = ()
    failover: tuple[Failover, ...] = ()
    failover_priority: tuple[str, ...] = ()
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Warmup:
    """Slow start of new endpoints."""

    duration: Span
    minimum_percent: PerCent | None = None
    aggression: float | None = None

    def __post_init__(self) -> None:
        if self.aggression is not None and self.aggression <= 0:
            raise ValueError(f"aggression {self.aggression} is not above zero")


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """How an endpoint is chosen."""

    ONE_OF: ClassVar[Groups] = (("simple", "consistentHash"),)
    LATER: ClassVar[Mapping[str, str]] = {
        "backendUtilization": "Use simple: LEAST_REQUEST.",
        "zoneAwareLbSetting": "Use localityLbSetting.",
    }

    simple: Literal["UNSPECIFIED", "ROUND_ROBIN", "LEAST_REQUEST", "LEAST_CONN", "RANDOM", "PASSTHROUGH"] | None = None
    consistent_hash: ConsistentHash | None = None
    locality_lb_setting: LocalitySetting | None = None
    warmup_duration_secs: Span | None = None
    warmup: Warmup | None = None

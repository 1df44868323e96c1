"""DestinationRule: what happens to traffic after routing (networking.istio.io)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from fastroute.pilot.discovery.registry.traffic import Groups, PortSelector
from fastroute.pilot.discovery.registry.values import Duration, Share, Unsigned

MAGLEV_MAX: Final = 5_000_011
Upgrade = Literal["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"]


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to hash by; with a `ttl` it is made when absent."""

    name: str
    path: str = ""
    ttl: Duration | None = None


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

    http_header_name: str | None = None
    http_cookie: Cookie | None = None
    use_source_ip: bool | None = None
    http_query_parameter_name: str | None = None
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

    ONE_OF: ClassVar[Groups] = (("distribute", "failover"),)
    LATER: ClassVar[frozenset[str]] = frozenset({"failoverPriority"})

    distribute: tuple[Distribute, ...] = ()
    failover: tuple[Failover, ...] = ()
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Warmup:
    """Slow start of new endpoints."""

    duration: Duration
    minimum_percent: float | None = None
    aggression: float | None = None


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """How an endpoint is chosen."""

    ONE_OF: ClassVar[Groups] = (("simple", "consistentHash"),)

    simple: Literal["UNSPECIFIED", "ROUND_ROBIN", "LEAST_REQUEST", "LEAST_CONN", "RANDOM", "PASSTHROUGH"] | None = None
    consistent_hash: ConsistentHash | None = None
    locality_lb_setting: LocalitySetting | None = None
    warmup_duration_secs: Duration | None = None
    warmup: Warmup | None = None


@dataclass(frozen=True, slots=True)
class Keepalive:
    """TCP keep-alive."""

    probes: Unsigned | None = None
    time: Duration | None = None
    interval: Duration | None = None


@dataclass(frozen=True, slots=True)
class TcpPool:
    """Limits of connections."""

    max_connections: Unsigned | None = None
    connect_timeout: Duration | None = None
    tcp_keepalive: Keepalive | None = None
    max_connection_duration: Duration | None = None
    idle_timeout: Duration | None = None


@dataclass(frozen=True, slots=True)
class HttpPool:
    """Limits of requests."""

    http1_max_pending_requests: Unsigned | None = None
    http2_max_requests: Unsigned | None = None
    max_requests_per_connection: Unsigned | None = None
    max_retries: Unsigned | None = None
    idle_timeout: Duration | None = None
    h2_upgrade_policy: Upgrade | None = None
    use_client_protocol: bool | None = None
    max_concurrent_streams: Unsigned | None = None


@dataclass(frozen=True, slots=True)
class ConnectionPool:
    """Limits of an upstream."""

    tcp: TcpPool = TcpPool()
    http: HttpPool = HttpPool()


@dataclass(frozen=True, slots=True)
class OutlierDetection:
    """When an endpoint is left out because it fails."""

    KEYS: ClassVar[Mapping[str, str]] = {"consecutive_5xx_errors": "consecutive5xxErrors"}

    consecutive_errors: Unsigned | None = None
    consecutive_gateway_errors: Unsigned | None = None
    consecutive_5xx_errors: Unsigned | None = None
    split_external_local_origin_errors: bool = False
    consecutive_local_origin_failures: Unsigned | None = None
    interval: Duration | None = None
    base_ejection_time: Duration | None = None
    max_ejection_percent: Share | None = None
    min_health_percent: Share | None = None


@dataclass(frozen=True, slots=True)
class ClientTLS:
    """TLS towards the upstream."""

    LATER: ClassVar[frozenset[str]] = frozenset({"credentialName", "caCrl"})

    mode: Literal["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"] = "DISABLE"
    client_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""
    subject_alt_names: tuple[str, ...] = ()
    sni: str = ""
    insecure_skip_verify: bool | None = None


@dataclass(frozen=True, slots=True)
class PortPolicy:
    """A policy of one port; it replaces the policy above it for that port."""

    port: PortSelector
    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None


@dataclass(frozen=True, slots=True)
class TrafficPolicy:
    """What applies to all ports, and what to single ones."""

    LATER: ClassVar[frozenset[str]] = frozenset({"tunnel", "proxyProtocol", "retryBudget"})

    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None
    port_level_settings: tuple[PortPolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class Subset:
    """A part of a service's endpoints, by labels."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    traffic_policy: TrafficPolicy | None = None


@dataclass(frozen=True, slots=True)
class Selector:
    """Which workloads."""

    match_labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DestinationRule:
    """`DestinationRule.spec`."""

    host: str
    traffic_policy: TrafficPolicy | None = None
    subsets: tuple[Subset, ...] = ()
    export_to: tuple[str, ...] = ()
    workload_selector: Selector | None = None

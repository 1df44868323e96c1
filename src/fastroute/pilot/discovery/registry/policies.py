"""DestinationRule: what happens to traffic after routing (networking.istio.io)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from fastroute.pilot.discovery.registry.balancers import LoadBalancer
from fastroute.pilot.discovery.registry.names import HostOrAddress, Label, ServerName, Visibility, WildcardHost
from fastroute.pilot.discovery.registry.traffic import PortSelector
from fastroute.pilot.discovery.registry.values import Duration, PerCent, PortNumber, Share, Span, Unsigned

Upgrade = Literal["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"]


@dataclass(frozen=True, slots=True)
class Keepalive:
    """TCP keep-alive."""

    probes: Unsigned | None = None
    time: Span | None = None
    interval: Span | None = None


@dataclass(frozen=True, slots=True)
class TcpPool:
    """Limits of connections."""

    max_connections: Unsigned | None = None
    connect_timeout: Span | None = None
    tcp_keepalive: Keepalive | None = None
    max_connection_duration: Span | None = None
    idle_timeout: Duration | None = None


@dataclass(frozen=True, slots=True)
class Pings:
    """Pings of an HTTP/2 connection; both times must be given for them to be sent."""

    interval: Span | None = None
    timeout: Span | None = None

    def __post_init__(self) -> None:
        if self.interval is not None and self.timeout is None:
            raise ValueError("timeout is required with interval")


@dataclass(frozen=True, slots=True)
class HttpPool:
    """Limits of requests."""

    KEYS: ClassVar[Mapping[str, str]] = {"http2_keep_alive": "http2KeepAlive"}

    http1_max_pending_requests: Unsigned | None = None
    http2_max_requests: Unsigned | None = None
    max_requests_per_connection: Unsigned | None = None
    max_retries: Unsigned | None = None
    idle_timeout: Span | None = None
    h2_upgrade_policy: Upgrade | None = None
    use_client_protocol: bool | None = None
    max_concurrent_streams: Unsigned | None = None
    http2_keep_alive: Pings | None = None


@dataclass(frozen=True, slots=True)
class ConnectionPool:
    """Limits of an upstream."""

    tcp: TcpPool = TcpPool()
    http: HttpPool = HttpPool()


@dataclass(frozen=True, slots=True)
class OutlierDetection:
    """When an endpoint is left out because it fails."""

    KEYS: ClassVar[Mapping[str, str]] = {"consecutive_5xx_errors": "consecutive5xxErrors"}
    LATER: ClassVar[Mapping[str, str]] = {"outlierDetectionHttpErrorCodes": "Use consecutive5xxErrors."}

    consecutive_errors: Unsigned | None = None
    consecutive_gateway_errors: Unsigned | None = None
    consecutive_5xx_errors: Unsigned | None = None
    split_external_local_origin_errors: bool = False
    consecutive_local_origin_failures: Unsigned | None = None
    interval: Span | None = None
    base_ejection_time: Span | None = None
    max_ejection_percent: Share | None = None
    min_health_percent: Share | None = None


@dataclass(frozen=True, slots=True)
class ClientTLS:
    """TLS towards the upstream."""

    LATER: ClassVar[Mapping[str, str]] = {
        "credentialName": "Mount the certificates into the proxy and name the files: clientCertificate, caCertificates."
    }

    mode: Literal["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"] = "DISABLE"
    client_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""
    subject_alt_names: tuple[str, ...] = ()
    sni: ServerName = ""
    ca_crl: str = ""
    insecure_skip_verify: bool | None = None

    def __post_init__(self) -> None:
        if self.mode == "MUTUAL" and not (self.client_certificate and self.private_key):
            raise ValueError("with mode MUTUAL clientCertificate and privateKey are required")
        if self.mode == "ISTIO_MUTUAL" and (self.client_certificate or self.private_key or self.ca_certificates):
            raise ValueError("with mode ISTIO_MUTUAL the mesh's own certificates are used; give no files")


@dataclass(frozen=True, slots=True)
class Tunnel:
    """Connections are carried inside a request to the upstream, which is a proxy."""

    target_host: HostOrAddress
    target_port: PortNumber
    protocol: Literal["", "CONNECT", "POST"] = ""


@dataclass(frozen=True, slots=True)
class ProxyProtocol:
    """The upstream is told in the PROXY protocol who called."""

    version: Literal["V1", "V2"] = "V1"


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """Retries that may be under way at a time, as a share of all requests, and at least so many."""

    percent: PerCent | None = None
    min_retry_concurrency: Unsigned | None = None
    budget_interval: Span | None = None


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

    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None
    port_level_settings: tuple[PortPolicy, ...] = ()
    tunnel: Tunnel | None = None
    proxy_protocol: ProxyProtocol | None = None
    retry_budget: RetryBudget | None = None


@dataclass(frozen=True, slots=True)
class Subset:
    """A part of a service's endpoints, by labels."""

    name: Label
    labels: Mapping[str, str] = field(default_factory=dict)
    traffic_policy: TrafficPolicy | None = None


@dataclass(frozen=True, slots=True)
class Selector:
    """Which workloads."""

    match_labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DestinationRule:
    """`DestinationRule.spec`."""

    host: WildcardHost
    traffic_policy: TrafficPolicy | None = None
    subsets: tuple[Subset, ...] = ()
    export_to: tuple[Visibility, ...] = ()
    workload_selector: Selector | None = None

    def balancers(self) -> Iterator[LoadBalancer]:
        """All load balancers that it describes, on any level."""
        for policy in (self.traffic_policy, *(subset.traffic_policy for subset in self.subsets)):
            if policy is not None:
                levels = (policy.load_balancer, *(port.load_balancer for port in policy.port_level_settings))
                yield from (one for one in levels if one is not None)

"""MeshConfig: the settings of the whole mesh, from the ConfigMap `istio` of the root namespace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from fastroute.pilot.discovery.registry.scopes import OutboundTrafficPolicy
from fastroute.pilot.discovery.registry.values import Duration, PortNumber

SECOND = 10**9


@dataclass(frozen=True, slots=True)
class Zipkin:
    """Where spans go."""

    address: str = ""


@dataclass(frozen=True, slots=True)
class Tracing:
    """Tracing of every proxy; `sampling` is in per cent."""

    LATER: ClassVar[frozenset[str]] = frozenset(
        {"lightstep", "datadog", "stackdriver", "openCensusAgent", "customTags"}
    )

    zipkin: Zipkin | None = None
    sampling: float = 1.0
    max_path_tag_length: int | None = None


@dataclass(frozen=True, slots=True)
class DefaultConfig:
    """The part of ProxyConfig that the control plane itself needs; the agent reads the rest."""

    OPEN: ClassVar[bool] = True

    tracing: Tracing = Tracing()
    interception_mode: Literal["REDIRECT", "TPROXY"] = "REDIRECT"


@dataclass(frozen=True, slots=True)
class MeshConfig:
    """Settings with the defaults of Istio. Unknown keys are refused."""

    LATER: ClassVar[frozenset[str]] = frozenset(
        {"extensionProviders", "defaultProviders", "discoverySelectors", "caCertificates", "certificates",
         "localityLbSetting", "tlsDefaults", "meshMTLS", "serviceSettings", "pathNormalization", "trustDomainAliases",
         "defaultHttpRetryPolicy", "inboundTrafficPolicy", "hboneIdleTimeout"}
    )  # fmt: skip

    proxy_listen_port: PortNumber = PortNumber(15001)
    proxy_inbound_listen_port: PortNumber = PortNumber(15006)
    connect_timeout: Duration = Duration(10 * SECOND)
    protocol_detection_timeout: Duration = Duration(0)
    outbound_traffic_policy: OutboundTrafficPolicy = OutboundTrafficPolicy()
    enable_auto_mtls: bool = True
    enable_tracing: bool = True
    access_log_file: str = ""
    access_log_format: str = ""
    access_log_encoding: Literal["TEXT", "JSON"] = "TEXT"
    trust_domain: str = "cluster.local"
    root_namespace: str = "istio-system"
    h2_upgrade_policy: Literal["DO_NOT_UPGRADE", "UPGRADE"] = "DO_NOT_UPGRADE"
    default_service_export_to: tuple[str, ...] = ("*",)
    default_virtual_service_export_to: tuple[str, ...] = ("*",)
    default_destination_rule_export_to: tuple[str, ...] = ("*",)
    dns_refresh_rate: Duration | None = None
    verify_certificate_at_client: bool = False
    enable_prometheus_merge: bool = True
    default_config: DefaultConfig = DefaultConfig()

    def __post_init__(self) -> None:
        if self.access_log_encoding == "JSON" and not isinstance(self.access_log_fields, dict):
            raise ValueError("accessLogFormat is an object of name to format where accessLogEncoding is JSON")

    @property
    def access_log_fields(self) -> Mapping[str, Any]:
        """The names and formats of a JSON line; empty where no format is given."""
        try:
            fields: Mapping[str, Any] = json.loads(self.access_log_format or "{}")
        except ValueError as error:
            raise ValueError(f"accessLogFormat is not JSON, which accessLogEncoding says it is: {error}") from None
        return fields

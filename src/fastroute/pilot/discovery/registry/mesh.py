"""MeshConfig: the settings of the whole mesh, from the ConfigMap `istio` of the root namespace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from fastroute.pilot.discovery.registry.balancers import LocalitySetting
from fastroute.pilot.discovery.registry.names import Host, Label, Visibility, check_tls_names
from fastroute.pilot.discovery.registry.policies import Keepalive
from fastroute.pilot.discovery.registry.providers import (
    DefaultProviders,
    ExtensionProvider,
    FileAccessLog,
    LogFormat,
    file_logs,
)
from fastroute.pilot.discovery.registry.scopes import OutboundTrafficPolicy
from fastroute.pilot.discovery.registry.traffic import Retries
from fastroute.pilot.discovery.registry.values import Duration, PerCent, PortNumber, Span

SECOND = 10**9
TlsVersion = Literal["TLS_AUTO", "TLSV1_2", "TLSV1_3"]


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
    sampling: PerCent = PerCent(1.0)
    max_path_tag_length: int | None = None


@dataclass(frozen=True, slots=True)
class DefaultConfig:
    """The part of ProxyConfig that the control plane itself needs; the agent reads the rest."""

    OPEN: ClassVar[bool] = True
    LATER: ClassVar[frozenset[str]] = frozenset({"proxyHeaders"})

    tracing: Tracing = Tracing()
    interception_mode: Literal["REDIRECT", "TPROXY"] = "REDIRECT"


@dataclass(frozen=True, slots=True)
class InboundTrafficPolicy:
    """Whether inbound connections keep their destination address, or go to localhost."""

    mode: Literal["PASSTHROUGH", "LOCALHOST"] = "PASSTHROUGH"


@dataclass(frozen=True, slots=True)
class PathNormalization:
    """What is done to paths before they are routed."""

    normalization: Literal["DEFAULT", "NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"] = "DEFAULT"


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Limits of TLS connections."""

    min_protocol_version: TlsVersion = "TLS_AUTO"
    ecdh_curves: tuple[str, ...] = ()
    cipher_suites: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_tls_names(self.cipher_suites, self.ecdh_curves)


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition on labels; `operator` compares with `values`."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy it."""
        if self.operator in ("Exists", "DoesNotExist"):
            return (self.key in labels) == (self.operator == "Exists")
        return (labels.get(self.key) in self.values) == (self.operator == "In")


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Kubernetes' selector of objects by labels: all of it must hold."""

    match_labels: Mapping[str, str] = field(default_factory=dict)
    match_expressions: tuple[Expression, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy it."""
        equal = all(labels.get(key) == value for key, value in self.match_labels.items())
        return equal and all(one.holds(labels) for one in self.match_expressions)


@dataclass(frozen=True, slots=True)
class MeshConfig:
    """Settings with the defaults of Istio. Unknown keys are refused."""

    INERT: ClassVar[frozenset[str]] = frozenset(
        {"ingressClass", "ingressService", "ingressControllerMode", "ingressSelector", "certificates",
         "serviceSettings", "serviceScopeConfigs", "hboneIdleTimeout", "disableEnvoyListenerLog"}
    )  # fmt: skip
    LATER: ClassVar[Mapping[str, str]] = {
        "enableEnvoyAccessLogService": "Use accessLogFile.",
        "configSources": "Give directories to the command instead.",
        "caCertificates": "Put further roots into root-cert.pem of the authority's directory.",
        "ca": "Give the authority's directory to the command instead.",
        "proxyHttpPort": "Use a Sidecar with an egress listener of protocol HTTP_PROXY.",
        "defaultTrafficPolicy": "Use a DestinationRule for *.local in the root namespace.",
        "zoneAwareLbSetting": "Use localityLbSetting.",
    }

    proxy_listen_port: PortNumber = PortNumber(15001)
    proxy_inbound_listen_port: PortNumber = PortNumber(15006)
    connect_timeout: Span = Span(10 * SECOND)
    tcp_keepalive: Keepalive | None = None
    protocol_detection_timeout: Duration = Duration(0)
    outbound_traffic_policy: OutboundTrafficPolicy = OutboundTrafficPolicy()
    inbound_traffic_policy: InboundTrafficPolicy = InboundTrafficPolicy()
    enable_auto_mtls: bool = True
    enable_tracing: bool = True
    access_log_file: str = ""
    access_log_format: str = ""
    access_log_encoding: Literal["TEXT", "JSON"] = "TEXT"
    trust_domain: Host = "cluster.local"
    trust_domain_aliases: tuple[Host, ...] = ()
    root_namespace: Label = "istio-system"
    h2_upgrade_policy: Literal["DO_NOT_UPGRADE", "UPGRADE"] = "DO_NOT_UPGRADE"
    default_service_export_to: tuple[Visibility, ...] = ("*",)
    default_virtual_service_export_to: tuple[Visibility, ...] = ("*",)
    default_destination_rule_export_to: tuple[Visibility, ...] = ("*",)
    locality_lb_setting: LocalitySetting = LocalitySetting()
    default_http_retry_policy: Retries | None = None
    dns_refresh_rate: Duration | None = None
    path_normalization: PathNormalization = PathNormalization()
    mesh_mtls: TlsSettings = TlsSettings()
    tls_defaults: TlsSettings = TlsSettings()
    inbound_cluster_stat_name: str = ""
    outbound_cluster_stat_name: str = ""
    discovery_selectors: tuple[LabelSelector, ...] = ()
    default_providers: DefaultProviders = DefaultProviders()
    extension_providers: tuple[ExtensionProvider, ...] = ()
    verify_certificate_at_client: bool = True
    enable_prometheus_merge: bool = True
    default_config: DefaultConfig = DefaultConfig()

    KEYS: ClassVar[Mapping[str, str]] = {"mesh_mtls": "meshMTLS"}

    def __post_init__(self) -> None:
        if self.access_log_encoding == "JSON" and not isinstance(self._fields, dict):
            raise ValueError("accessLogFormat is an object of name to format where accessLogEncoding is JSON")
        file_logs(self.default_providers.access_logging, self.extension_providers)
        self._own_log()

    @property
    def access_logs(self) -> tuple[FileAccessLog, ...]:
        """The access logs: those of default providers, else the one that the mesh itself describes."""
        if self.default_providers.access_logging:
            return file_logs(self.default_providers.access_logging, self.extension_providers)
        return (self._own_log(),) if self.access_log_file else ()

    def _own_log(self) -> FileAccessLog:
        """The access log that the mesh itself describes; ValueError for a format that is none."""
        path = self.access_log_file or "/dev/null"
        if self.access_log_encoding == "JSON":
            return FileAccessLog(path, LogFormat(labels=self._fields))
        return FileAccessLog(path, LogFormat(self.access_log_format))

    @property
    def _fields(self) -> Mapping[str, Any]:
        """The names and formats of a JSON line; empty where no format is given."""
        try:
            fields: Mapping[str, Any] = json.loads(self.access_log_format or "{}")
        except ValueError as error:
            raise ValueError(f"accessLogFormat is not JSON, which accessLogEncoding says it is: {error}") from None
        return fields

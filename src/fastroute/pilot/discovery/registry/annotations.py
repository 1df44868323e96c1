"""Istio's annotations: on which kind of object each belongs, and whether it has been superseded.

Source: the list of annotations of Istio's API.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from fastroute.pilot.discovery.registry.values import PortNumber

ANY: Final = "Any"
SUPPRESS: Final = "galley.istio.io/analyze-suppress"
DISTRIBUTION: Final = "networking.istio.io/traffic-distribution"
_DISTRIBUTIONS: Final[Mapping[str, str]] = {
    "preferclose": "PreferSameZone", "prefersamezone": "PreferSameZone", "prefersamenode": "PreferSameNode",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is known of one annotation; `instead` says what has taken its place."""

    kind: str
    instead: str | None = None
    also: tuple[str, ...] = ()
    """Further kinds that it may stand on."""

    def belongs_on(self, kind: str) -> bool:
        """Whether it may stand on objects of a kind."""
        return self.kind in (ANY, kind) or kind in self.also


_POD: Final[Mapping[str, tuple[str, ...]]] = {
    "sidecar.istio.io": (
        "status", "rewriteAppHTTPProbers", "proxyImage", "proxyImageType", "proxyCPU", "proxyCPULimit", "proxyMemory",
        "proxyMemoryLimit", "interceptionMode", "bootstrapOverride", "userVolume", "userVolumeMount", "enableCoreDump",
        "logLevel", "componentLogLevel", "agentLogLevel", "extraStatTags", "statsHistogramBuckets",
        "statsCompression", "nativeSidecar", "statsEvictionInterval",
    ),
    "status.sidecar.istio.io": ("port",),
    "readiness.status.sidecar.istio.io": (
        "initialDelaySeconds", "periodSeconds", "failureThreshold", "applicationPorts",
    ),
    "traffic.sidecar.istio.io": (
        "includeOutboundIPRanges", "excludeOutboundIPRanges", "includeInboundPorts", "excludeInboundPorts",
        "includeOutboundPorts", "excludeOutboundPorts", "excludeInterfaces", "kubevirtInterfaces",
    ),
    "proxy.istio.io": ("config", "overrides"),
    "prometheus.istio.io": ("merge-metrics",),
    "inject.istio.io": ("templates",),
    "ambient.istio.io": ("redirection", "dns-capture", "bypass-inbound-capture"),
    "istio.io": ("rev", "reroute-virtual-interfaces"),
}  # fmt: skip
_BY_LABEL: Final = "the label of the same name"
KNOWN: Final[Mapping[str, Annotation]] = {
    **{f"{family}/{name}": Annotation("Pod") for family, names in _POD.items() for name in names},
    "sidecar.istio.io/inject": Annotation("Pod", _BY_LABEL),
    "sidecar.istio.io/controlPlaneAuthPolicy": Annotation("Pod", ""),
    "sidecar.istio.io/discoveryAddress": Annotation("Pod", "proxy.istio.io/config"),
    "sidecar.istio.io/statsInclusionPrefixes": Annotation("Pod", "proxy.istio.io/config"),
    "sidecar.istio.io/statsInclusionSuffixes": Annotation("Pod", "proxy.istio.io/config"),
    "sidecar.istio.io/statsInclusionRegexps": Annotation("Pod", "proxy.istio.io/config"),
    "alpha.istio.io/identity": Annotation("Pod", ""),
    "alpha.istio.io/kubernetes-serviceaccounts": Annotation("Service", ""),
    "alpha.istio.io/canonical-serviceaccounts": Annotation("Service", ""),
    "networking.istio.io/exportTo": Annotation("Service"),
    DISTRIBUTION: Annotation("Service", also=("ServiceEntry", "Namespace")),
    "networking.istio.io/service-type": Annotation("Gateway"),
    "istio.io/dry-run": Annotation("AuthorizationPolicy"),
    "istio.io/autoRegistrationGroup": Annotation("WorkloadEntry"),
    "istio.io/workloadController": Annotation("WorkloadEntry"),
    "istio.io/connectedAt": Annotation("WorkloadEntry"),
    "istio.io/disconnectedAt": Annotation("WorkloadEntry"),
    "kubernetes.io/ingress.class": Annotation("Ingress"),
    "install.operator.istio.io/chart-owner": Annotation(ANY),
    "install.operator.istio.io/owner-generation": Annotation(ANY),
    "install.operator.istio.io/version": Annotation(ANY),
    "topology.istio.io/controlPlaneClusters": Annotation("Namespace"),
    SUPPRESS: Annotation(ANY),
}


NOT_ALPHA: Final = (
    "proxy.istio.io/config", "sidecar.istio.io/inject", "kubernetes.io/ingress.class", "ambient.istio.io/redirection",
)  # fmt: skip
MACHINES: Final = (
    SUPPRESS, "sidecar.istio.io/status", "proxy.istio.io/overrides", "istio.io/dry-run",
    "istio.io/autoRegistrationGroup", "istio.io/workloadController", "istio.io/connectedAt", "istio.io/disconnectedAt",
)  # fmt: skip
"""Annotations that Istio writes itself, or reads for the analysis alone: nobody depends on them in production."""


def is_alpha(name: str) -> bool:
    """Whether a known annotation is one that Istio may change or drop: all are but a few."""
    return KNOWN[name].instead is None and name not in (*NOT_ALPHA, *MACHINES)


def concerns(name: str) -> bool:
    """Whether an annotation is one of Istio's, or looks like one."""
    return name == "kubernetes.io/ingress.class" or name.partition("/")[0].endswith("istio.io")


def fault(name: str, value: str) -> str:
    """What is wrong with an annotation's value; nothing if it can be used."""
    check = _VALUES.get(name)
    if check is None:
        return ""
    try:
        check(value)
    except ValueError as error:
        return str(error) or f"{value!r} cannot be used"
    return ""


def distribution(text: str) -> str:
    """The preference that an annotation names, as the field of a Service would; nothing for an unknown one."""
    return _DISTRIBUTIONS.get(text.lower(), "")


def _distribution(text: str) -> None:
    if not distribution(text):
        raise ValueError(f"{text!r} is none of PreferSameZone, PreferSameNode, PreferClose, and has no effect")


def _ports(text: str) -> None:
    for part in text.split(",") if text and text != "*" else ():
        PortNumber(int(part))


def _ranges(text: str) -> None:
    for part in text.split(",") if text and text != "*" else ():
        ipaddress.ip_network(part.strip(), strict=False)


def _flag(text: str) -> None:
    if text.lower() not in ("true", "false", "y", "n", "yes", "no", "on", "off", "enabled", "disabled"):
        raise ValueError(f"{text!r} is neither true nor false")


def _mode(text: str) -> None:
    if text not in ("REDIRECT", "TPROXY"):
        raise ValueError(f"{text!r} is neither REDIRECT nor TPROXY")


_TRAFFIC: Final = "traffic.sidecar.istio.io/"
_READINESS: Final = "readiness.status.sidecar.istio.io/"
_VALUES: Final[Mapping[str, Callable[[str], object]]] = {
    **{f"{_TRAFFIC}{name}": _ports for name in _POD["traffic.sidecar.istio.io"] if name.endswith("Ports")},
    **{f"{_TRAFFIC}{name}": _ranges for name in _POD["traffic.sidecar.istio.io"] if name.endswith("Ranges")},
    **{f"{_READINESS}{name}": int for name in ("initialDelaySeconds", "periodSeconds", "failureThreshold")},
    f"{_READINESS}applicationPorts": _ports,
    "status.sidecar.istio.io/port": int,
    DISTRIBUTION: _distribution,
    "sidecar.istio.io/interceptionMode": _mode,
    "sidecar.istio.io/inject": _flag,
    "sidecar.istio.io/rewriteAppHTTPProbers": _flag,
}

"""Which kinds of object are read, which do not concern the mesh, and which are refused.

A kind is known by API group and name; any of the listed versions will do, since the fields that we read
have the same meaning in all of them. Kinds of Istio and of the Gateway API that would change routing and
that this version cannot act on are refused. Everything else in a directory (Jobs, Roles, kinds of
other operators) does not change what a sidecar is sent, and is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastroute.pilot.discovery.registry import entries, kubernetes, policies, scopes, traffic

ISTIO: Final = "networking.istio.io"
SECURITY: Final = "security.istio.io"
_NETWORKING_VERSIONS: Final = ("v1alpha3", "v1beta1", "v1")
_SECURITY_VERSIONS: Final = ("v1beta1", "v1")


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind is read: into which dataclass, and whether that is the `spec` or the whole body."""

    spec: type[Any]
    versions: tuple[str, ...]
    whole: bool = False
    namespaced: bool = True


KINDS: Final[Mapping[tuple[str, str], Kind]] = {
    ("", "Namespace"): Kind(kubernetes.Plain, ("v1",), whole=True, namespaced=False),
    ("", "Node"): Kind(kubernetes.Plain, ("v1",), whole=True, namespaced=False),
    ("", "ServiceAccount"): Kind(kubernetes.Plain, ("v1",), whole=True),
    ("", "ConfigMap"): Kind(kubernetes.ConfigMap, ("v1",), whole=True),
    ("", "Service"): Kind(kubernetes.ServiceSpec, ("v1",)),
    ("", "Pod"): Kind(kubernetes.Pod, ("v1",), whole=True),
    ("", "Endpoints"): Kind(kubernetes.Endpoints, ("v1",), whole=True),
    ("apps", "Deployment"): Kind(kubernetes.Deployment, ("v1",)),
    ("discovery.k8s.io", "EndpointSlice"): Kind(kubernetes.EndpointSlice, ("v1beta1", "v1"), whole=True),
    (ISTIO, "VirtualService"): Kind(traffic.VirtualService, _NETWORKING_VERSIONS),
    (ISTIO, "DestinationRule"): Kind(policies.DestinationRule, _NETWORKING_VERSIONS),
    (ISTIO, "ServiceEntry"): Kind(entries.ServiceEntry, _NETWORKING_VERSIONS),
    (ISTIO, "WorkloadEntry"): Kind(entries.Workload, _NETWORKING_VERSIONS),
    (ISTIO, "Sidecar"): Kind(scopes.Sidecar, _NETWORKING_VERSIONS),
    (SECURITY, "PeerAuthentication"): Kind(scopes.PeerAuthentication, _SECURITY_VERSIONS),
}

REFUSED: Final[Mapping[tuple[str, str], str]] = {
    (ISTIO, "Gateway"): "gateways are not generated yet",
    (ISTIO, "EnvoyFilter"): "patches of generated configuration are not applied yet",
    (ISTIO, "WorkloadGroup"): "registration of workloads is not served yet",
    (ISTIO, "ProxyConfig"): "settings of single proxies are not read yet",
    (SECURITY, "AuthorizationPolicy"): "authorisation is not generated yet",
    (SECURITY, "RequestAuthentication"): "authentication of requests is not generated yet",
    ("telemetry.istio.io", "Telemetry"): "telemetry is not generated yet",
    ("extensions.istio.io", "WasmPlugin"): "WebAssembly filters are not generated yet",
    ("networking.k8s.io", "Ingress"): "ingress is not generated yet",
}

REFUSED_LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    "Service": {"topology.istio.io/network": "gateways between networks are not generated yet"},
}
"""Labels by which an object of a kind becomes what is refused."""

REFUSED_GROUPS: Final[Mapping[str, str]] = {
    "gateway.networking.k8s.io": "the Kubernetes Gateway API is not read yet",
    "gateway.networking.x-k8s.io": "the Kubernetes Gateway API is not read yet",
    ISTIO: "there is no such kind in Istio's networking API",
    SECURITY: "there is no such kind in Istio's security API",
    "telemetry.istio.io": "there is no such kind in Istio's telemetry API",
    "extensions.istio.io": "there is no such kind in Istio's extensions API",
}


def refusal(group: str, kind: str) -> str | None:
    """Why a kind is refused, or None when it is merely passed over."""
    return REFUSED.get((group, kind)) or REFUSED_GROUPS.get(group)

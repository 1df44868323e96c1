"""Sidecar and PeerAuthentication: what a workload sees, and how it lets others in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from fastroute.pilot.discovery.registry.entries import WorkloadSelector
from fastroute.pilot.discovery.registry.policies import Selector

Mode = Literal["UNSET", "DISABLE", "PERMISSIVE", "STRICT"]


@dataclass(frozen=True, slots=True)
class EgressListener:
    """What may be reached: `namespace/host` patterns."""

    LATER: ClassVar[frozenset[str]] = frozenset({"port", "bind", "captureMode"})

    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutboundTrafficPolicy:
    """What happens to traffic for unknown destinations."""

    LATER: ClassVar[frozenset[str]] = frozenset({"egressProxy"})

    mode: Literal["ALLOW_ANY", "REGISTRY_ONLY"] = "ALLOW_ANY"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """`Sidecar.spec`."""

    LATER: ClassVar[frozenset[str]] = frozenset({"ingress", "inboundConnectionPool"})

    workload_selector: WorkloadSelector | None = None
    egress: tuple[EgressListener, ...] = ()
    outbound_traffic_policy: OutboundTrafficPolicy | None = None


@dataclass(frozen=True, slots=True)
class MutualTLS:
    """Whether others must, may or must not use mutual TLS."""

    mode: Mode = "UNSET"


@dataclass(frozen=True, slots=True)
class PeerAuthentication:
    """`PeerAuthentication.spec`; the keys of `port_level_mtls` are ports of the workload."""

    selector: Selector | None = None
    mtls: MutualTLS = MutualTLS()
    port_level_mtls: Mapping[str, MutualTLS] = field(default_factory=dict)

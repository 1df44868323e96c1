"""The mesh's services and the workloads behind them, whatever object declared them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from fastroute.pilot.discovery.model.protocols import Protocol
from fastroute.pilot.discovery.registry.meta import Object


class Resolution(Enum):
    """Where the endpoints of a service come from."""

    EDS = "the control plane sends them"
    DNS = "Envoy resolves names and uses all answers"
    DNS_ROUND_ROBIN = "Envoy resolves one name and uses one answer"
    ORIGINAL_DST = "connections go where the client wanted to go"


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a service."""

    number: int
    name: str
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Locality:
    """Where a workload runs."""

    region: str = ""
    zone: str = ""
    subzone: str = ""

    @classmethod
    def parse(cls, text: str, separator: str = "/") -> Locality:
        """`region/zone/subzone`; later parts may be absent."""
        parts = [*text.split(separator), "", ""]
        return cls(parts[0], parts[1], parts[2])


@dataclass(frozen=True, slots=True)
class Workload:
    """Something with an address that serves or calls: a pod, a WorkloadEntry, an address outside."""

    address: str
    name: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    service_account: str = ""
    locality: Locality = Locality()
    mutual_tls: bool = False
    """Whether it has a sidecar that takes mutual TLS."""
    network: str = ""
    """The network that it is in; workloads without one can all reach each other."""
    node: str = ""
    """The machine that it runs on."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One endpoint of one port of a service."""

    port: Port
    target: int
    workload: Workload
    weight: int = 1
    ready: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the mesh. `addresses` are its virtual IPs (or CIDRs, for a ServiceEntry)."""

    host: str
    name: str
    namespace: str
    ports: tuple[Port, ...]
    resolution: Resolution
    origin: Object[Any]
    addresses: tuple[str, ...] = ()
    headless: bool = False
    external: bool = False
    export_to: tuple[str, ...] = ("*",)
    instances: tuple[Instance, ...] = ()
    subject_alt_names: tuple[str, ...] = ()
    """Names that its certificates have, where it declares them."""
    distribution: str = ""
    """Which endpoints it prefers by itself (see `distribution`)."""
    node_local: bool = False
    """Whether callers reach the endpoints of their own node alone."""

    def port(self, number: int) -> Port | None:
        """The port of that number."""
        return next((port for port in self.ports if port.number == number), None)

    def at(self, number: int) -> tuple[Instance, ...]:
        """The endpoints of a port."""
        return tuple(one for one in self.instances if one.port.number == number)

    @property
    def accounts(self) -> tuple[tuple[str, str], ...]:
        """(namespace, service account) of all workloads behind this service, sorted."""
        found = {(one.workload.namespace, one.workload.service_account) for one in self.instances}
        return tuple(sorted(pair for pair in found if pair[1]))

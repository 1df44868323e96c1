"""ServiceEntry and WorkloadEntry: services and workloads that Kubernetes does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from fastroute.pilot.discovery.registry.names import (
    Reachable,
    Subnet,
    TargetHost,
    Visibility,
    is_address,
    is_host,
    is_socket,
)
from fastroute.pilot.discovery.registry.values import PortNumber, Unsigned


@dataclass(frozen=True, slots=True)
class EntryPort:
    """A port of the service; `target_port` is where its endpoints listen."""

    number: PortNumber
    name: str
    protocol: str = ""
    target_port: PortNumber | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """`WorkloadEntry.spec`, and an endpoint of a ServiceEntry."""

    address: Reachable = ""
    ports: Mapping[str, PortNumber] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    locality: str = ""
    weight: Unsigned = Unsigned(0)
    service_account: str = ""


@dataclass(frozen=True, slots=True)
class WorkloadSelector:
    """Which workloads, by labels."""

    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """`ServiceEntry.spec`."""

    LATER: ClassVar[frozenset[str]] = frozenset()

    hosts: tuple[TargetHost, ...]
    addresses: tuple[Subnet, ...] = ()
    ports: tuple[EntryPort, ...] = ()
    location: Literal["MESH_EXTERNAL", "MESH_INTERNAL"] = "MESH_EXTERNAL"
    resolution: Literal["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN"] = "NONE"
    endpoints: tuple[Workload, ...] = ()
    workload_selector: WorkloadSelector | None = None
    export_to: tuple[Visibility, ...] = ()
    subject_alt_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.hosts:
            raise ValueError("hosts must not be empty")
        numbers, names = {port.number for port in self.ports}, {port.name for port in self.ports}
        if len(numbers) < len(self.ports) or len(names) < len(self.ports):
            raise ValueError("numbers and names of ports must be unique")
        self._check_endpoints()

    def _check_endpoints(self) -> None:
        if self.endpoints and self.workload_selector is not None:
            raise ValueError("only one of endpoints, workloadSelector may be set")
        if self.resolution == "NONE" and self.endpoints:
            raise ValueError("with resolution NONE there can be no endpoints")
        if self.resolution == "STATIC" and not all(is_static(one.address) for one in self.endpoints):
            raise ValueError("with resolution STATIC endpoints need IP addresses or unix sockets")
        if self.resolution.startswith("DNS"):
            self._check_resolved()

    def _check_resolved(self) -> None:
        if not self.endpoints and not all(is_host(host) for host in self.hosts):
            raise ValueError("a host with a wildcard cannot be resolved; give endpoints")
        if any(not one.address or is_socket(one.address) for one in self.endpoints):
            raise ValueError("with resolution DNS endpoints need host names or IP addresses")
        if self.resolution == "DNS_ROUND_ROBIN" and len(self.endpoints) > 1:
            raise ValueError("with resolution DNS_ROUND_ROBIN there can be one endpoint at most")


def is_static(address: str) -> bool:
    """Whether an address needs no resolution."""
    return is_address(address) or is_socket(address)

"""ServiceEntry and WorkloadEntry: services and workloads that Kubernetes does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

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

    address: str = ""
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

    hosts: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    ports: tuple[EntryPort, ...] = ()
    location: Literal["MESH_EXTERNAL", "MESH_INTERNAL"] = "MESH_EXTERNAL"
    resolution: Literal["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN"] = "NONE"
    endpoints: tuple[Workload, ...] = ()
    workload_selector: WorkloadSelector | None = None
    export_to: tuple[str, ...] = ()
    subject_alt_names: tuple[str, ...] = ()

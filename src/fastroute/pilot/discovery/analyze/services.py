"""Services, entries and selectors.

IST0118  a port's name says no protocol, which must then be found by looking
IST0127  a selector fits no pod
IST0134  a ServiceEntry for TCP has no address, so that its port is taken whoever is meant
IST0150  a port of an ExternalName service is taken for TCP: it has no address, so that its port is taken too
IST0177  two ServiceEntries that the same callers see give one host and port different protocols
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fastroute.pilot.discovery.analyze.injection import SYSTEM
from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import Finding, found
from fastroute.pilot.discovery.model.protocols import Protocol, of_entry, of_port
from fastroute.pilot.discovery.model.workloads import selected
from fastroute.pilot.discovery.registry.meta import Object


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about services and about who is selected."""
    yield from _ports(mesh)
    yield from _entries(mesh)
    yield from _selectors(mesh)
    yield from _protocols(mesh)


def _ports(mesh: Mesh) -> Iterator[Finding]:
    for one in mesh.registry.services:
        if one.namespace in SYSTEM:
            continue
        for number, port in enumerate(one.spec.ports):
            protocol = of_port(port.port, port.name, port.protocol, port.app_protocol)
            if one.spec.type == "ExternalName" and (protocol.is_tcp or protocol is Protocol.AUTO):
                message = (
                    f"port {port.port} is taken for every destination that has no service; name it http- or the like"
                )
                yield found("IST0150", one, message, "ports", number)
            elif protocol is Protocol.AUTO:
                name = repr(port.name) if port.name else "(none)"
                message = f"the name {name} of port {port.port} says no protocol; begin it with http-, tcp- or the like"
                yield found("IST0118", one, message, "ports", number)


def _entries(mesh: Mesh) -> Iterator[Finding]:
    for one in mesh.registry.service_entries:
        if one.spec.addresses:
            continue
        for number, port in enumerate(one.spec.ports):
            protocol = of_entry(port.protocol, port.name, port.number)
            if protocol.is_tcp and not protocol.is_tls:
                message = f"without addresses port {port.number} is taken for every destination that has no service"
                yield found("IST0134", one, message, "ports", number)


def _selectors(mesh: Mesh) -> Iterator[Finding]:
    registry = mesh.registry
    for sidecar in registry.sidecars:
        selector = sidecar.spec.workload_selector
        yield from _nobody(mesh, sidecar, selector.labels if selector is not None else {}, "workloadSelector")
    for peer in registry.peer_authentications:
        match = peer.spec.selector
        yield from _nobody(mesh, peer, match.match_labels if match is not None else {}, "selector")
    for rule in registry.destination_rules:
        match = rule.spec.workload_selector
        yield from _nobody(mesh, rule, match.match_labels if match is not None else {}, "workloadSelector")


def _nobody(mesh: Mesh, one: Object[object], labels: Mapping[str, str], field: str) -> Iterator[Finding]:
    if not labels:
        return
    root = mesh.registry.mesh.root_namespace
    pods = (pod for pod in mesh.registry.pods if one.namespace in (pod.namespace, root))
    if not any(selected(labels, pod.meta.labels) for pod in pods):
        wanted = ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
        yield found("IST0127", one, f"no pod has the labels {wanted}", field)


def _protocols(mesh: Mesh) -> Iterator[Finding]:
    default = mesh.registry.mesh.default_service_export_to
    older: dict[tuple[str, str, int], tuple[Protocol, str]] = {}
    for one in mesh.registry.service_entries:
        scopes = [one.namespace if scope == "." else scope for scope in one.spec.export_to or default]
        for number, port in enumerate(one.spec.ports):
            protocol = of_entry(port.protocol, port.name, port.number)
            for scope in scopes:
                first = [older.setdefault((scope, host, port.number), (protocol, one.label)) for host in one.spec.hosts]
                if other := next((label for said, label in first if said is not protocol), ""):
                    message = f"{other} is older and gives port {port.number} another protocol"
                    yield found("IST0177", one, message, "ports", number, "protocol")
                    break

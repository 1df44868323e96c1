"""Workloads that several services select.

IST0116  two of them use one port with different transports
IST0137  two of them have different ports for one port of the workload
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import Finding, found
from fastroute.pilot.discovery.model.workloads import owner, selected
from fastroute.pilot.discovery.registry.kubernetes import ServiceSpec
from fastroute.pilot.discovery.registry.meta import Object


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about Deployments, and about pods without one."""
    known = {(one.namespace, one.name) for one in mesh.registry.of("Deployment")}
    for deployment in mesh.registry.of("Deployment"):
        yield from _workload(mesh, deployment, deployment.spec.template.metadata.labels)
    for pod in mesh.registry.pods:
        key = (pod.namespace, owner(pod.name, pod.meta.labels))
        if key not in known:
            known.add(key)
            yield from _workload(mesh, pod, pod.meta.labels)


def _workload(mesh: Mesh, one: Object[object], labels: Mapping[str, str]) -> Iterator[Finding]:
    transports: dict[int, dict[str, str]] = {}
    targets: dict[str, dict[int, str]] = {}
    for service in _selecting(mesh, one.namespace, labels):
        for port in service.spec.ports:
            transports.setdefault(port.port, {}).setdefault(port.protocol, service.name)
            targets.setdefault(str(port.target_port or port.port), {}).setdefault(port.port, service.name)
    for number, by_transport in transports.items():
        if len(by_transport) > 1:
            said = ", ".join(f"{name} ({transport})" for transport, name in sorted(by_transport.items()))
            yield found("IST0116", one, f"services use port {number} with different transports: {said}")
    for target, by_port in targets.items():
        if len(by_port) > 1:
            said = ", ".join(f"{name} ({number})" for number, name in sorted(by_port.items()))
            yield found("IST0137", one, f"services have different ports for the target port {target}: {said}")


def _selecting(mesh: Mesh, namespace: str, labels: Mapping[str, str]) -> Iterator[Object[ServiceSpec]]:
    for service in mesh.registry.services:
        if service.namespace == namespace and service.spec.selector and selected(service.spec.selector, labels):
            yield service

"""Objects that contradict one another.

IST0109  two VirtualServices for the mesh name the same host; only the older one counts
IST0110  two Sidecars of a namespace select the same pod
IST0111  a namespace has two Sidecars without a selector
FR008    a DestinationRule has a subset that an older one of its namespace for the same host has already
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import Finding, found
from fastroute.pilot.discovery.model.build import DOMAIN
from fastroute.pilot.discovery.model.hosts import qualify
from fastroute.pilot.discovery.model.rules import MESH
from fastroute.pilot.discovery.model.workloads import selected
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.scopes import Sidecar


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about pairs of objects."""
    yield from _same_hosts(mesh)
    yield from _sidecars(mesh)
    yield from _subsets(mesh)


def _same_hosts(mesh: Mesh) -> Iterator[Finding]:
    default = mesh.registry.mesh.default_virtual_service_export_to
    older: dict[tuple[str, str], str] = {}
    for one in mesh.registry.virtual_services:
        if MESH not in (one.spec.gateways or (MESH,)):
            continue
        for number, host in enumerate(one.spec.hosts):
            full = qualify(host, one.namespace, DOMAIN)
            for scope in one.spec.export_to or default:
                key = (full, one.namespace if scope == "." else scope)
                first = older.setdefault(key, one.label)
                if first != one.label:
                    message = f"{first} is older and has the host {full} too; this one has no effect for it"
                    yield found("IST0109", one, message, "hosts", number)


def _sidecars(mesh: Mesh) -> Iterator[Finding]:
    general: dict[str, str] = {}
    selecting: dict[tuple[str, str], str] = {}
    for one in mesh.registry.sidecars:
        labels = _labels(one)
        if not labels:
            first = general.setdefault(one.namespace, one.label)
            if first != one.label:
                yield found("IST0111", one, f"{first} has no selector either, and is older")
            continue
        for pod in mesh.registry.pods:
            if pod.namespace == one.namespace and selected(labels, pod.meta.labels):
                first = selecting.setdefault((pod.namespace, pod.name), one.label)
                if first != one.label:
                    message = f"{first} selects the pod {pod.name} too, and is older"
                    yield found("IST0110", one, message, "workloadSelector")
                    break


def _labels(one: Object[Sidecar]) -> dict[str, str]:
    selector = one.spec.workload_selector
    return dict(selector.labels) if selector is not None else {}


def _subsets(mesh: Mesh) -> Iterator[Finding]:
    older: dict[tuple[str, str, str, str], str] = {}
    for one in mesh.registry.destination_rules:
        wanted = one.spec.workload_selector
        who = ",".join(f"{key}={value}" for key, value in sorted(wanted.match_labels.items())) if wanted else ""
        host = qualify(one.spec.host, one.namespace, DOMAIN)
        for number, subset in enumerate(one.spec.subsets):
            key = (one.namespace, host, who, subset.name)
            if key in older:
                message = f"{older[key]} has the subset {subset.name} already; this one has no effect"
                yield found("FR008", one, message, "subsets", number, "name")
            older.setdefault(key, one.label)

"""TLS on both sides.

IST0113  callers are told to use another kind of TLS than workloads take: calls fail
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import Finding, found
from fastroute.pilot.discovery.generate import traffic
from fastroute.pilot.discovery.generate.endpoints import with_subset
from fastroute.pilot.discovery.model import mtls
from fastroute.pilot.discovery.model.rules import Policy
from fastroute.pilot.discovery.model.services import Instance
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.policies import DestinationRule, Subset

WRONG = {
    ("DISABLE", "STRICT"): "plain text, where {name} takes nothing but mutual TLS (STRICT)",
    ("SIMPLE", "STRICT"): "TLS of its own, where {name} takes nothing but mutual TLS (STRICT)",
    ("ISTIO_MUTUAL", "DISABLE"): "mutual TLS, which {name} does not take (DISABLE)",
}


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about all DestinationRules."""
    for one in mesh.registry.destination_rules:
        subsets: tuple[Subset | None, ...] = (None, *one.spec.subsets)
        for subset in subsets:
            yield from _level(mesh, one, subset)


def _level(mesh: Mesh, one: Object[DestinationRule], subset: Subset | None) -> Iterator[Finding]:
    path: tuple[str | int, ...] = ("trafficPolicy", "tls")
    if subset is not None:
        if subset.traffic_policy is None or subset.traffic_policy.tls is None:
            return
        path = ("subsets", one.spec.subsets.index(subset), *path)
    for service in mesh.covered(one.spec.host, one.namespace):
        for instance in with_subset(service.instances, subset):
            said = traffic.settings(Policy(one, one.spec), subset, instance.port.number).tls
            wrong = WRONG.get((said.mode, _mode(mesh, instance))) if said is not None else None
            if wrong is not None:
                name = instance.workload.name or instance.workload.address
                yield found("IST0113", one, f"callers of {service.host} use {wrong.format(name=name)}", *path)
                break


def _mode(mesh: Mesh, instance: Instance) -> str:
    """What the workload takes; one without a sidecar takes what comes."""
    workload = instance.workload
    if not workload.mutual_tls:
        return ""
    return mtls.mode(mesh.registry, workload.namespace, workload.labels, instance.target)

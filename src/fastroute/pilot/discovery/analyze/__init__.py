"""What is wrong, or without effect, in the objects of a mesh: `analyze(registry)`.

Each check is a function from a `Mesh` to findings and knows one idea. Objects that could not be read at
all are findings too (IST0106), so that one list says everything; conflicts that show only when resources
are generated are found by generating for each sidecar of the mesh.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.pilot.discovery.analyze import conflicts, policies, references, services, unreachable
from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import CODES, Finding
from fastroute.pilot.discovery.generated import generate
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.model.workloads import TLS_LABEL
from fastroute.pilot.discovery.registry.directory import Registry

CHECKS = (references.check, unreachable.check, policies.check, conflicts.check, services.check)
_RANK = {"Error": 0, "Warning": 1, "Info": 2}

__all__ = ["analyze"]


def analyze(registry: Registry, *, generated: bool = True) -> list[Finding]:
    """All findings, the worst first, then by code, object and field.

    With `generated`, resources are generated for every pod that has a sidecar.
    """
    mesh = Mesh.of(registry)
    found = [*_unread(registry), *(finding for check in CHECKS for finding in check(mesh))]
    if generated:
        found.extend(_while_generating(registry, mesh))
    return sorted(dict.fromkeys(found), key=lambda one: (_RANK[CODES[one.code][0]], one.code, one.object, one.path))


def _unread(registry: Registry) -> Iterator[Finding]:
    for error in registry.errors:
        yield Finding("IST0106", error.resource or "file", error.message, error.path, error.where)


def _while_generating(registry: Registry, mesh: Mesh) -> Iterator[Finding]:
    for pod in registry.pods:
        if pod.meta.labels.get(TLS_LABEL) == "istio" and pod.spec.status.pod_ip:
            proxy = Proxy.of_pod(registry, f"{pod.name}.{pod.namespace}")
            yield from generate(registry, proxy, services=mesh.services).findings

"""What is wrong, or without effect, in the objects of a mesh: `analyze(registry)`.

Each check is a function from a `Mesh` to findings and knows one idea. Objects that could not be read at
all are findings too (IST0106), so that one list says everything; conflicts that show only when resources
are generated are found by generating for each sidecar of the mesh.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.pilot.discovery.analyze import (
    annotated,
    conflicts,
    deprecated,
    injection,
    policies,
    references,
    security,
    services,
    sidecars,
    unreachable,
    workloads,
)
from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import CODES, Finding
from fastroute.pilot.discovery.generated import generate
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.model.workloads import TLS_LABEL
from fastroute.pilot.discovery.registry.annotations import SUPPRESS
from fastroute.pilot.discovery.registry.directory import Registry

CHECKS = (
    annotated.check,
    conflicts.check,
    deprecated.check,
    injection.check,
    policies.check,
    references.check,
    security.check,
    services.check,
    sidecars.check,
    unreachable.check,
    workloads.check,
)
LENIENTLY = "leniently."
"""How remedies end that a reader of findings needs not be told: what was refused has been left out already."""
_RANK = {"Error": 0, "Warning": 1, "Info": 2}

__all__ = ["analyze"]


def analyze(registry: Registry, *, generated: bool = True) -> list[Finding]:
    """All findings, the worst first, then by code, object and field.

    With `generated`, resources are generated for every pod that has a sidecar. The annotation
    `galley.istio.io/analyze-suppress` of an object names codes (or `*`) that are not told of it.
    """
    mesh = Mesh.of(registry)
    found = [*_unread(registry), *(finding for check in CHECKS for finding in check(mesh))]
    if generated:
        found.extend(_while_generating(registry, mesh))
    told = _suppressed(registry, found)
    return sorted(dict.fromkeys(told), key=lambda one: (_RANK[CODES[one.code][0]], one.code, one.object, one.path))


def _suppressed(registry: Registry, found: list[Finding]) -> Iterator[Finding]:
    silent = {
        one.label: one.meta.annotations[SUPPRESS].split(",")
        for one in registry.objects
        if SUPPRESS in one.meta.annotations
    }
    for one in found:
        codes = {code.strip() for code in silent.get(one.object, ())}
        if not codes & {"*", one.code}:
            yield one


def _unread(registry: Registry) -> Iterator[Finding]:
    for error in registry.errors:
        says_more = error.remedy and not error.remedy.endswith(LENIENTLY)
        message = f"{error.message}. {error.remedy}" if says_more else error.message
        yield Finding("IST0106", error.resource or "file", message, error.path, error.where)


def _while_generating(registry: Registry, mesh: Mesh) -> Iterator[Finding]:
    for pod in registry.pods:
        if pod.meta.labels.get(TLS_LABEL) == "istio" and pod.spec.status.pod_ip:
            proxy = Proxy.of_pod(registry, f"{pod.name}.{pod.namespace}")
            yield from generate(registry, proxy, services=mesh.services).findings

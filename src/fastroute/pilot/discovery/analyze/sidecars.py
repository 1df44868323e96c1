"""What Sidecars import.

FR009  a pattern of `egress.hosts` takes in no service, or cannot be read
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import Finding, found
from fastroute.pilot.discovery.model.hosts import exported
from fastroute.pilot.discovery.model.scope import imported


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about all Sidecars; in the root namespace `.` is the namespace of each proxy."""
    for one in mesh.registry.sidecars:
        for number, listener in enumerate(one.spec.egress):
            for index, pattern in enumerate(listener.hosts):
                if wrong := _wrong(mesh, pattern, one.namespace):
                    yield found("FR009", one, f"{pattern!r} {wrong}", "egress", number, "hosts", index)


def _wrong(mesh: Mesh, pattern: str, own: str) -> str:
    namespace, slash, host = pattern.partition("/")
    if not slash or not host or "/" in host:
        return "is no NAMESPACE/HOST"
    anyone = namespace == "~" or host == "*" or (namespace == "." and own == mesh.registry.mesh.root_namespace)
    return "" if anyone or _takes(mesh, pattern, own) else "takes in no service that is visible here"


def _takes(mesh: Mesh, pattern: str, own: str) -> bool:
    seen = (one for one in mesh.services if exported(one.export_to, one.namespace, own))
    return any(imported((pattern,), one.namespace, one.host, own) for one in seen)

"""What Sidecars import.

IST0101  the egress proxy's host or subset does not exist, or is not imported
FR005  the egress proxy's service has no such port
FR009  a pattern of `egress.hosts` takes in no service, or cannot be read
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import Finding, found
from fastroute.pilot.discovery.model.hosts import exported
from fastroute.pilot.discovery.model.scope import EVERYTHING, imported
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.scopes import Sidecar


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about all Sidecars; in the root namespace `.` is the namespace of each proxy."""
    for one in mesh.registry.sidecars:
        yield from _egress_proxy(mesh, one)
        for number, listener in enumerate(one.spec.egress):
            for index, pattern in enumerate(listener.hosts):
                if wrong := _wrong(mesh, pattern, one.namespace):
                    yield found("FR009", one, f"{pattern!r} {wrong}", "egress", number, "hosts", index)


def _egress_proxy(mesh: Mesh, one: Object[Sidecar]) -> Iterator[Finding]:
    policy = one.spec.outbound_traffic_policy
    proxy = policy.egress_proxy if policy is not None else None
    if proxy is None or proxy.port is None:
        return
    path, service = ("outboundTrafficPolicy", "egressProxy"), mesh.target(proxy.host, one.namespace)
    lost = "so that what is for unknown destinations is answered with 503"
    if service is None:
        yield found("IST0101", one, f"no service has the host {proxy.host!r}, {lost}", *path, "host")
        return
    listeners = one.spec.egress or (EVERYTHING,)
    if not any(imported(listener.hosts, service.namespace, service.host, one.namespace) for listener in listeners):
        yield found("IST0101", one, f"egress does not import {service.host}, {lost}", *path, "host")
    subsets = {subset.name for rule in mesh.rules_for(service) for subset in rule.spec.subsets}
    if proxy.subset and proxy.subset not in subsets:
        known = ", ".join(sorted(subsets)) or "none"
        message = f"{service.host} has no subset {proxy.subset!r} (it has: {known}), {lost}"
        yield found("IST0101", one, message, *path, "subset")
    if service.port(proxy.port.number) is None:
        known = ", ".join(str(port.number) for port in service.ports) or "none"
        message = f"{service.host} has no port {proxy.port.number} (it has: {known}), {lost}"
        yield found("FR005", one, message, *path, "port", "number")


def _wrong(mesh: Mesh, pattern: str, own: str) -> str:
    namespace, slash, host = pattern.partition("/")
    if not slash or not host or "/" in host:
        return "is no NAMESPACE/HOST"
    anyone = namespace == "~" or host == "*" or (namespace == "." and own == mesh.registry.mesh.root_namespace)
    return "" if anyone or _takes(mesh, pattern, own) else "takes in no service that is visible here"


def _takes(mesh: Mesh, pattern: str, own: str) -> bool:
    seen = (one for one in mesh.services if exported(one.export_to, one.namespace, own))
    return any(imported((pattern,), one.namespace, one.host, own) for one in seen)

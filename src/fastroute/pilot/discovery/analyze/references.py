"""Names of things that are not there.

IST0101  a destination's host or subset, or a delegate, does not exist or cannot be seen
IST0112  a destination's service has several ports and the rule does not say which
FR004    a host has a dot and so is taken as it is, but with the cluster's domain it would be a service
FR005    a destination's port is none of the service's
FR007    a rule is for a gateway, which is not generated
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.pilot.discovery.analyze.mesh import Mesh, destinations
from fastroute.pilot.discovery.findings import Finding, found
from fastroute.pilot.discovery.model.build import DOMAIN
from fastroute.pilot.discovery.model.delegates import is_exported, joined_matches
from fastroute.pilot.discovery.model.rules import MESH
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.text import Path
from fastroute.pilot.discovery.registry.traffic import Destination, VirtualService


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about all VirtualServices."""
    for one in mesh.registry.virtual_services:
        for path, destination in destinations(one):
            yield from _destination(mesh, one, path, destination)
        yield from _delegates(mesh, one)
        for number, gateway in enumerate(one.spec.gateways):
            if gateway != MESH:
                alone = "" if MESH in one.spec.gateways else ", and the rule has no effect in sidecars"
                yield found("FR007", one, f"the gateway {gateway} is not generated yet{alone}", "gateways", number)


def _destination(mesh: Mesh, one: Object[VirtualService], path: Path, to: Destination) -> Iterator[Finding]:
    service = mesh.target(to.host, one.namespace)
    if service is None:
        yield from _missing(mesh, one, path, to)
        return
    subsets = {subset.name for rule in mesh.rules_for(service) for subset in rule.spec.subsets}
    if to.subset and to.subset not in subsets:
        known = ", ".join(sorted(subsets)) or "none"
        yield found("IST0101", one, f"{service.host} has no subset {to.subset!r} (it has: {known})", *path, "subset")
    yield from _port(one, path, to, service)


def _missing(mesh: Mesh, one: Object[VirtualService], path: Path, to: Destination) -> Iterator[Finding]:
    longer = next((end for end in (f".svc.{DOMAIN}", f".{DOMAIN}") if mesh.target(to.host + end, one.namespace)), "")
    if "." in to.host and longer:
        message = f"{to.host} is taken as it is, because it has a dot; write {to.host}{longer}"
        yield found("FR004", one, message, *path, "host")
    yield found("IST0101", one, f"there is no host {to.host!r}; requests will be answered with 503", *path, "host")


def _port(one: Object[VirtualService], path: Path, to: Destination, service: Service) -> Iterator[Finding]:
    numbers = sorted(port.number for port in service.ports)
    if to.port is None and len(numbers) > 1:
        message = f"{service.host} has the ports {', '.join(map(str, numbers))}: say which"
        yield found("IST0112", one, message, *path)
    if to.port is not None and to.port.number not in numbers:
        known = ", ".join(map(str, numbers)) or "none"
        message = f"{service.host} has no port {to.port.number} (it has: {known})"
        yield found("FR005", one, message, *path, "port", "number")


def _delegates(mesh: Mesh, one: Object[VirtualService]) -> Iterator[Finding]:
    known = {(other.namespace, other.name): other for other in mesh.registry.virtual_services}
    for number, route in enumerate(one.spec.http):
        if route.delegate is None:
            continue
        key = (route.delegate.namespace or one.namespace, route.delegate.name)
        child = known.get(key)
        if child is None:
            message = f"there is no VirtualService {'/'.join(key)!r} to delegate to"
            yield found("IST0101", one, message, "http", number, "delegate", "name")
        elif child.spec.hosts:
            message = f"{child.label} has hosts of its own, so that nothing can be delegated to it"
            yield found("IST0101", one, message, "http", number, "delegate", "name")
        elif not is_exported(mesh.registry, child, one.namespace):
            message = f"{child.label} is not exported to {one.namespace}, so that nothing can be delegated to it"
            yield found("IST0101", one, message, "http", number, "delegate", "name")
        else:
            for which, part in enumerate(child.spec.http):
                if part.delegate is not None:
                    message = f"http[{which}] of {child.label} delegates further, which has no effect"
                    yield found("FR010", one, message, "http", number, "delegate")
                elif joined_matches(route.match, part.match) is None:
                    message = f"http[{which}] of {child.label} is left out: one of its matches is not within any here"
                    yield found("FR010", one, message, "http", number, "delegate")

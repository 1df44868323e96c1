"""DestinationRules that speak of nothing, or leave a door open.

IST0128  TLS to an upstream whose certificate nobody checks, for all ports
IST0129  the same for one port
IST0173  a subset's labels select no workload of the service
IST0174  no service has the rule's host
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import Finding, found
from fastroute.pilot.discovery.generate.endpoints import with_subset
from fastroute.pilot.discovery.model.services import Resolution
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.policies import ClientTLS, DestinationRule


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about all DestinationRules."""
    for one in mesh.registry.destination_rules:
        yield from _host(mesh, one)
        yield from _certificates(one)


def _host(mesh: Mesh, one: Object[DestinationRule]) -> Iterator[Finding]:
    services = mesh.covered(one.spec.host, one.namespace)
    if not services:
        yield found("IST0174", one, f"no service has the host {one.spec.host!r}", "host")
        return
    known = [service for service in services if service.resolution is Resolution.EDS]
    for number, subset in enumerate(one.spec.subsets):
        if known and not any(with_subset(service.instances, subset) for service in known):
            labels = ", ".join(f"{key}={value}" for key, value in sorted(subset.labels.items()))
            message = f"subset {subset.name} selects no workload ({labels})"
            yield found("IST0173", one, message, "subsets", number, "labels")


def _certificates(one: Object[DestinationRule]) -> Iterator[Finding]:
    policy = one.spec.traffic_policy
    if policy is None:
        return
    if _unchecked(policy.tls):
        message = "the upstream's certificate is not checked: set caCertificates"
        yield found("IST0128", one, message, "trafficPolicy", "tls")
    for number, port in enumerate(policy.port_level_settings):
        if _unchecked(port.tls):
            message = f"the upstream's certificate is not checked on port {port.port.number}: set caCertificates"
            yield found("IST0129", one, message, "trafficPolicy", "portLevelSettings", number, "tls")


def _unchecked(tls: ClientTLS | None) -> bool:
    return tls is not None and tls.mode in ("SIMPLE", "MUTUAL") and not tls.ca_certificates

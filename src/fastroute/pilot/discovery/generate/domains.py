"""The domains of a service's virtual host.

With ports (profile 1.8), each name is followed by the name with the port:
  same namespace as the proxy: FQDN, NAME, NAME.NS.svc.cluster, NAME.NS.svc, NAME.NS, addresses
  another namespace:           FQDN, NAME.NS, NAME.NS.svc.cluster, NAME.NS.svc, addresses
Without (profile current), where ports in hosts are ignored:
  same namespace as the proxy: FQDN, NAME, NAME.NS.svc, NAME.NS, addresses
  another namespace:           FQDN, NAME.NS, NAME.NS.svc, addresses
A host outside the cluster's domain has no short forms. A CIDR is no domain. For a headless service of Kubernetes each
name is there once more as `*.NAME`: its pods have names of their own below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastroute.pilot.discovery.model.build import is_address
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.model.view import View


def domains(view: View, service: Service, port: int) -> list[str]:
    """All domains of a service on a port, in order."""
    names = _forms(view, [service.host, *_short(view, service)], port)
    below = [f"*.{name}" for name in names] if service.headless else []
    return [*names, *below, *_forms(view, _addresses(service), port)]


def _forms(view: View, names: Iterable[str], port: int) -> list[str]:
    if not view.profile.domains_with_port:
        return list(names)
    return [form for name in names for form in (name, f"{name}:{port}")]


def of_host(view: View, host: str, port: int) -> list[str]:
    """The domains of a host that no service has."""
    return [host, f"{host}:{port}"] if view.profile.domains_with_port and host != "*" else [host]


def _short(view: View, service: Service) -> Iterator[str]:
    domain = view.proxy.domain
    full = f"{service.name}.{service.namespace}"
    if service.host != f"{full}.svc.{domain}":
        return
    inner = domain.split(".")[:-1] if view.profile.domains_with_port else []
    longer = [".".join((full, "svc", *inner[:count])) for count in range(len(inner), -1, -1)]
    if service.namespace == view.proxy.namespace:
        yield from (service.name, *longer, full)
    else:
        yield from (full, *longer)


def _addresses(service: Service) -> Iterator[str]:
    for address in service.addresses:
        if is_address(address) and address != "0.0.0.0":
            yield f"[{address}]" if ":" in address else address

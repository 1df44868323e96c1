"""What checks look at: the objects, and the services made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastroute.pilot.discovery.model import build
from fastroute.pilot.discovery.model.build import DOMAIN
from fastroute.pilot.discovery.model.hosts import covers, exported, qualify
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.policies import DestinationRule
from fastroute.pilot.discovery.registry.text import Path
from fastroute.pilot.discovery.registry.traffic import Destination, VirtualService


@dataclass(frozen=True, slots=True)
class Mesh:
    """A registry and its services."""

    registry: Registry
    services: tuple[Service, ...]

    @classmethod
    def of(cls, registry: Registry) -> Mesh:
        """The mesh of a registry."""
        return cls(registry, build.services(registry))

    def covered(self, host: str, namespace: str) -> list[Service]:
        """The services that a rule's host names."""
        full = qualify(host, namespace, DOMAIN)
        return [one for one in self.services if covers(full, one.host)]

    def target(self, host: str, namespace: str) -> Service | None:
        """The service that a destination names, as far as it is visible from `namespace`."""
        full = qualify(host, namespace, DOMAIN)
        seen = [one for one in self.services if exported(one.export_to, one.namespace, namespace)]
        exact = [one for one in seen if one.host == full]
        wild = [one for one in seen if one.host.startswith("*") and covers(one.host, full)]
        return next(iter((*exact, *wild)), None)

    def rules_for(self, service: Service) -> list[Object[DestinationRule]]:
        """The DestinationRules that speak of a service."""
        return [
            one
            for one in self.registry.destination_rules
            if covers(qualify(one.spec.host, one.namespace, DOMAIN), service.host)
        ]


def destinations(one: Object[VirtualService]) -> Iterator[tuple[Path, Destination]]:
    """Every destination of a VirtualService, with the path to it."""
    spec = one.spec
    for number, http in enumerate(spec.http):
        for index, target in enumerate(http.route):
            yield ("http", number, "route", index, "destination"), target.destination
        if http.mirror is not None:
            yield ("http", number, "mirror"), http.mirror
        for index, mirror in enumerate(http.mirrors):
            yield ("http", number, "mirrors", index, "destination"), mirror.destination
    for number, tls in enumerate(spec.tls):
        for index, to in enumerate(tls.route):
            yield ("tls", number, "route", index, "destination"), to.destination
    for number, tcp in enumerate(spec.tcp):
        for index, to in enumerate(tcp.route):
            yield ("tcp", number, "route", index, "destination"), to.destination

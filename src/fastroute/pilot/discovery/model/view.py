"""What one proxy sees of the mesh: the input of every generator."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastroute.pilot.discovery.findings import Finding
from fastroute.pilot.discovery.model import build, mtls, rules, scope
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.model.rules import Policy, Rule
from fastroute.pilot.discovery.model.services import Instance, Service
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.registry.mesh import MeshConfig
from fastroute.pilot.profiles import Profile


@dataclass(slots=True)
class View:
    """A proxy's own picture; made once for each generation, then only read."""

    registry: Registry
    proxy: Proxy
    profile: Profile
    services: tuple[Service, ...]
    all_services: tuple[Service, ...]
    rules: tuple[Rule, ...]
    allow_any: bool
    findings: list[Finding] = field(default_factory=list)
    """What generators had to leave out or decide."""
    _policies: dict[str, Policy | None] = field(default_factory=dict)
    _by_host: dict[str, Service] = field(default_factory=dict)

    @property
    def mesh(self) -> MeshConfig:
        """Settings of the whole mesh."""
        return self.registry.mesh

    def service(self, host: str) -> Service | None:
        """The visible service of that host."""
        if not self._by_host:
            self._by_host = {one.host: one for one in self.services}
        return self._by_host.get(host)

    def policy(self, service: Service) -> Policy | None:
        """What DestinationRules say about a service."""
        if service.host not in self._policies:
            self._policies[service.host] = rules.policy_for(self.registry, self.proxy, service)
        return self._policies[service.host]

    def own(self) -> list[tuple[Service, Instance]]:
        """The services that the proxy's workload serves, oldest first, with its endpoint of each port."""
        found = []
        for service in self.all_services:
            for instance in service.instances:
                if instance.workload.address == self.proxy.address:
                    found.append((service, instance))
        return found

    def mtls_mode(self, port: int | None = None) -> str:
        """How callers must come to the proxy's workload."""
        return mtls.mode(self.registry, self.proxy.namespace, self.proxy.labels, port)

    def takes_mutual_tls(self, instance: Instance) -> bool:
        """Whether an endpoint can be called with mutual TLS."""
        workload = instance.workload
        if not workload.mutual_tls:
            return False
        return mtls.mode(self.registry, workload.namespace, workload.labels, instance.target) != "DISABLE"


def view(registry: Registry, proxy: Proxy, profile: Profile, services: tuple[Service, ...] | None = None) -> View:
    """What `proxy` sees. `services` may be given when several proxies are looked at."""
    everything = build.services(registry, proxy.domain) if services is None else services
    sidecar = scope.sidecar_of(registry, proxy)
    policy = registry.mesh.outbound_traffic_policy
    if sidecar is not None and sidecar.spec.outbound_traffic_policy is not None:
        policy = sidecar.spec.outbound_traffic_policy
    return View(
        registry, proxy, profile, scope.visible(everything, proxy, sidecar), everything,
        rules.virtual_services(registry, proxy), policy.mode == "ALLOW_ANY",
    )  # fmt: skip

"""The proxy that configuration is made for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fastroute.errors import ConfigError
from fastroute.pilot.discovery.model import workloads
from fastroute.pilot.discovery.model.build import DOMAIN
from fastroute.pilot.discovery.model.services import Locality
from fastroute.pilot.discovery.registry.directory import Registry

INTERCEPTION: Final = "sidecar.istio.io/interceptionMode"
TPROXY: Final = "TPROXY"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A sidecar, or what takes its place: the workload that it stands beside."""

    name: str
    namespace: str
    address: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    service_account: str = "default"
    locality: Locality = Locality()
    domain: str = DOMAIN
    transparent: bool = False
    """Connections are redirected by TPROXY, which keeps both of their addresses."""
    proxyless: bool = False
    """No Envoy: a gRPC client that routes itself."""

    @property
    def network(self) -> str:
        """The network that the workload is in."""
        return self.labels.get(workloads.NETWORK, "")

    @property
    def node(self) -> str:
        """The machine that the workload runs on."""
        return self.labels.get(workloads.HOSTNAME, "")

    @property
    def id(self) -> str:
        """The node id that Envoy sends: `sidecar~IP~POD.NAMESPACE~NAMESPACE.svc.DOMAIN`."""
        return f"sidecar~{self.address}~{self.name}.{self.namespace}~{self.namespace}.svc.{self.domain}"

    @classmethod
    def of_pod(cls, registry: Registry, name: str, domain: str = DOMAIN) -> Proxy:
        """The sidecar of the pod `NAME` or `NAME.NAMESPACE`; ConfigError if there is no such pod."""
        nodes, network = workloads.localities(registry), workloads.default_network(registry)
        for pod in registry.pods:
            if name in (pod.name, f"{pod.name}.{pod.namespace}"):
                one = workloads.of_pod(pod, nodes, network)
                said = pod.meta.annotations.get(INTERCEPTION, registry.mesh.default_config.interception_mode)
                return cls(
                    one.name, one.namespace, one.address, placed(one.labels, one.network, one.node),
                    one.service_account, one.locality, domain,
                    transparent=said == TPROXY,
                )  # fmt: skip
        known = ", ".join(sorted(pod.name for pod in registry.pods)) or "none"
        raise ConfigError(f"there is no pod {name!r}", remedy=f"Pods: {known}.")


def placed(labels: Mapping[str, str], network: str, node: str) -> Mapping[str, str]:
    """Labels with the network and the machine, where they do not say it themselves."""
    found = {workloads.NETWORK: network, workloads.HOSTNAME: node}
    return {**{label: value for label, value in found.items() if value}, **labels}

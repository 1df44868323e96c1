"""What an injector is told about the mesh, apart from the pod: images, resources, switches.

The defaults are those of the installation that the seed shows. `proxy_config` is the mesh's `defaultConfig`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastroute.pilot.profiles import Profile

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Values:
    """The settings of one mesh for injection."""

    profile: Profile
    image: str = "docker.io/istio/proxyv2:1.8.1"
    pull_policy: str = "Always"
    revision: str = "default"
    cluster_id: str = "Kubernetes"
    mesh_id: str = "cluster.local"
    trust_domain: str = "cluster.local"
    network: str = ""
    log_level: str = "warning"
    component_log_level: str = "misc:error"
    proxy_config: Mapping[str, Any] = field(default_factory=dict)
    init_cpu: tuple[str, str] = ("10m", "2")
    init_memory: tuple[str, str] = ("40Mi", "1Gi")
    proxy_cpu: tuple[str, str] = ("10m", "2")
    proxy_memory: tuple[str, str] = ("40Mi", "1Gi")
    include_ranges: str = "*"
    exclude_ranges: str = ""
    cni: bool = False
    rewrite_probes: bool = True
    merge_metrics: bool = True
    hold_application: bool = False

    @property
    def status_port(self) -> int:
        """The agent's port, from the mesh's ProxyConfig."""
        return int(self.proxy_config.get("statusPort", 15020))


def resources(cpu: tuple[str, str], memory: tuple[str, str]) -> Json:
    """The resources of a container; each pair is request and limit."""
    return {
        "limits": {"cpu": cpu[1], "memory": memory[1]},
        "requests": {"cpu": cpu[0], "memory": memory[0]},
    }

"""From Kubernetes and Istio objects to the resources of one sidecar.

registry = read("examples/bookinfo")
proxy = Proxy.of_pod(registry, "productpage-v1-64794f5db4-6bsbj")
made = generate(registry, proxy, PROFILES["current"])
fastroute.load(made.as_mapping())
"""

from __future__ import annotations

from fastroute.pilot.discovery.findings import Finding
from fastroute.pilot.discovery.generated import Generated, generate
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.registry import Registry, read

__all__ = ["Finding", "Generated", "Proxy", "Registry", "generate", "read"]

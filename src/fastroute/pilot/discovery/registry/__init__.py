"""What the mesh is made of: Kubernetes and Istio objects, read from YAML into frozen values."""

from __future__ import annotations

from fastroute.pilot.discovery.registry.directory import Registry, read

__all__ = ["Registry", "read"]

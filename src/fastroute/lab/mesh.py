"""A running mesh: its pods, what the manifests say now, and whether every Envoy has it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from fastroute.lab import run
from fastroute.lab.client import Client
from fastroute.lab.control import ControlPlane
from fastroute.lab.dumped import in_force
from fastroute.lab.failure import LabError
from fastroute.lab.journey import Mesh
from fastroute.lab.manifests import Manifests
from fastroute.lab.network import Network
from fastroute.lab.pods import Pod

IN_FORCE = 10.0
"""Seconds that a change may take until every Envoy has it."""


@dataclass(slots=True)
class Lab:
    """A running mesh."""

    run: run.Run
    profile: str
    manifests: Manifests
    network: Network
    control: ControlPlane
    pods: dict[str, Pod]
    clients: dict[str, Client] = field(default_factory=dict)
    _said: Mesh | None = None

    @property
    def said(self) -> Mesh:
        """What fastroute makes of the manifests as they are: the pods' snapshots, routers and redirection rules."""
        if self._said is None:
            self._said = Mesh.read(self.manifests.directory, self.profile, strict=True)
        return self._said

    def pod(self, short: str) -> Pod:
        """A pod by its application and version: `reviews-v2`."""
        return next(one for one in self.pods.values() if one.short == short)

    def at(self, address: str) -> Pod:
        """The pod with that address."""
        return next(one for one in self.pods.values() if one.address == address)

    def changed(self) -> None:
        """After a change of the manifests: wait until every Envoy has it."""
        begun, self._said = time.monotonic(), None
        waiting = list(self.pods.values())
        while waiting := [pod for pod in waiting if not in_force(pod, self.said.pod(pod.name).made)]:
            if time.monotonic() - begun > IN_FORCE:
                raise LabError(f"not in force within {IN_FORCE:g} s in {', '.join(one.short for one in waiting)}")
            time.sleep(0.02)

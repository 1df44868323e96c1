"""The wires: one bridge, to which every pod has a cable.

The namespace of the node has the bridge with the pods' gateway. It also holds what is not a pod with a sidecar: the
control plane, at the addresses that the manifests give istiod, and one server that no service knows. Nothing there
answers for the services' own addresses: they mean something to the sidecars alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fastroute.lab.run import Run
from fastroute.lab.spaces import Space, command

BRIDGE: Final = "mesh0"
GATEWAY: Final = "10.240.2.1"
STRANGER: Final = "10.240.2.200"
"""A server that is no part of the mesh, on STRANGER_PORT."""
STRANGER_PORT: Final = 7000


@dataclass(frozen=True, slots=True)
class Network:
    """The namespaces of a run and how they are joined."""

    run: Run
    node: Space

    @classmethod
    def make(cls, run: Run, control_plane: Iterable[str], hosts: str) -> Network:
        """The node's namespace, with the addresses of the control plane."""
        node = Space(run.space("node"))
        node.make(hosts)
        node.run("ip", "link", "add", BRIDGE, "type", "bridge")
        for address in (f"{GATEWAY}/24", f"{STRANGER}/32", *(f"{one}/32" for one in control_plane)):
            node.run("ip", "addr", "add", address, "dev", BRIDGE)
        node.run("ip", "link", "set", BRIDGE, "up")
        return cls(run, node)

    def join(self, number: int, what: str, address: str, hosts: str) -> Space:
        """A pod's namespace with its cable to the bridge."""
        space, end = Space(self.run.space(what)), f"pod{number}"
        space.make(hosts)
        cable = ["ip", "link", "add", "eth0", "netns", space.name, "type", "veth", "peer", "name", end]
        command(*cable, "netns", self.node.name)
        self.node.run("ip", "link", "set", end, "master", BRIDGE, "up")
        space.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")
        space.run("ip", "link", "set", "eth0", "up")
        space.run("ip", "route", "add", "default", "via", GATEWAY)
        return space

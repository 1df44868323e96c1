"""What an Envoy says that it has in force, by its own config dump.

Versions alone do not tell: where Envoy changes nothing but filter chains it keeps the listener with its connections,
and goes on showing the version that the listener had before. So where a version is another the contents are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastroute.api.encode import encode, version_of
from fastroute.lab.pods import Pod
from fastroute.pilot.discovery import Generated
from fastroute.pilot.discovery.generated import TYPES

SECTIONS: Final = {
    "ListenersConfigDump": ("listeners", "dynamic_listeners", "listener"),
    "ClustersConfigDump": ("clusters", "dynamic_active_clusters", "cluster"),
    "RoutesConfigDump": ("routes", "dynamic_route_configs", "route_config"),
}
"""Kind, entries and member of each section of the dump."""


@dataclass(frozen=True, slots=True)
class Dumped:
    """One resource in force."""

    kind: str
    version: str
    updated: float
    """When it came into force, in seconds since 1970."""
    resource: dict[str, Any]

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.resource["name"])

    def is_same(self, data: bytes) -> bool:
        """Whether it is the resource with these wire bytes."""
        if self.version == version_of(data):
            return True
        fields = {name: value for name, value in self.resource.items() if name != "@type"}
        return encode(TYPES[self.kind], fields) == data


def dumped(pod: Pod) -> Iterator[Dumped]:
    """The listeners, clusters and route configurations that the control plane gave a pod's Envoy."""
    for section in pod.admin("/config_dump")["configs"]:
        kind, entries, member = SECTIONS.get(section["@type"].rpartition(".")[2], ("", "", ""))
        for entry in section.get(entries, ()):
            state = entry.get("active_state", entry)
            if member in state:
                updated = datetime.fromisoformat(state["last_updated"]).timestamp()
                yield Dumped(kind, state.get("version_info", ""), updated, state[member])


def in_force(pod: Pod, made: Generated) -> bool:
    """Whether a pod's Envoy has exactly the resources `made`: these, with this content, and no others."""
    found = list(dumped(pod))
    for kind in ("listeners", "clusters", "routes"):
        held, wanted = {one.name: one for one in found if one.kind == kind}, made.wire(kind)
        if held.keys() != wanted.keys() or not all(held[name].is_same(data) for name, data in wanted.items()):
            return False
    return True


def last_update(pod: Pod) -> float:
    """When the newest of a pod's resources came into force, in seconds since 1970."""
    return max(one.updated for one in dumped(pod))

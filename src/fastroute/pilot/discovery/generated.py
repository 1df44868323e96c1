"""The resources of one proxy, as messages.

Generation is a pure function: the same objects give the same bytes, whatever order files were read in. It has two
parts: what all proxies share that see the mesh alike, and what belongs to the proxy's own workload.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import Message

from fastroute.api import names as api
from fastroute.api.encode import Piece
from fastroute.api.pool import message_class
from fastroute.pilot.discovery.findings import Finding
from fastroute.pilot.discovery.generate.clusters import outbound_clusters
from fastroute.pilot.discovery.generate.endpoints import load_assignments
from fastroute.pilot.discovery.generate.inbound import inbound_listeners
from fastroute.pilot.discovery.generate.inbound_clusters import inbound_clusters
from fastroute.pilot.discovery.generate.listeners import outbound_listeners
from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.generate.proxyless import proxyless
from fastroute.pilot.discovery.generate.routes import route_configurations, route_names
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.model.view import View, view
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.profiles import PROFILES, Profile

TYPES: Final[Mapping[str, str]] = {
    "clusters": api.CLUSTER,
    "endpoints": api.CLUSTER_LOAD_ASSIGNMENT,
    "listeners": api.LISTENER,
    "routes": api.ROUTE_CONFIGURATION,
}
"""Kinds of resource in the order in which a proxy must get them, with the type of each."""


@dataclass(frozen=True)
class Generated:
    """Everything that one proxy is sent. The fields of `messages` are `TYPES`."""

    proxy: Proxy
    profile: Profile
    resources: Mapping[str, Sequence[Mapping[str, Any]]]
    """The resources in the JSON form of the Envoy API, by kind."""
    findings: tuple[Finding, ...] = field(default=())

    @property
    def clusters(self) -> list[Message]:
        """Clusters, for CDS."""
        return list(self._messages["clusters"])

    @property
    def endpoints(self) -> list[Message]:
        """Load assignments, for EDS."""
        return list(self._messages["endpoints"])

    @property
    def listeners(self) -> list[Message]:
        """Listeners, for LDS."""
        return list(self._messages["listeners"])

    @property
    def routes(self) -> list[Message]:
        """Route configurations, for RDS."""
        return list(self._messages["routes"])

    @functools.cached_property
    def _messages(self) -> Mapping[str, tuple[Message, ...]]:
        return {
            kind: tuple(message_class(type_name).FromString(data) for data in self._wire[kind].values())
            for kind, type_name in TYPES.items()
        }

    def as_mapping(self) -> dict[str, list[dict[str, Any]]]:
        """The resources as `fastroute.load` takes them."""
        return {kind: [dict(one) for one in resources] for kind, resources in self.resources.items()}

    def wire(self, kind: str) -> Mapping[str, bytes]:
        """The resources of a kind as wire bytes, by name. Equal resources have equal bytes."""
        return self._wire[kind]

    @functools.cached_property
    def _pieces(self) -> Mapping[str, Mapping[str, Piece]]:
        return {
            kind: {name_of(one): one if isinstance(one, Piece) else Piece(one) for one in self.resources[kind]}
            for kind in TYPES
        }

    @functools.cached_property
    def _wire(self) -> Mapping[str, Mapping[str, bytes]]:
        return {
            kind: {name: piece.data(type_name) for name, piece in self._pieces[kind].items()}
            for kind, type_name in TYPES.items()
        }

    @functools.cached_property
    def versions(self) -> Mapping[str, str]:
        """A version of each kind, made from its content: equal resources have equal versions."""
        return {
            kind: version(piece.version(type_name) for piece in self._pieces[kind].values())
            for kind, type_name in TYPES.items()
        }


def name_of(resource: Mapping[str, Any]) -> str:
    """The name by which a resource in JSON form is asked for."""
    return str(resource.get("name") or resource["cluster_name"])


def version(versions: Iterable[str]) -> str:
    """The content hash of some resources, from theirs."""
    return hashlib.sha256("".join(versions).encode()).hexdigest()[:16]


def shared(seen: View) -> dict[str, list[JSON]]:
    """What all proxies are sent that see the mesh alike."""
    if seen.proxy.proxyless:
        return proxyless(seen)
    listeners = outbound_listeners(seen)
    return {
        "clusters": outbound_clusters(seen),
        "endpoints": load_assignments(seen),
        "listeners": listeners,
        "routes": route_configurations(seen, route_names(listeners)),
    }


def own(seen: View) -> dict[str, list[JSON]]:
    """What belongs to the proxy's own workload."""
    if seen.proxy.proxyless:
        return {kind: [] for kind in TYPES}
    return {"clusters": inbound_clusters(seen), "endpoints": [], "listeners": inbound_listeners(seen), "routes": []}


def generate(
    registry: Registry,
    proxy: Proxy,
    profile: Profile | str = "current",
    *,
    services: tuple[Service, ...] | None = None,
) -> Generated:
    """The resources of a sidecar. `services` may be given when many proxies are generated for."""
    chosen = PROFILES[profile] if isinstance(profile, str) else profile
    seen = view(registry, proxy, chosen, services)
    first, second = shared(seen), own(seen)
    resources = {kind: [*first[kind], *second[kind]] for kind in TYPES}
    return Generated(proxy, chosen, resources, tuple(dict.fromkeys(seen.findings)))

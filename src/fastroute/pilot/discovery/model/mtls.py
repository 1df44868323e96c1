"""Which form of mutual TLS a workload asks of its callers.

Narrowest scope first: a port of a workload's PeerAuthentication, the workload's, its namespace's, the
root namespace's. UNSET and absence ask the next wider scope; at the end stands PERMISSIVE. Inside one
scope the oldest object wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from fastroute.pilot.discovery.model.workloads import selected
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.scopes import PeerAuthentication

DEFAULT: Final = "PERMISSIVE"


def mode(registry: Registry, namespace: str, labels: Mapping[str, str], port: int | None = None) -> str:
    """DISABLE, PERMISSIVE or STRICT for a workload, or for one port that it listens on."""
    return next((one for one in _said(registry, namespace, labels, port) if one != "UNSET"), DEFAULT)


def _said(registry: Registry, namespace: str, labels: Mapping[str, str], port: int | None) -> Iterator[str]:
    root = registry.mesh.root_namespace
    own = _first(registry, namespace, labels) if namespace != root else None
    if own is not None:
        if port is not None and str(port) in own.spec.port_level_mtls:
            yield own.spec.port_level_mtls[str(port)].mode
        yield own.spec.mtls.mode
    for scope in dict.fromkeys((namespace, root)):
        wide = _first(registry, scope, None)
        if wide is not None:
            yield wide.spec.mtls.mode


def _first(registry: Registry, namespace: str, labels: Mapping[str, str] | None) -> Object[PeerAuthentication] | None:
    """The oldest object of a namespace: with a selector that fits `labels`, or without one for None."""
    for one in registry.peer_authentications:
        if one.namespace != namespace:
            continue
        wanted = one.spec.selector.match_labels if one.spec.selector is not None else {}
        if (labels is None and not wanted) or (labels is not None and wanted and selected(wanted, labels)):
            return one
    return None

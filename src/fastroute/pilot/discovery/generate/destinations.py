"""From a rule's destination to a cluster's name, and whether a match speaks of this caller.

The port is the one that the destination names; without one, the only port of the destination's service;
if it has several, the port that the connection came to. The cluster is named even if there is no such
service or subset: Envoy then answers 503, and `analyze` says so beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastroute.pilot.discovery.generate.names import BLACK_HOLE, PASSTHROUGH, outbound
from fastroute.pilot.discovery.model.rules import MESH, Rule
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.model.workloads import selected
from fastroute.pilot.discovery.registry.traffic import Destination


def cluster_of(view: View, rule: Rule, destination: Destination, port: int) -> str:
    """The cluster that a destination means on a listener of `port`."""
    host = rule.qualify(destination.host, view.proxy.domain)
    return outbound(port_of(view.service(host), destination, port), host, destination.subset)


def port_of(service: Service | None, destination: Destination, port: int) -> int:
    """The port of a destination's service that is meant on a listener of `port`."""
    if destination.port is not None:
        return int(destination.port.number)
    return service.ports[0].number if service is not None and len(service.ports) == 1 else port


def elsewhere(view: View) -> str:
    """The cluster for traffic to unknown destinations."""
    if not view.allow_any:
        return BLACK_HOLE
    proxy = view.outbound.egress_proxy
    if proxy is None or proxy.port is None:
        return PASSTHROUGH
    return outbound(int(proxy.port.number), proxy.host, proxy.subset)


@dataclass(frozen=True, slots=True)
class Caller:
    """The workload on whose side a rule is applied."""

    labels: Mapping[str, str]
    namespace: str

    @classmethod
    def of(cls, view: View) -> Caller:
        """The workload of a view's proxy."""
        return cls(view.proxy.labels, view.proxy.namespace)

    def fits(self, labels: Mapping[str, str], namespace: str, gateways: tuple[str, ...]) -> bool:
        """Whether a match by source labels, source namespace and gateways speaks of this caller."""
        here = not namespace or namespace == self.namespace
        return here and selected(labels, self.labels) and (not gateways or MESH in gateways)

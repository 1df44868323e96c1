"""Listeners of a sidecar: the outbound ones by service, then virtualOutbound and virtualInbound."""

from __future__ import annotations

from fastroute.pilot.discovery.generate.inbound import virtual_inbound
from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.generate.outbound import outbound_listeners as unbound
from fastroute.pilot.discovery.generate.outbound import virtual_outbound
from fastroute.pilot.discovery.model.view import View


def outbound_listeners(view: View) -> list[JSON]:
    """The listeners that all proxies have which see the mesh alike."""
    return [*unbound(view), virtual_outbound(view)]


def inbound_listeners(view: View) -> list[JSON]:
    """The listeners of the proxy's own workload."""
    return [virtual_inbound(view)]

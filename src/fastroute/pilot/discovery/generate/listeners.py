"""Listeners of a sidecar that all proxies have which see the mesh alike: by service, then virtualOutbound."""

from __future__ import annotations

from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.generate.outbound import outbound_listeners as by_service
from fastroute.pilot.discovery.generate.outbound import virtual_outbound
from fastroute.pilot.discovery.model.view import View


def outbound_listeners(view: View) -> list[JSON]:
    """All outbound listeners."""
    return [*by_service(view), virtual_outbound(view)]

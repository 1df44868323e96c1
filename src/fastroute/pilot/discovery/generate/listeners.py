"""Listeners of a sidecar: the outbound ones by service, then virtualOutbound and virtualInbound."""

from __future__ import annotations

from fastroute.pilot.discovery.generate.inbound import virtual_inbound
from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.generate.outbound import outbound_listeners, virtual_outbound
from fastroute.pilot.discovery.model.view import View


def listeners(view: View) -> list[JSON]:
    """All listeners, in order."""
    return [*outbound_listeners(view), virtual_outbound(view), virtual_inbound(view)]

"""Upgrades and CONNECT: is the request's filter chain allowed?

- HC-60: an upgrade has Connection: upgrade and an Upgrade, be it empty; CONNECT is one too.
- HC-61: allowed when the route's `upgrade_configs` enables the type, or the manager's does and the route
  does not disable it; types are compared whole, ignoring case. Otherwise 403, when a route matched (a
  redirect to TLS counts as one).
- HC-66: other requests pass.
"""

from __future__ import annotations

from fastroute.reference import connection_header
from fastroute.reference.stream import Message, Stream
from fastroute.reference.targets import Outcome, respond


def wanted(stream: Stream) -> str | None:
    """The upgrade type that the request asks for, in lower case; None when it asks for none."""
    if stream.method == b"CONNECT":
        return "connect"
    if connection_header.is_upgrade(stream):
        return (stream.headers.first(b"upgrade") or b"").decode("latin-1").lower()
    return None


def refuse(manager: Message, route: Message | None, stream: Stream) -> Outcome | None:
    """A 403 where the request asks for an upgrade that neither route nor manager allows."""
    kind = wanted(stream)
    if kind is None:
        return None
    by_route = _setting(route.route.upgrade_configs, kind) if route is not None else None
    by_manager = _setting(manager.upgrade_configs, kind)
    if by_route if by_route is not None else by_manager:
        stream.trace.add("upgrade", kind or "no type", "kept", "it is enabled", "HC-61")
        return None
    stream.trace.add("upgrade", kind or "no type", "answered", "it is not enabled: 403", "HC-61")
    return respond(403, "upgrade_failed")


def _setting(configs: Message, kind: str) -> bool | None:
    for each in configs:
        if each.upgrade_type.lower() == kind:
            return bool(each.enabled.value) if each.HasField("enabled") else True
    return None

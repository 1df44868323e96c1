"""The end of Envoy, in good order.

Draining starts with an order to the admin: inbound listeners stop taking connections (all of them at a router). Then
either the configured time passes, or, with EXIT_ON_ZERO_ACTIVE_CONNECTIONS, a minimum time and as long as connections
are active, counted each second; the admin's and the static listeners' do not count. After five failures in a row the
counting is given up. An Envoy that ends by itself meanwhile ends the wait.
"""

from __future__ import annotations

import asyncio
import re

from fastroute.pilot.agent.admin import Admin
from fastroute.pilot.agent.http_client import HttpError
from fastroute.pilot.agent.log import Log
from fastroute.pilot.agent.readiness import parse_stats
from fastroute.pilot.agent.settings import Settings

ACTIVE = "/stats?usedonly&filter=downstream_cx_active$"
FAILURES = 5
_LISTENER = re.compile(r"listener\..*\.downstream_cx_active")


def order(settings: Settings, *, skip_exit: bool = False) -> str:
    """The admin path that starts draining; `skip_exit` when Envoy is not to end with it (native sidecars)."""
    asked = [] if settings.inputs.node_type == "router" else ["inboundonly"]
    if not settings.switches.hot_restart:
        asked += ["graceful", *(["skip_exit"] if skip_exit else [])]
    return "/drain_listeners" + (f"?{'&'.join(asked)}" if asked else "")


async def drain(settings: Settings, admin: Admin, log: Log) -> None:
    """Start draining and wait for as long as the settings say."""
    try:
        await admin.post(order(settings))
    except HttpError as error:
        log.warning("Envoy did not take the order to drain", reason=str(error))
    if not settings.exit_on_zero:
        log.info("draining", seconds=settings.termination_drain)
        await asyncio.sleep(settings.termination_drain)
        return
    log.info("draining until no connection is active", minimum=settings.minimum_drain)
    await asyncio.sleep(settings.minimum_drain)
    await _until_idle(settings, admin, log)


async def _until_idle(settings: Settings, admin: Admin, log: Log) -> None:
    failures = 0
    while failures < FAILURES:
        try:
            active = active_connections(await admin.get(ACTIVE), settings)
        except HttpError as error:
            failures += 1
            log.warning("active connections cannot be counted", reason=str(error))
        else:
            failures = 0
            if active == 0:
                log.info("no connection is active")
                return
        await asyncio.sleep(1.0)


def active_connections(stats: str, settings: Settings) -> int:
    """The active connections of dynamic listeners."""
    own = {f"_{port}." for port in (settings.prometheus_port, settings.ready_port)}
    counted = 0
    for name, value in parse_stats(stats).items():
        if _LISTENER.fullmatch(name) and ".admin." not in name and ".worker_" not in name:
            counted += 0 if any(port in name for port in own) else value
    return counted

"""Readiness as Istio defines it.

First, CDS and LDS have each been taken or refused at least once; this is remembered. Then, each time: Envoy's state is
LIVE (`server.state` 0) and its workers run (`listener_manager.workers_started` 1). An agent that drains is not ready.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastroute.pilot.agent.http_client import HttpError

UPDATES = (
    "/stats?usedonly&filter=^(cluster_manager%5C.cds%7Clistener_manager%5C.lds)%5C.(update_success%7Cupdate_rejected)$"
)
STATE = "/stats?filter=^(server%5C.state%7Clistener_manager%5C.workers_started)$"
Stats = dict[str, int]


class Readiness:
    """Answers why the proxy is not ready; empty when it is. `ask` fetches the text of an admin page."""

    def __init__(self, ask: Callable[[str], Awaitable[str]]) -> None:
        self._ask = ask
        self._received = False
        self.draining = False

    async def reason(self) -> str:
        """Why the proxy is not ready; empty when it is."""
        if self.draining:
            return "the agent is draining"
        try:
            if not self._received:
                missing = _missing(parse_stats(await self._ask(UPDATES)))
                if missing:
                    return missing
                self._received = True
            state = parse_stats(await self._ask(STATE))
        except HttpError as error:
            return f"failed to get Envoy stats: {error}"
        if state.get("server.state", -1) != 0:
            return f"server is not live, current state is {state.get('server.state', 'unknown')}"
        if state.get("listener_manager.workers_started", 0) != 1:
            return "workers have not yet started"
        return ""


def parse_stats(text: str) -> Stats:
    """The numbers in lines `name: value`."""
    pairs = (line.partition(": ") for line in text.splitlines())
    return {name: int(value) for name, _, value in pairs if value.isdigit()}


def _missing(stats: Stats) -> str:
    def received(prefix: str) -> bool:
        return stats.get(f"{prefix}.update_success", 0) + stats.get(f"{prefix}.update_rejected", 0) > 0

    cds, lds = received("cluster_manager.cds"), received("listener_manager.lds")
    if cds and lds:
        return ""
    return (
        f"config not received from XDS server: cds {'done' if cds else 'missing'}, lds {'done' if lds else 'missing'}"
    )

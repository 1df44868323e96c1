"""The agent's HTTP port (15020).

| path | what |
|---|---|
| /healthz/ready | 200 when the proxy is ready, 503 with the reason otherwise |
| /stats/prometheus, /metrics | the merged metrics |
| /quitquitquit | POST from this machine: the same end as SIGTERM |
| /drain | POST from this machine: begin draining, without ending |
| /app-health/NAME/{livez,readyz,startupz} | probes of the application |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastroute.pilot.agent.app_probes import AppProbes
from fastroute.pilot.agent.http_client import HttpError
from fastroute.pilot.agent.http_server import Call, Reply
from fastroute.pilot.agent.merged_metrics import MergedMetrics
from fastroute.pilot.agent.readiness import Readiness


@dataclass(frozen=True, slots=True)
class Status:
    """Answers the port's paths; `quit` and `drain` are the agent's."""

    readiness: Readiness
    metrics: MergedMetrics
    probes: AppProbes
    quit: Callable[[], None]
    drain: Callable[[], Awaitable[None]]

    async def handle(self, call: Call) -> Reply:
        """The reply to one call."""
        if call.path == "/healthz/ready":
            reason = await self.readiness.reason()
            return Reply(503, f"{reason}\n".encode()) if reason else Reply(200)
        if call.path in ("/stats/prometheus", "/metrics"):
            body, content_type = await self.metrics.page(call.headers)
            return Reply(200, body, content_type)
        if call.path in ("/quitquitquit", "/drain"):
            return await self._order(call)
        found = await self.probes.reply(call.path)
        return found if found is not None else Reply(404, b"no such page\n")

    async def _order(self, call: Call) -> Reply:
        if not call.local:
            return Reply(403, b"only requests from localhost are allowed\n")
        if call.method != "POST":
            return Reply(405, b"only POST is allowed\n")
        if call.path == "/quitquitquit":
            self.quit()
            return Reply(200, b"OK")
        try:
            await self.drain()
        except HttpError as error:
            return Reply(500, f"{error}\n".encode())
        return Reply(200, b"OK")

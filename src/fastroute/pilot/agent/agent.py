"""The agent: starts everything in order, watches over Envoy, ends in good order.

Start: checks (program, ports, sockets), status port, secret server, ADS proxy, Envoy. Whatever cannot start is one
AgentError, and what was started before is stopped again.

End, with exit code 0 as Istio's agent has it:
- SIGTERM, SIGINT or /quitquitquit: drain, end Envoy, end.
- Envoy ends by itself, however: the agent ends with it, and Kubernetes starts both again. Only an Envoy that fails
  before it was ever live makes the exit code 1, so that a refused bootstrap is seen; Istio's agent says 0 there too.

Profile 1.8 has restart epochs: SIGHUP reads the inputs again, and a changed bootstrap starts Envoy N+1 by hot restart
beside N, once N is live. The agent ends when no epoch is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from typing import Any

from fastroute.errors import FastrouteError
from fastroute.pilot.agent.admin import Admin
from fastroute.pilot.agent.ads_proxy import AdsProxy
from fastroute.pilot.agent.app_probes import AppProbes
from fastroute.pilot.agent.bootstrap import build, message
from fastroute.pilot.agent.counters import Counters
from fastroute.pilot.agent.drain import drain, order
from fastroute.pilot.agent.envoy_process import EnvoyProcess, refuse_unusable_binary
from fastroute.pilot.agent.http_client import HttpError
from fastroute.pilot.agent.http_server import HttpServer
from fastroute.pilot.agent.inputs import Inputs
from fastroute.pilot.agent.log import Log
from fastroute.pilot.agent.merged_metrics import MergedMetrics
from fastroute.pilot.agent.readiness import STATE, Readiness, parse_stats
from fastroute.pilot.agent.sds import SecretServer
from fastroute.pilot.agent.settings import Settings
from fastroute.pilot.agent.sockets import refuse_used_port
from fastroute.pilot.agent.status import Status
from fastroute.pilot.agent.upstream import Upstream, check

LIVE_POLL, LIVE_LIMIT = 0.5, 20.0


class Agent:
    """One pod's agent; `run` returns the exit code. `inputs` gives the pod's inputs anew for a restart."""

    def __init__(self, settings: Settings, log: Log, inputs: Callable[[], Inputs] | None = None) -> None:
        self.settings = settings
        self.log = log
        self.counters = Counters()
        self.admin = Admin(settings)
        self.readiness = Readiness(self.admin.get)
        self._inputs = inputs or (lambda: settings.inputs)
        self._stop = asyncio.Event()
        self._restart = asyncio.Event()
        self._epochs: dict[asyncio.Task[int], EnvoyProcess] = {}
        self._was_live = False

    def stop(self) -> None:
        """Ask for the end in good order."""
        self._stop.set()

    async def run(self) -> int:
        """Run until the end; the exit code. AgentError or ConfigError when the start fails."""
        bootstrap = build(self.settings.inputs, self.settings.profile)
        message(bootstrap)
        upstream = Upstream(self.settings, str(self.settings.config["discoveryAddress"]))
        check(upstream)
        self._refuse_unusable()
        async with contextlib.AsyncExitStack() as running:
            self._handle_signals(running)
            await self._start_status(running)
            secrets = SecretServer(self.settings.sds_socket, self.settings, self.counters, self.log)
            running.push_async_callback(secrets.close)
            await secrets.start()
            proxy = AdsProxy(self.settings.xds_socket, upstream, self.counters, self.log)
            running.push_async_callback(proxy.close)
            await proxy.start()
            running.callback(self._kill_all)
            await self._start_epoch(EnvoyProcess(self.settings, bootstrap, 0, self.log))
            live = asyncio.create_task(self._note_live())
            running.callback(live.cancel)
            return await self._supervise()

    def _refuse_unusable(self) -> None:
        settings, own = self.settings, self.settings.family
        refuse_unusable_binary(settings.binary)
        refuse_used_port(own.localhost, settings.admin_port, "proxyAdminPort")
        refuse_used_port(own.wildcard, settings.prometheus_port, "ENVOY_PROMETHEUS_PORT")
        refuse_used_port(own.wildcard, settings.ready_port, "ENVOY_STATUS_PORT")

    async def _start_status(self, running: contextlib.AsyncExitStack) -> None:
        metrics = MergedMetrics(self.settings, self.counters, self.log)
        status = Status(self.readiness, metrics, AppProbes(self.settings.inputs), self.stop, self._order_drain)
        server = HttpServer(status.handle)
        running.push_async_callback(server.close)
        await server.start(self.settings.family.wildcard, self.settings.status_port, "statusPort")

    async def _order_drain(self) -> None:
        self.readiness.draining = True
        await self.admin.post(order(self.settings, skip_exit=True))

    def _handle_signals(self, running: contextlib.AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
            running.callback(loop.remove_signal_handler, number)
        loop.add_signal_handler(signal.SIGHUP, self._restart.set)
        running.callback(loop.remove_signal_handler, signal.SIGHUP)

    async def _start_epoch(self, envoy: EnvoyProcess) -> None:
        await envoy.start()
        self._epochs[asyncio.create_task(envoy.ended())] = envoy

    async def _supervise(self) -> int:
        """Wait for the first of: an order to end, an order to restart, the end of an epoch."""
        code = 0
        while self._epochs:
            stop, restart = (asyncio.create_task(event.wait()) for event in (self._stop, self._restart))
            waited: set[asyncio.Task[Any]] = {stop, restart, *self._epochs}
            done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            for waiting in (stop, restart):
                waiting.cancel()
            if stop in done:
                return await self._end()
            for task in [task for task in self._epochs if task in done]:
                del self._epochs[task]
                code = task.result()
            if restart in done:
                self._restart.clear()
                await self._next_epoch()
        self.log.info("no Envoy is left, the agent ends")
        return 1 if code > 0 and not self._was_live else 0

    async def _end(self) -> int:
        self.readiness.draining = True
        draining = asyncio.create_task(drain(self.settings, self.admin, self.log))
        ended = asyncio.create_task(asyncio.wait(self._epochs))
        either: set[asyncio.Task[Any]] = {draining, ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        draining.cancel()
        self._kill_all()
        await ended
        self.log.info("the agent has ended in good order")
        return 0

    def _kill_all(self) -> None:
        for envoy in self._epochs.values():
            envoy.kill()

    async def _next_epoch(self) -> None:
        """Start the next epoch when the bootstrap is another; a failure leaves the running one alone."""
        if not self.settings.switches.hot_restart or not self._epochs:
            self.log.warning("restart epochs are of profile 1.8; nothing is done")
            return
        newest = max(self._epochs.values(), key=lambda envoy: envoy.epoch)
        try:
            bootstrap = build(self._inputs(), self.settings.profile)
            message(bootstrap)
            if bootstrap == newest.bootstrap:
                self.log.info("the bootstrap is the same; nothing is done")
                return
            if not await self._becomes_live(LIVE_LIMIT):
                self.log.warning("the running epoch is not live; the next is started all the same")
            await self._start_epoch(EnvoyProcess(self.settings, bootstrap, newest.epoch + 1, self.log))
        except FastrouteError as error:
            self.log.error("the next epoch was not started", reason=str(error))

    async def _note_live(self) -> None:
        begun = time.monotonic()
        while not await self._becomes_live(3600.0, LIVE_POLL / 5):
            continue
        self._was_live = True
        while await self.readiness.reason():
            await asyncio.sleep(LIVE_POLL / 5)
        self.counters.set("startup_duration_seconds", round(time.monotonic() - begun, 3))
        self.log.info("the proxy is ready")

    async def _becomes_live(self, limit: float, poll: float = LIVE_POLL) -> bool:
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            with contextlib.suppress(HttpError):
                if parse_stats(await self.admin.get(STATE)).get("server.state", -1) == 0:
                    return True
            await asyncio.sleep(poll)
        return False

"""`fastroute pilot agent`: run a pod's agent, wait for its readiness, ask its Envoy's admin."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import click

from fastroute.errors import ParseError
from fastroute.pilot.agent.addresses import interface_addresses
from fastroute.pilot.agent.failure import AgentError
from fastroute.pilot.agent.http_client import HttpError, request
from fastroute.pilot.agent.inputs import Inputs, read_pod
from fastroute.pilot.profiles import PROFILES

LEVELS = ("trace", "debug", "info", "warning", "error", "critical", "off")


@click.group()
def agent() -> None:
    """The agent of a pod: its Envoy, its sockets, its health."""


@agent.command("proxy")
@click.argument("node_type", default="sidecar")
@click.option("--profile", type=click.Choice(sorted(PROFILES)), default="current", show_default=True)
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/"),
    help="Where all relative paths start.",
)
@click.option("--domain", default="", help="DNS domain of the node [default: NAMESPACE.svc.cluster.local].")
@click.option(
    "--mesh",
    "--meshConfig",
    type=click.Path(path_type=Path),
    help="Mesh configuration [default: etc/istio/config/mesh].",
)
@click.option("--service-cluster", "--serviceCluster", default="", help="Name of the service cluster.")
@click.option("--log-level", "--proxyLogLevel", default="warning", show_default=True, help="Log level of Envoy.")
@click.option("--component-log-level", "--proxyComponentLogLevel", default="misc:error", show_default=True)
@click.option("--concurrency", type=int, help="Worker threads of Envoy.")
@click.option("--log-as-json", "--log_as_json", is_flag=True, help="The agent's log as JSON.")
@click.option("--base-id", type=int, help="Group of hot restarts (profile 1.8).")
def proxy(
    node_type: str,
    profile: str,
    root: Path,
    domain: str,
    mesh: Path | None,
    service_cluster: str,
    log_level: str,
    component_log_level: str,
    concurrency: int | None,
    log_as_json: bool,
    base_id: int | None,
) -> None:
    """Run the agent until it is told to end, or its Envoy ends."""
    try:
        from fastroute.pilot.agent.agent import Agent
    except ImportError as missing:
        raise AgentError(f"the agent needs the extras `pilot` and `xds`: {missing}") from None
    from fastroute.pilot.agent.log import Log
    from fastroute.pilot.agent.settings import settings

    def inputs() -> Inputs:
        return read_pod(
            os.environ,
            root,
            mesh=mesh,
            addresses=interface_addresses(),
            node_type=node_type,
            domain=domain,
            service_cluster=service_cluster,
            concurrency=concurrency,
        )

    levels = dict.fromkeys(LEVELS)
    if log_level not in levels:
        raise ParseError(f"one of {', '.join(LEVELS)} is expected, not {log_level!r}", path="--log-level")
    made = settings(
        inputs(),
        PROFILES[profile],
        root,
        log_level=log_level,
        component_log_level=component_log_level,
        base_id=base_id,
    )

    async def run() -> int:
        return await Agent(made, Log(as_json=log_as_json), inputs).run()

    sys.exit(asyncio.run(run()))


@agent.command("wait")
@click.option("--timeout-seconds", "--timeoutSeconds", type=float, default=60.0, show_default=True)
@click.option("--request-timeout-millis", "--requestTimeoutMillis", type=float, default=500.0, show_default=True)
@click.option("--period-millis", "--periodMillis", type=float, default=500.0, show_default=True)
@click.option("--url", default="http://localhost:15021/healthz/ready", show_default=True)
def wait(timeout_seconds: float, request_timeout_millis: float, period_millis: float, url: str) -> None:
    """Wait until the proxy is ready; exit code 1 when it is not in time."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ParseError(f"http://HOST:PORT/PATH is expected, not {url!r}", path="--url")
    deadline = time.monotonic() + timeout_seconds
    reason = "no request was made"
    while time.monotonic() < deadline:
        try:
            asked = request(parts.hostname, parts.port or 80, parts.path or "/", timeout=request_timeout_millis / 1000)
            answer = asyncio.run(asked)
        except HttpError as error:
            reason = str(error)
        else:
            if answer.status == 200:
                click.echo("the proxy is ready")
                return
            reason = f"status {answer.status}: {answer.text().strip()}"
        time.sleep(min(period_millis / 1000, max(0.0, deadline - time.monotonic())))
    raise AgentError(f"the proxy was not ready within {timeout_seconds:g} s: {reason}")


@agent.command("request")
@click.argument("method")
@click.argument("path")
@click.option(
    "--debug-port", type=int, default=15000, show_default=True, help="Port on localhost; 15000 is Envoy's admin."
)
def ask(method: str, path: str, debug_port: int) -> None:
    """Send METHOD PATH to Envoy's admin and print the answer."""
    if not re.fullmatch(r"[A-Z]+", method):
        raise ParseError(f"not a method: {method!r}", path="METHOD")
    try:
        answer = asyncio.run(request("127.0.0.1", debug_port, "/" + path.lstrip("/"), method=method, timeout=60.0))
    except HttpError as error:
        raise AgentError(str(error)) from None
    click.echo(answer.text(), nl=False)
    if answer.status != 200:
        raise AgentError(f"the answer is status {answer.status}")

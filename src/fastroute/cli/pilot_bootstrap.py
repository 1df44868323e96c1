"""`fastroute pilot bootstrap`: the static bootstrap of a pod's Envoy."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fastroute.pilot.agent import bootstrap_file
from fastroute.pilot.agent.addresses import interface_addresses
from fastroute.pilot.agent.bootstrap import build, message
from fastroute.pilot.agent.inputs import Inputs, read_described, read_pod
from fastroute.pilot.profiles import PROFILES


@click.command()
@click.option("--profile", type=click.Choice(sorted(PROFILES)), default="current", show_default=True)
@click.option("--pod", help="DIRECTORY/NAME: read NAME.env, NAME.labels, NAME.annotations there, not the environment.")
@click.option("--root", type=click.Path(path_type=Path), default=Path("/"), help="Where etc/istio/pod lies.")
@click.option("--mesh", type=click.Path(path_type=Path), help="Mesh configuration [default: etc/istio/config/mesh].")
@click.option("--type", "node_type", default="sidecar", show_default=True, help="sidecar or router.")
@click.option("--domain", default="", help="DNS domain of the node [default: NAMESPACE.svc.cluster.local].")
@click.option("--service-cluster", default="", help="Name of the service cluster [default: from the label app].")
@click.option("--concurrency", type=int, help="Worker threads of Envoy.")
@click.option("--epoch", type=int, default=0, show_default=True, help="Restart epoch, N of envoy-revN.json.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Directory to write envoy-revN.json into.")
def bootstrap(
    profile: str,
    pod: str | None,
    root: Path,
    mesh: Path | None,
    node_type: str,
    domain: str,
    service_cluster: str,
    concurrency: int | None,
    epoch: int,
    output: Path | None,
) -> None:
    """Print the bootstrap of a pod's Envoy, or write it with -o.

    The pod is that of the environment and of etc/istio/pod, as the injector makes them.
    """
    if pod is not None:
        inputs: Inputs = read_described(Path(pod).parent, Path(pod).name)
    else:
        inputs = read_pod(
            os.environ,
            root,
            mesh=mesh,
            addresses=interface_addresses(),
            node_type=node_type,
            domain=domain,
            service_cluster=service_cluster,
            concurrency=concurrency,
        )
    built = build(inputs, PROFILES[profile])
    message(built)
    if output is None:
        click.echo(bootstrap_file.text(built), nl=False)
    else:
        click.echo(bootstrap_file.write(built, output, epoch))

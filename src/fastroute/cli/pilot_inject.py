"""`fastroute pilot inject`: the init container and the proxy, added to Kubernetes manifests."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from fastroute.pilot.agent.inputs import read_mesh, read_text
from fastroute.pilot.inject.manifests import inject_text
from fastroute.pilot.inject.values import Values
from fastroute.pilot.profiles import PROFILES


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--profile", type=click.Choice(sorted(PROFILES)), default="current", show_default=True)
@click.option(
    "--mesh", type=click.Path(path_type=Path), help="Mesh configuration; its defaultConfig reaches the proxy."
)
@click.option("--image", help="Image of the proxy.")
@click.option("--revision", default="default", show_default=True, help="Revision of the control plane.")
@click.option("--cluster-id", default="Kubernetes", show_default=True)
@click.option("--network", default="", help="Network of the cluster.")
@click.option("--cni", is_flag=True, help="A network plugin redirects; the init container only validates.")
def inject(
    file: Path,
    profile: str,
    mesh: Path | None,
    image: str | None,
    revision: str,
    cluster_id: str,
    network: str,
    cni: bool,
) -> None:
    """Print FILE (- is standard input) with every workload injected."""
    text = sys.stdin.read() if str(file) == "-" else read_text(file)
    values = Values(
        PROFILES[profile],
        revision=revision,
        cluster_id=cluster_id,
        network=network,
        cni=cni,
        proxy_config=(read_mesh(mesh).get("defaultConfig") or {}) if mesh else {},
    )
    values = replace(values, image=image or f"docker.io/istio/proxyv2:{values.profile.istio_version}")
    injected = inject_text(text, str(file), values)
    click.echo(injected.text(), nl=False)
    for line in injected.left_alone:
        click.echo(f"left alone: {line}", err=True)

"""`fastroute pilot generate`: the resources of one sidecar, from a directory of manifests."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fastroute.config.text import to_tree
from fastroute.pilot import discovery
from fastroute.pilot.profiles import PROFILES

KINDS = ("all", "clusters", "endpoints", "listeners", "routes")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--proxy", required=True, help="The pod whose sidecar it is: NAME or NAME.NAMESPACE.")
@click.option("--profile", type=click.Choice(sorted(PROFILES)), default="current", show_default=True)
@click.option("--kind", type=click.Choice(KINDS), default="all", show_default=True)
@click.option("--lenient", is_flag=True, help="Leave out objects that cannot be read, and say so.")
def generate(paths: tuple[Path, ...], proxy: str, profile: str, kind: str, lenient: bool) -> None:
    """Print the resources of a sidecar as JSON that `fastroute route` and `proxy-config -f` read.

    Objects of later PATHS replace those of earlier ones, as if they were applied one after another.
    """
    registry = discovery.read(*paths, strict=not lenient)
    for error in registry.errors:
        click.echo(f"left out: {error}", err=True)
    made = discovery.generate(registry, discovery.Proxy.of_pod(registry, proxy), profile)
    for finding in made.findings:
        click.echo(str(finding), err=True)
    chosen = KINDS[1:] if kind == "all" else (kind,)
    trees = {one: [to_tree(message) for message in getattr(made, one)] for one in chosen}
    click.echo(json.dumps(trees, indent=2, ensure_ascii=False))

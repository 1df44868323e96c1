"""`fastroute diff BEFORE AFTER`: which listeners, virtual hosts, routes, clusters and endpoints changed, and how.

Each side is a file, a directory or the URL of an admin page. Exit codes: 0 no difference, 1 some, 2 wrong
usage.
"""

from __future__ import annotations

import json
import sys

import click

from fastroute.analysis.diff import diff as differences
from fastroute.analysis.diff import summary
from fastroute.cli.source import source
from fastroute.config import read


@click.command()
@click.argument("before", callback=source)
@click.argument("after", callback=source)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only resources of this kind, e.g. Cluster.")
def diff(before: str, after: str, output: str, kinds: tuple[str, ...]) -> None:
    """Say what changed from BEFORE to AFTER: files, directories or admin pages."""
    found = differences(read(before, strict=False), read(after, strict=False))
    if kinds:
        found = [change for change in found if change.kind in kinds]
    if output == "json":
        click.echo(json.dumps([change.to_dict() for change in found], indent=2, ensure_ascii=False))
    else:
        for change in found:
            click.echo(change.text())
        click.echo(summary(found) if found else "no difference")
    sys.exit(1 if found else 0)

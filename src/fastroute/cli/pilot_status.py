"""`fastroute pilot proxy-status`: which proxies a running discovery server has, and how far they are."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import click

from fastroute.analysis.proxy_config.table import Table

KINDS = (("CDS", "clusters"), ("LDS", "listeners"), ("EDS", "endpoints"), ("RDS", "routes"))


@click.command("proxy-status")
@click.option("--server", default="http://127.0.0.1:8080", show_default=True, help="The server's HTTP side.")
@click.option("-o", "--output", type=click.Choice(["short", "json"]), default="short", show_default=True)
def proxy_status(server: str, output: str) -> None:
    """Show what was sent to each proxy, and whether it took it."""
    if not server.startswith(("http://", "https://")):
        raise click.BadParameter("must begin with http:// or https://", param_hint="--server")
    try:
        with urllib.request.urlopen(f"{server}/debug/syncz", timeout=5) as answer:
            found = json.load(answer)
    except (OSError, urllib.error.URLError, ValueError) as error:
        raise click.ClickException(f"{server} does not answer: {error}") from None
    if output == "json":
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(table(found).text())
    for one in found:
        for kind, said in one["kinds"].items():
            if said["error"]:
                click.echo(f"{one['proxy']} refused {kind}: {said['error']}", err=True)


def table(found: list[dict[str, Any]]) -> Table:
    """NAME and the state of each kind."""
    rows = tuple(
        (one["proxy"], *(one["kinds"].get(kind, {}).get("status", "NOT SENT") for _, kind in KINDS), one["variant"])
        for one in sorted(found, key=lambda one: str(one["proxy"]))
    )
    return Table(("NAME", *(short for short, _ in KINDS), "VARIANT"), rows)

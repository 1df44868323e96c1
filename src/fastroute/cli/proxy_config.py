"""`fastroute proxy-config`: what a configuration holds, as tables or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click
import yaml

from fastroute.analysis import proxy_config as tables
from fastroute.analysis.proxy_config.table import Table
from fastroute.cli.source import source
from fastroute.config import read
from fastroute.config.resources import Resources
from fastroute.config.text import to_tree
from fastroute.errors import ConfigError

_FILE = click.option(
    "-f",
    "--file",
    "file",
    required=True,
    callback=source,
    help="A config dump, a bootstrap, any resources, a directory of such files, or an admin or debug page.",
)
_OUTPUT = click.option(
    "-o", "--output", type=click.Choice(["short", "json", "yaml"]), default="short", show_default=True
)
_PROFILE = click.option("--profile", type=click.Choice(["1.8", "current"]), default="current", show_default=True)


def _read(file: str) -> Resources:
    return read(file, strict=False)


def _show(table: Table) -> None:
    if table.note:
        click.echo(table.note, err=True)
    click.echo(table.text())


def _trees(messages: Iterable[Any], output: str) -> None:
    _tree([to_tree(one, camel_case=True) for one in messages], output)


def _tree(tree: object, output: str) -> None:
    if output == "yaml":
        text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120)
    else:
        text = json.dumps(tree, indent=4, ensure_ascii=False)
    click.echo(text.rstrip("\n"))


@click.group("proxy-config")
def proxy_config() -> None:
    """Show clusters, listeners, routes and endpoints of a configuration as istioctl does."""


@proxy_config.command()
@_FILE
@_OUTPUT
@click.option("--fqdn", default="", help="Part of the service's host name.")
@click.option("--port", type=int, help="Port of the service.")
@click.option("--subset", default="")
@click.option("--direction", type=click.Choice(["inbound", "outbound"]))
def cluster(file: str, output: str, fqdn: str, port: int | None, subset: str, direction: str | None) -> None:
    """Clusters."""
    filters: dict[str, Any] = {"fqdn": fqdn, "port": port, "subset": subset, "direction": direction or ""}
    resources = _read(file)
    if output != "short":
        _trees(tables.select_clusters(resources, **filters), output)
    else:
        _show(tables.cluster_table(resources, **filters))


@proxy_config.command()
@_FILE
@_OUTPUT
@_PROFILE
@click.option("--address", default="")
@click.option("--port", type=int)
@click.option("--type", "kind", default="", help="HTTP, TCP, HTTP+TCP or UNKNOWN.")
@click.option("--verbose/--no-verbose", default=True, show_default=True, help="A row for each filter chain.")
def listener(file: str, output: str, profile: str, address: str, port: int | None, kind: str, verbose: bool) -> None:
    """Listeners, one row for each filter chain, or one for each with its type."""
    resources = _read(file)
    if output != "short":
        _trees(tables.select_listeners(resources, address=address, port=port, kind=kind), output)
    else:
        filters: dict[str, Any] = {"address": address, "port": port, "kind": kind}
        _show(tables.listener_table(resources, profile=profile, verbose=verbose, **filters))


@proxy_config.command()
@_FILE
@_OUTPUT
@_PROFILE
@click.option("--name", default="", help="Name of the route configuration.")
def route(file: str, output: str, profile: str, name: str) -> None:
    """Routes that came over RDS."""
    resources = _read(file)
    if output != "short":
        _trees(tables.select_routes(resources, name=name), output)
    else:
        _show(tables.route_table(resources, profile=profile, name=name))


@proxy_config.command()
@_FILE
@_OUTPUT
@click.option("--cluster", "cluster_name", default="", help="Name of the cluster.")
@click.option("--address", default="")
@click.option("--port", type=int)
@click.option("--status", default="", help="healthy or unhealthy.")
def endpoint(file: str, output: str, cluster_name: str, address: str, port: int | None, status: str) -> None:
    """Endpoints of clusters."""
    filters: dict[str, Any] = {"cluster": cluster_name, "address": address, "port": port, "status": status}
    resources = _read(file)
    if output != "short":
        _trees(tables.cluster_status(resources, **filters), output)
    else:
        _show(tables.endpoint_table(resources, **filters))


@proxy_config.command()
@_FILE
@click.option("-o", "--output", type=click.Choice(["json", "yaml"]), default="json", show_default=True)
def bootstrap(file: str, output: str) -> None:
    """The bootstrap, as JSON or YAML."""
    resources = _read(file)
    if resources.bootstrap is None:
        raise ConfigError("this source holds no bootstrap", remedy="Give a bootstrap file or a config dump.")
    _tree(to_tree(resources.bootstrap.message, camel_case=True), output)


@proxy_config.command("all")
@_FILE
@_OUTPUT
@_PROFILE
def everything(file: str, output: str, profile: str) -> None:
    """Every table in sequence."""
    resources = _read(file)
    if output != "short":
        kinds = ("clusters", "listeners", "routes", "endpoints")
        _trees((one.message for kind in kinds for one in getattr(resources, kind)), output)
        return
    for table in (
        tables.cluster_table(resources),
        tables.listener_table(resources, profile=profile),
        tables.route_table(resources, profile=profile),
        tables.endpoint_table(resources),
    ):
        _show(table)
        click.echo()

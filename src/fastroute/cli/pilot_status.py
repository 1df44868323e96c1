"""`fastroute pilot proxy-status`: which proxies a running discovery server has, and how far they are."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

import click

from fastroute.analysis.diff import diff as differences
from fastroute.analysis.diff import summary
from fastroute.analysis.proxy_config.table import Table
from fastroute.cli.envoy_side import received
from fastroute.cli.source import source
from fastroute.config import read
from fastroute.config.resources import Resources

KINDS = (("CDS", "clusters"), ("LDS", "listeners"), ("EDS", "endpoints"), ("RDS", "routes"))
WAITING = (
    "has not asked for listeners: an Envoy does when its clusters are ready, and those with mutual TLS are when it has "
    "certificates from sds-grpc; start it by `fastroute pilot agent`, or see docs/discovery.md, Without the agent"
)
SERVER = click.option("--server", default="http://127.0.0.1:8080", show_default=True, help="The server's HTTP side.")


def _optional(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    return None if value is None else source(ctx, param, value)


@click.command("proxy-status")
@SERVER
@click.option("-o", "--output", type=click.Choice(["short", "json"]), default="short", show_default=True)
@click.argument("proxy", default="")
@click.option(
    "-f",
    "--file",
    "dump",
    callback=_optional,
    help="With PROXY: its Envoy's config dump, a file or an admin page (.../config_dump?include_eds).",
)
def proxy_status(server: str, output: str, proxy: str, dump: str | None) -> int:
    """Show what was sent to each proxy, and whether it took it.

    With PROXY (NAME.NAMESPACE) and -f, compare what the server would send with what the Envoy has.
    """
    if dump and not proxy:
        raise click.UsageError("-f compares the Envoy of one proxy: name it (NAME.NAMESPACE)")
    if proxy and dump:
        return compare(read(f"{server}/debug/config_dump?proxyID={quote(proxy)}", strict=False), received(dump))
    found = [one for one in _get(f"{server}/debug/syncz") if proxy in ("", one["proxy"], one["id"])]
    if proxy and not found:
        raise _unknown(server, proxy)
    if output == "json":
        click.echo(json.dumps(found, indent=2))
        return 0
    click.echo(table(found).text())
    for one in found:
        for kind, said in one["kinds"].items():
            if said["error"]:
                click.echo(f"{one['proxy']} refused {kind}: {said['error']}", err=True)
        if _waits(one["kinds"]):
            click.echo(f"{one['proxy']} {WAITING}", err=True)
    return 0


def _waits(kinds: dict[str, Any]) -> bool:
    """Whether a proxy took clusters and endpoints, and did not ask for listeners."""
    return kinds.get("endpoints", {}).get("status") == "SYNCED" and "listeners" not in kinds


@click.command("push-diff")
@SERVER
@click.argument("proxy")
@click.option("--from", "first", type=int, help="Number of a push [default: the one before the last].")
@click.option("--to", "second", type=int, help="Number of a push [default: the last].")
def push_diff(server: str, proxy: str, first: int | None, second: int | None) -> int:
    """Say what two pushes to PROXY (NAME.NAMESPACE) made different: listeners, routes, clusters, endpoints."""
    histories = _get(f"{server}/debug/pushes?proxyID={quote(proxy)}")
    if not histories:
        raise _unknown(server, proxy)
    pushes = sorted({number for known in histories.values() for number in known})
    after = second if second is not None else (pushes[-1] if pushes else None)
    before = (
        first if first is not None else max((one for one in pushes if after is not None and one < after), default=None)
    )
    if before is None or after is None:
        known = ", ".join(map(str, pushes)) or "none"
        raise click.ClickException(f"there are no two pushes to {proxy} to compare; remembered: {known}")
    click.echo(f"push {before} → {after}", err=True)
    dump = f"{server}/debug/config_dump?proxyID={quote(proxy)}&push="
    return compare(read(f"{dump}{before}", strict=False), read(f"{dump}{after}", strict=False))


def compare(before: Resources, after: Resources) -> int:
    """Print what differs; 1 if anything does."""
    found = differences(before, after)
    for change in found:
        click.echo(change.text())
    click.echo(summary(found) if found else "no difference")
    return 1 if found else 0


def _unknown(server: str, proxy: str) -> click.ClickException:
    connected = ", ".join(sorted({one["proxy"] for one in _get(f"{server}/debug/syncz")})) or "none"
    return click.ClickException(f"no proxy {proxy!r} is connected (connected are: {connected})")


def _get(url: str) -> Any:
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter("must begin with http:// or https://", param_hint="--server")
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)
    except (OSError, urllib.error.URLError, ValueError) as error:
        raise click.ClickException(f"{url} does not answer: {error}") from None


def table(found: list[dict[str, Any]]) -> Table:
    """NAME and the state of each kind."""
    rows = tuple(
        (
            one["proxy"],
            *(one["kinds"].get(kind, {}).get("status", "NOT SENT") for _, kind in KINDS),
            one["variant"],
            one.get("istio_version") or "-",
        )
        for one in sorted(found, key=lambda one: str(one["proxy"]))
    )
    return Table(("NAME", *(short for short, _ in KINDS), "VARIANT", "VERSION"), rows)

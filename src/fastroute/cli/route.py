"""`fastroute route`: what Envoy would do with one request.

The request needs an HTTP connection manager. It comes from the connection (`--to`, the address that the
client wanted) where the source has listeners; without `--to` a route configuration is asked directly, with
a manager of Envoy's defaults.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

import click

from fastroute.cli.source import source as named_source
from fastroute.core.chain import Chain
from fastroute.core.decision import Decision
from fastroute.core.endpoint import Endpoint
from fastroute.request import Address, Connection
from fastroute.router import Router
from fastroute.snapshot import load

FIELDS = ("kind", "status", "reason", "cluster", "route", "virtual_host", "route_config", "index", "location")
EMPTY = {"index": -1, "status": 0}
"""What each of these is where it says nothing; the others are empty then."""


def _address(ctx: click.Context, param: click.Parameter, value: str | None) -> Address | None:
    """IP:PORT or [IPv6]:PORT."""
    if value is None:
        return None
    host, colon, port = value.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit():
        raise click.BadParameter(f"{value!r} is not IP:PORT", ctx, param)
    return host.removeprefix("[").removesuffix("]"), int(port)


@click.command()
@click.argument("source", callback=named_source)
@click.argument("url")
@click.option("-X", "--method", default="GET", show_default=True)
@click.option("-H", "--header", "headers", multiple=True, metavar="NAME:VALUE", help="A request header; repeatable.")
@click.option("--route-config", help="Name of the route configuration, where there are several.")
@click.option(
    "--to", "destination", metavar="IP:PORT", callback=_address, help="Original destination of the connection."
)
@click.option(
    "--accepted", metavar="IP:PORT", callback=_address, help="Address of the accepting socket, e.g. 0.0.0.0:15001."
)
@click.option(
    "--from",
    "peer",
    metavar="IP:PORT",
    callback=_address,
    default="127.0.0.1:40000",
    show_default=True,
    help="The client.",
)
@click.option("--random", type=int, help="The random value of the stream; drawn otherwise.")
@click.option("--runtime", multiple=True, metavar="KEY=VALUE", help="Override a runtime key; repeatable.")
@click.option("--explain", is_flag=True, help="Show the steps that led to the decision.")
@click.option("--lenient", is_flag=True, help="Leave out what cannot be decided exactly, and mark decisions by it.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def route(
    source: str,
    url: str,
    method: str,
    headers: tuple[str, ...],
    route_config: str | None,
    destination: Address | None,
    accepted: Address | None,
    peer: Address,
    random: int | None,
    runtime: tuple[str, ...],
    explain: bool,
    lenient: bool,
    output: str,
) -> None:
    """Decide a request for URL by the configuration in SOURCE (a file or a directory)."""
    keys = {name: _number(value) for name, value in _split(runtime, "=")}
    snapshot = load(source, strict=not lenient, runtime=keys)
    if snapshot.notices:
        click.echo(f"{len(snapshot.notices)} parts were let through (fastroute validate names them)", err=True)
    router = Router(snapshot) if random is None else Router(snapshot, random=lambda: random)
    parts = _request_url(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    pairs = [(name.strip().lower(), value.strip()) for name, value in _split(headers, ":")]
    chain = None if destination is None else _connect(router, destination, accepted, peer, parts.scheme)
    drawn = router.random()
    request = (parts.netloc, target, method, pairs)
    try:
        decision = router.route(*request, scheme=parts.scheme, chain=chain, route_config=route_config, random=drawn)
    except LookupError as error:
        raise click.UsageError(str(error.args[0])) from None
    endpoint = router.pick(decision) if decision.cluster in snapshot.clusters else None
    steps: list[str] = []
    if explain:
        told = router.explain(*request, scheme=parts.scheme, chain=chain, route_config=route_config, random=drawn)
        steps = [str(step) for step in told.steps]
    _print(_fields(decision, endpoint), steps, [notice.line() for notice in decision.notices], output)


def _request_url(url: str) -> SplitResult:
    """What curl reads there: without a scheme it is http."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if not parts.netloc:
        raise click.BadParameter(f"{url!r} names no host; write http://HOST/PATH", param_hint="URL")
    return parts


def _connect(router: Router, destination: Address, accepted: Address | None, peer: Address, scheme: str) -> Chain:
    connection = Connection(
        destination=destination,
        accepted=accepted,
        source=peer,
        transport_protocol="tls" if scheme == "https" else "raw_buffer",
        application_protocols=("http/1.1",),
    )
    chain = router.connect(connection)
    if chain is None:
        raise click.ClickException(f"no listener takes connections to {destination[0]}:{destination[1]}")
    if chain.kind != "http":
        where = f"filter chain {chain.filter_chain!r} of listener {chain.listener!r}"
        noticed = "".join(f"\n  notice: {notice.line()}" for notice in chain.notices)
        raise click.ClickException(f"{where} is no HTTP: {chain.kind} {chain.cluster or chain.reason}{noticed}")
    return chain


def _fields(decision: Decision, endpoint: Endpoint | None) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(decision, name) for name in FIELDS}
    if decision.kind == "forward":
        values |= {"method": decision.method, "path": decision.path, "authority": decision.authority}
        values |= {"timeout": decision.timeout, "endpoint": str(endpoint) if endpoint is not None else None}
    else:
        values |= {"body": decision.body.decode("latin-1")}
    return {name: value for name, value in values.items() if value not in (None, "", EMPTY.get(name))}


def _print(fields: dict[str, object], steps: list[str], notices: list[str], output: str) -> None:
    if output == "json":
        more = {name: found for name, found in (("notices", notices), ("steps", steps)) if found}
        click.echo(json.dumps({**fields, **more}, indent=2, ensure_ascii=False))
        return
    click.echo("\n".join([*steps, ""]) if steps else "", nl=bool(steps))
    for name, value in fields.items():
        click.echo(f"{name:<14} {value}")
    for notice in notices:
        click.echo(f"{'notice':<14} {notice}")


def _split(texts: Iterable[str], separator: str) -> list[tuple[str, str]]:
    for text in texts:
        if separator not in text:
            raise click.UsageError(f"{text!r} has no {separator!r}")
    return [(name, value) for name, _, value in (text.partition(separator) for text in texts)]


def _number(text: str) -> object:
    return int(text) if text.lstrip("-").isdigit() else text

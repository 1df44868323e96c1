"""`fastroute route`: what Envoy would do with one request.

Where the request comes in is told in `arrival`.
"""

from __future__ import annotations

from typing import Any

import click

from fastroute.cli.arrival import WrongUseError
from fastroute.cli.decide import Asked, decide, to_address
from fastroute.cli.source import source as named_source
from fastroute.request import Address


def _address(ctx: click.Context, param: click.Parameter, value: str | None) -> Address | None:
    """IP:PORT or [IPv6]:PORT."""
    if value is None:
        return None
    found = to_address(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is not IP:PORT", ctx, param)
    return found


@click.command()
@click.argument("source", callback=named_source)
@click.argument("url")
@click.option("-X", "--method", default="GET", show_default=True)
@click.option("-H", "--header", "headers", multiple=True, metavar="NAME:VALUE", help="A request header; repeatable.")
@click.option("--route-config", help="Name of the route configuration, where there are several.")
@click.option(
    "--to",
    "destination",
    metavar="IP:PORT",
    callback=_address,
    help="Original destination of the connection; that of the only listener where routes are inline.",
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
@click.option("--sni", metavar="NAME", help="The server name of a TLS connection; the host of an https URL otherwise.")
@click.option(
    "--alpn", multiple=True, metavar="PROTOCOL", help="What the client offers; repeatable.  [default: http/1.1]"
)
@click.option("--random", type=int, help="The random value of the stream; drawn otherwise.")
@click.option("--runtime", multiple=True, metavar="KEY=VALUE", help="Override a runtime key; repeatable.")
@click.option("--explain", is_flag=True, help="Show the steps that led to the decision.")
@click.option("--lenient", is_flag=True, help="Leave out what cannot be decided exactly, and mark decisions by it.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def route(**asked: Any) -> None:
    """Decide a request for URL by the configuration in SOURCE (a file or a directory).

    The URL tcp://IP:PORT is a connection alone, whatever its protocol.
    """
    try:
        text = decide(Asked(**asked), lambda warning: click.echo(warning, err=True))
    except WrongUseError as wrong:
        raise _worded(wrong) from None
    click.echo(text, nl=False)


def _worded(wrong: WrongUseError) -> click.ClickException:
    if wrong.kind == "url":
        return click.BadParameter(str(wrong), param_hint="URL")
    return click.UsageError(str(wrong)) if wrong.kind == "usage" else click.ClickException(str(wrong))

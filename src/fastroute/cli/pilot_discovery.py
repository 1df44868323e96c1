"""`fastroute pilot discovery`: serve a directory of manifests to sidecars."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fastroute.errors import ParseError
from fastroute.pilot.profiles import PROFILES
from fastroute.records import record

if TYPE_CHECKING:
    from fastroute.pilot.discovery.server.service import DiscoveryServer

ADDRESS = "ADDRESS:PORT"


@record
class Where:
    """The addresses to listen on; an empty one is not listened on."""

    plain: str
    tls: str
    mtls: str
    http: str
    names: tuple[str, ...]


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--listen", default="127.0.0.1:15010", show_default=True, metavar=ADDRESS, help="Plain text; empty for none."
)
@click.option(
    "--tls",
    default="127.0.0.1:15012",
    show_default=True,
    metavar=ADDRESS,
    help="TLS for callers with a token; needs --ca, empty for none.",
)
@click.option(
    "--mtls",
    default="127.0.0.1:15011",
    show_default=True,
    metavar=ADDRESS,
    help="TLS for callers with a certificate; needs --ca, empty for none.",
)
@click.option(
    "--http",
    "http_address",
    default="127.0.0.1:8080",
    show_default=True,
    metavar=ADDRESS,
    help="/debug, /ready and /metrics; empty for none.",
)
@click.option("--ca", type=click.Path(path_type=Path), help="Directory of the authority; made if it is not there.")
@click.option(
    "--server-name",
    "server_names",
    multiple=True,
    metavar="NAME",
    help="DNS name or address in the server's certificate, besides istiod's and localhost.",
)
@click.option("--profile", type=click.Choice(sorted(PROFILES)), default="current", show_default=True)
@click.option("--debounce", type=float, default=0.1, show_default=True, help="Seconds between looks at the files.")
@click.option("--lenient", is_flag=True, help="Leave out objects that cannot be read, and say so.")
def discovery(
    paths: tuple[Path, ...],
    listen: str,
    tls: str,
    mtls: str,
    http_address: str,
    ca: Path | None,
    server_names: tuple[str, ...],
    profile: str,
    debounce: float,
    lenient: bool,
) -> None:
    """Serve clusters, endpoints, listeners and routes over aggregated xDS, and sign certificates.

    PATHS are read again when a file changes; a state with an error does not come into force, unless bad objects
    are left out (--lenient).
    """
    try:
        import grpc  # noqa: F401

        from fastroute.pilot.ca.store import Store
        from fastroute.pilot.discovery.server.service import SERVER_NAMES, DiscoveryServer
    except ImportError as missing:
        raise click.ClickException(f"this needs the extras `xds` and `pilot`: {missing}") from None
    store = Store(ca) if ca is not None else None
    where = Where(listen, tls if store else "", mtls if store else "", http_address, (*SERVER_NAMES, *server_names))
    for option, address in (("--listen", listen), ("--tls", tls), ("--mtls", mtls), ("--http", http_address)):
        _check(option, address)
    made = DiscoveryServer(*paths, profile=profile, debounce=debounce, store=store, lenient=lenient)
    asyncio.run(_serve(made, where))


def _check(option: str, address: str) -> None:
    host, _, port = address.rpartition(":")
    if address and not (host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise ParseError(f"ADDRESS:PORT is expected, not {address!r}", path=option)


async def _serve(server: DiscoveryServer, where: Where) -> None:
    from fastroute.pilot.agent.http_server import HttpServer
    from fastroute.pilot.discovery.server.debug import Debug

    pages = HttpServer(Debug(server).answer)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await server.start(where.plain, tls=where.tls, mtls=where.mtls, names=where.names)
    ports = dict(server.ports)
    if where.http:
        host, _, number = where.http.rpartition(":")
        ports["http"] = await pages.start(host.strip("[]"), int(number), "debug pages")
    listening = ", ".join(f"{name} {port}" for name, port in ports.items())
    click.echo(f"listening: {listening}; {len(server.services)} services", err=True)
    try:
        await _report(server, stop)
    finally:
        await pages.close()
        await server.stop()


async def _report(server: DiscoveryServer, stop: asyncio.Event, every: float = 10) -> None:
    """Say when newer files are not in force, and what is wrong with those that are, until `stop`."""
    error, told, stopped = None, Warnings(server), asyncio.ensure_future(stop.wait())
    last = -every
    while not stop.is_set():
        if server.watched.error is not error:
            error = server.watched.error
            click.echo(f"not in force: {error}" if error is not None else "the files are in force again", err=True)
        now = asyncio.get_running_loop().time()
        if now - last >= every:
            last = now
            for line in await told.news():
                click.echo(line, err=True)
        await asyncio.wait([stopped], timeout=1)


class Warnings:
    """What analysis finds in the state in force, told when it begins and when it ends."""

    def __init__(self, server: DiscoveryServer) -> None:
        self._server = server
        self._seen: tuple[object, ...] = ()
        self._told: tuple[str, ...] = ()

    async def news(self) -> list[str]:
        """The lines since the last call; nothing is looked at while nothing changes."""
        from fastroute.pilot.discovery.analyze import analyze

        registry, made = self._server.registry, self._server.findings
        if self._seen and self._seen[0] is registry and self._seen[1] == made:
            return []
        self._seen = (registry, made)
        found = (*await asyncio.to_thread(analyze, registry, generated=False), *made)
        now = tuple(dict.fromkeys(str(one) for one in found if one.level != "Info"))
        lines = [one for one in now if one not in self._told] + [
            f"no more: {one}" for one in self._told if one not in now
        ]
        self._told = now
        return lines

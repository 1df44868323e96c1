"""`fastroute pilot discovery`: serve a directory of manifests to sidecars."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from fastroute.pilot.profiles import PROFILES


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--listen", default="127.0.0.1:15010", show_default=True, help="ADDRESS:PORT of the gRPC side.")
@click.option("--http", "http_address", default="127.0.0.1:8080", show_default=True, help="ADDRESS:PORT of /debug.")
@click.option("--profile", type=click.Choice(sorted(PROFILES)), default="current", show_default=True)
@click.option("--debounce", type=float, default=0.1, show_default=True, help="Seconds between looks at the files.")
def discovery(paths: tuple[Path, ...], listen: str, http_address: str, profile: str, debounce: float) -> None:
    """Serve clusters, endpoints, listeners and routes over aggregated xDS, in plain text.

    PATHS are read again when a file changes; a state with an error does not come into force.
    """
    try:
        import grpc  # noqa: F401
    except ImportError:
        raise click.ClickException("this needs the extra `xds`: pip install 'fastroute[xds]'") from None
    asyncio.run(_serve(paths, listen, http_address, profile, debounce))


async def _serve(paths: tuple[Path, ...], listen: str, http_address: str, profile: str, debounce: float) -> None:
    from fastroute.pilot.agent.http_server import HttpServer
    from fastroute.pilot.discovery.server.debug import Debug
    from fastroute.pilot.discovery.server.service import DiscoveryServer

    server = DiscoveryServer(*paths, profile=profile, debounce=debounce)
    pages = HttpServer(Debug(server).answer)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    port = await server.start(listen)
    host, _, number = http_address.rpartition(":")
    http_port = await pages.start(host, int(number), "debug pages")
    click.echo(f"xDS on port {port}, pages on port {http_port}; {len(server.services)} services", err=True)
    error, stopped = None, asyncio.ensure_future(stop.wait())
    try:
        while not stop.is_set():
            if server.watched.error is not error:
                error = server.watched.error
                click.echo(f"not in force: {error}" if error is not None else "in force again", err=True)
            await asyncio.wait([stopped], timeout=1)
    finally:
        stopped.cancel()
        await pages.close()
        await server.stop()

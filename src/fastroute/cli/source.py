"""A source named on the command line: a file or directory that exists, or the URL of an admin page."""

from __future__ import annotations

from pathlib import Path

import click

URLS = ("http://", "https://")


def source(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """The callback of an argument that names a source; its value is what `fastroute.config.read` takes."""
    if value.startswith(URLS) or Path(value).exists():
        return value
    raise click.BadParameter(f"{value!r} is no file, no directory and no http:// address", ctx, param)

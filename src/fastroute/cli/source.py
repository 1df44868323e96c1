"""A source named on the command line: a file or directory that exists, or the URL of an admin page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from fastroute.config.load import URLS


def sources(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """The callback of an argument that names several sources."""
    return tuple(source(ctx, param, value) for value in values)


def source(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """The callback of an argument that names a source; its value is what `fastroute.config.read` takes."""
    if value.startswith(URLS) or Path(value).exists():
        return value
    raise click.BadParameter(f"{value!r} is no file, no directory and no http:// address", ctx, param)

"""`fastroute pilot analyze`: what is wrong, or without effect, in a directory of manifests."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fastroute.pilot import discovery
from fastroute.pilot.discovery.analyze import analyze as find
from fastroute.pilot.discovery.findings import Finding

LEVELS = ("Info", "Warning", "Error")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", type=click.Choice(["log", "json"]), default="log", show_default=True)
@click.option("--suppress", multiple=True, metavar="CODE[=OBJECT]", help="Leave out a code, or a code of one object.")
@click.option("--failure-threshold", type=click.Choice(LEVELS), default="Error", show_default=True,
              help="Exit with 1 if there is a finding of this level or a worse one.")  # fmt: skip
def analyze(paths: tuple[Path, ...], output: str, suppress: tuple[str, ...], failure_threshold: str) -> int:
    """Check services and rules before they are applied. Codes are those of istioctl analyze."""
    found = [one for one in find(discovery.read(*paths, strict=False)) if not _suppressed(one, suppress)]
    if output == "json":
        click.echo(json.dumps([_tree(one) for one in found], indent=2, ensure_ascii=False))
    else:
        for one in found:
            click.echo(str(one))
        click.echo(_counted(len(found)), err=True)
    worst = LEVELS.index(failure_threshold)
    return 1 if any(LEVELS.index(one.level) >= worst for one in found) else 0


def _counted(count: int) -> str:
    return "No findings." if not count else "1 finding." if count == 1 else f"{count} findings."


def _suppressed(one: Finding, suppress: tuple[str, ...]) -> bool:
    for entry in suppress:
        code, _, name = entry.partition("=")
        if code == one.code and (not name or name in one.object):
            return True
    return False


def _tree(one: Finding) -> dict[str, object]:
    where = one.where
    return {
        "code": one.code,
        "title": one.title,
        "level": one.level,
        "object": one.object,
        "path": one.path,
        "file": where.file if where is not None else None,
        "line": where.line if where is not None else None,
        "message": one.message,
    }

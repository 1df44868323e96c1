"""The examples: of the source tree, or as the wheel brings them."""

from __future__ import annotations

from pathlib import Path

import click


def find_example(name: str) -> Path:
    """The directory of an example: of the source tree, or as the wheel brings it."""
    here = Path(__file__).resolve()
    for candidate in (here.parents[3] / "examples" / name, here.parents[1] / "examples" / name):
        if candidate.is_dir():
            return candidate
    raise click.ClickException(f"the example {name} is not installed; give --mesh DIRECTORY")

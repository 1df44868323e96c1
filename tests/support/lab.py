"""The mesh of network namespaces: skipping where it cannot run, and what a run left."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from fastroute.lab import needs, run
from support.shared import ROOT

EXAMPLE = ROOT / "examples" / "bookinfo"


def require_mesh() -> None:
    """Skip the calling test where no mesh can run, and say why."""
    if lacking := needs.missing():
        pytest.skip(f"needs {lacking}")


def left_over(name: str) -> list[str]:
    """What there is of a run outside of its process."""
    places = (run.NETNS, run.FILES, Path(tempfile.gettempdir()))
    return [str(entry) for place in places if place.is_dir() for entry in place.iterdir() if name in entry.name]

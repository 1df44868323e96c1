"""Fixtures of the whole suite that need Envoy: started once a session, stopped at its end."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.envoy import require_binary
from support.http_envoy import HttpEnvoy


@pytest.fixture(scope="session")
def http_envoy() -> Iterator[HttpEnvoy]:
    """An Envoy with one HTTP listener, `plain`, and a swappable route table."""
    require_binary()
    bed = HttpEnvoy()
    bed.start()
    yield bed
    bed.stop()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory of one's own whose path leaves room for Unix sockets (107 bytes); pytest's own are too long."""
    with tempfile.TemporaryDirectory(prefix="frt-") as directory:
        yield Path(directory)

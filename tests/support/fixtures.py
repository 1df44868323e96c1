"""Fixtures of the whole suite that need Envoy: started once a session, stopped at its end."""

from __future__ import annotations

from collections.abc import Iterator

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

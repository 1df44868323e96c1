"""Each deprecated field of what resources hold: the warnings are those that the running Envoy logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.api_samples import CannotError, fill, minimal, samples, within
from support.live_resources import LiveResources

from fastroute.api import deprecations, pool

pytestmark = pytest.mark.envoy

_SAID = re.compile(r"[Uu]sing (?:the default now-)?deprecated (?:option|value) '?([\w.]+)'?")
LEAST = 50


@pytest.fixture(scope="module")
def envoy() -> Iterator[LiveResources]:
    with LiveResources() as live:
        yield live


def deprecated() -> Iterator[tuple[str, Any]]:
    """Full names of deprecated fields that are not disallowed, each with a resource that sets it."""
    for name, way in samples().items():
        for field in pool.new(name).DESCRIPTOR.fields:
            if deprecations.field_state(field) != (True, False):
                continue
            try:
                inner = minimal(name)
                inner.ClearField(field.name)
                fill(inner, field)
                yield field.full_name, within(way, inner)
            except CannotError:
                continue


def test_warnings_are_those_of_envoy(envoy: LiveResources) -> None:
    compared = 0
    for name, resource in deprecated():
        logged = len(envoy.envoy.log())
        if not envoy.ask(resource).ok:
            continue
        found = {each.name for each in deprecations.find(resource)}
        assert name in found
        assert set(_SAID.findall(envoy.envoy.log()[logged:])) == found
        compared += 1
    assert compared >= LEAST

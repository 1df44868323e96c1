"""Two hundred drawn meshes: the real Envoy takes all of it, and warns about nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from support import bookinfo, istio_kinds
from support.envoy import require_binary
from support.mesh_envoy import MeshEnvoy

from fastroute.pilot import discovery
from fastroute.pilot.discovery.registry.directory import read_texts

pytestmark = pytest.mark.envoy
BASE = [(path, path.read_text(encoding="utf-8")) for path in sorted(bookinfo.DIRECTORY.rglob("*.yaml"))]


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshEnvoy]:
    """An Envoy that runs on the example's resources."""
    require_binary()
    one = MeshEnvoy(tmp_path_factory.mktemp("mesh"))
    one.start(bookinfo.generated("current").as_mapping())
    yield one
    one.stop()


def generate(objects: list[dict[str, Any]], profile: str) -> discovery.Generated:
    """The resources of productpage's sidecar with `objects` applied over the example."""
    registry = read_texts(BASE, [(f"{one['kind']}-{one['metadata']['name']}", json.dumps(one)) for one in objects])
    return discovery.generate(registry, discovery.Proxy.of_pod(registry, bookinfo.PRODUCTPAGE), profile)


@settings(max_examples=200)
@given(objects=istio_kinds.meshes())
def test_drawn_meshes_are_taken(mesh: MeshEnvoy, objects: list[dict[str, Any]]) -> None:
    made = generate(objects, "current")
    assert mesh.replace(made.as_mapping()) == ""
    assert mesh.rejected() == {}
    assert len(generate(objects, "1.8").listeners) == len(made.listeners)

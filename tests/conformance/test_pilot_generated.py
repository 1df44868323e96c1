"""What profile `current` generates is taken by the real Envoy without a word of complaint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import bookinfo
from support.envoy import require_binary
from support.mesh_envoy import MeshEnvoy
from support.shared import SHARED

pytestmark = pytest.mark.envoy
RULES = sorted((SHARED / "peers" / "bookinfo").glob("*.yaml"))
GATEWAYS = ("bookinfo-gateway", "certmanager-gateway")


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshEnvoy]:
    """An Envoy that runs on the example's resources."""
    require_binary()
    one = MeshEnvoy(tmp_path_factory.mktemp("mesh"))
    one.start(bookinfo.generated("current").as_mapping())
    yield one
    one.stop()


def test_the_example_starts_without_a_warning(mesh: MeshEnvoy) -> None:
    made = bookinfo.generated("current")
    assert mesh.envoy.log() == ""
    assert mesh.envoy.stat("cluster_manager.active_clusters") == len(made.clusters)
    assert mesh.envoy.stat("listener_manager.total_listeners_active") == len(made.listeners)
    assert mesh.envoy.stat("listener_manager.total_listeners_warming") == 0
    assert mesh.rejected() == {}


@pytest.mark.parametrize("file", RULES, ids=lambda path: path.stem)
def test_each_rule_file_of_bookinfo(mesh: MeshEnvoy, file: Path) -> None:
    """The file applied over the example. Files with a Gateway are refused, and say so."""
    registry = bookinfo.discovery.read(bookinfo.DIRECTORY, file, strict=False)
    if file.stem in GATEWAYS:
        assert [str(error).splitlines()[0].partition(": ")[2] for error in registry.errors] == [
            f'Gateway "{registry.errors[0].resource[9:-1]}": kind: gateways are not generated yet'
        ]
        assert registry.errors[0].where is not None
        assert registry.errors[0].where.file == str(file)
    else:
        assert registry.errors == ()
    made = bookinfo.discovery.generate(registry, bookinfo.discovery.Proxy.of_pod(registry, bookinfo.PRODUCTPAGE))
    assert mesh.replace(made.as_mapping()) == ""
    assert mesh.rejected() == {}

"""A directory that changes: what is good comes into force, what is not leaves the last good state there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support import bookinfo

from fastroute.errors import ConfigError
from fastroute.pilot import discovery
from fastroute.pilot.discovery.changes import compare
from fastroute.pilot.discovery.watch import Watched


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return Path(shutil.copytree(bookinfo.DIRECTORY, tmp_path / "mesh"))


def generate(registry: discovery.Registry) -> discovery.Generated:
    return discovery.generate(registry, discovery.Proxy.of_pod(registry, bookinfo.PRODUCTPAGE))


def test_only_what_changed_differs(directory: Path) -> None:
    watched = Watched(directory)
    before = generate(watched.registry)
    assert not watched.poll()
    file = directory / "rules" / "routes.yaml"
    file.write_text(file.read_text().replace("timeout: 0.5s", "timeout: 2s # longer"))
    assert watched.poll()
    after = generate(watched.registry)
    assert compare(before, after).text() == "~ routes 9080"
    assert before.versions["clusters"] == after.versions["clusters"]
    assert not compare(after, generate(watched.registry))


def test_a_bad_object_leaves_the_last_good_state(directory: Path) -> None:
    watched = Watched(directory)
    good = watched.registry
    extra = directory / "rules" / "extra.yaml"
    extra.write_text(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: n}\nspec: {hots: [a]}\n"
    )
    assert not watched.poll()
    assert watched.registry is good
    assert watched.error is not None
    assert watched.error.path == "spec.hots"
    assert watched.error.where is not None
    assert (watched.error.where.file, watched.error.where.line) == (str(extra), 4)
    extra.unlink()
    assert watched.poll()
    assert watched.error is None


def test_new_and_removed_objects(directory: Path) -> None:
    watched = Watched(directory)
    before = generate(watched.registry)
    (directory / "kubernetes" / "grafana.yaml").unlink()
    watched.poll()
    assert compare(before, generate(watched.registry)).text().splitlines() == [
        "- clusters outbound|3000||grafana.istio-system.svc.cluster.local",
        "- endpoints outbound|3000||grafana.istio-system.svc.cluster.local",
        "- listeners 0.0.0.0_3000",
        "- routes 3000",
    ]


def test_the_first_reading_must_succeed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: [")
    with pytest.raises(ConfigError):
        Watched(tmp_path)
    assert len(Watched(tmp_path, lenient=True).registry.errors) == 1


def test_files_of_a_mounted_config_map_count_once_and_move_together(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: NAME}\n"
    for version in ("first", "second"):
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "a.yaml").write_text(text.replace("NAME", version))
    (tmp_path / "..data").symlink_to("..first")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    watched = Watched(tmp_path)
    assert [one.name for one in watched.registry.objects] == ["first"]
    (tmp_path / "..new").symlink_to("..second")
    (tmp_path / "..new").rename(tmp_path / "..data")
    assert watched.moved()
    assert watched.poll()
    assert [one.name for one in watched.registry.objects] == ["second"]


def test_a_path_that_is_gone_leaves_the_last_good_state(directory: Path) -> None:
    watched = Watched(directory)
    good = watched.registry
    away = directory.rename(directory.with_name("away"))
    assert watched.moved()
    assert not watched.poll()
    assert watched.registry is good
    assert str(watched.error) == f"{directory}: cannot be read: No such file or directory"
    away.rename(directory)
    assert watched.poll()
    assert watched.error is None
    shutil.rmtree(directory / "rules")
    shutil.rmtree(directory / "kubernetes")
    (directory / "mesh.yaml").unlink()
    assert watched.poll()
    assert not watched.registry.objects


def test_files_may_be_renamed_and_objects_moved_between_them(directory: Path) -> None:
    watched = Watched(directory)
    before = generate(watched.registry)
    (directory / "rules" / "routes.yaml").rename(directory / "rules" / "zz.yml")
    text = (directory / "rules" / "subsets.yaml").read_text()
    first, _, rest = text.partition("---\n")
    (directory / "rules" / "aa.yaml").write_text(first)
    (directory / "rules" / "subsets.yaml").write_text(rest)
    assert watched.poll()
    assert not compare(before, generate(watched.registry))


def test_generation_does_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    for number, file in enumerate(sorted(bookinfo.DIRECTORY.rglob("*.yaml"), reverse=True)):
        shutil.copy(file, tmp_path / f"{number:02}.yaml")
    registry = discovery.read(tmp_path)
    assert generate(registry).versions == bookinfo.generated("current").versions

"""Subscriptions to files: what makes one be read again, and what one may hold (XD-23, XD-24)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import xds_resources as made
from support.xds_resources import until

from fastroute.api import names, pool, transcode
from fastroute.xds import FollowingRouter, connect

Tree = dict[str, Any]
KINDS = {
    "cds": names.CLUSTER,
    "lds": names.LISTENER,
    "eds": names.CLUSTER_LOAD_ASSIGNMENT,
    "rds": names.ROUTE_CONFIGURATION,
}


class Directory:
    """A directory with a file for each kind; `put` moves a new one into place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0

    def source(self, kind: str, **more: Any) -> Tree:
        path = {"path": str(self.path / f"{kind}.json"), **more}
        return {"path_config_source": path, "resource_api_version": "V3"}

    def text(self, kind: str, *resources: Tree) -> str:
        self.number += 1
        items = [{"@type": names.url(KINDS[kind]), **each} for each in resources]
        return json.dumps({"version_info": str(self.number), "resources": items})

    def put(self, kind: str, *resources: Tree) -> None:
        self.move(kind, self.text(kind, *resources))

    def move(self, kind: str, text: str) -> None:
        new = self.path / "new"
        new.write_text(text)
        new.replace(self.path / f"{kind}.json")

    def fill(self) -> None:
        """The world of `xds_resources`, from files."""
        self.put("cds", made.eds("c", self.source("eds")))
        self.put("eds", made.endpoints("c", 1))
        self.put("lds", made.listener("l", "r", 10_000, self.source("rds")))
        self.put("rds", made.routes("r"))

    def bootstrap(self) -> Tree:
        return made.bootstrap(made.static("other", 9), source=self.source("cds"), lds=self.source("lds"))


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    found = Directory(tmp_path)
    found.fill()
    return found


@pytest.fixture
def router(directory: Directory) -> Iterator[FollowingRouter]:
    with connect(directory.bootstrap()) as router:
        yield router.ready(10)


def port(router: FollowingRouter) -> object:
    """The port that a request goes to, or why it goes nowhere."""
    decision = router.route("x", "/", route_config="r")
    if decision.kind != "forward":
        return decision.reason
    endpoint = router.pick(decision)
    return endpoint.port if endpoint is not None else None


def error_of(router: FollowingRouter, kind: str) -> str:
    return next(each.error for each in router.status().feeds if each.name.startswith(kind))


def test_a_file_that_is_moved_into_place_is_read(directory: Directory, router: FollowingRouter) -> None:
    assert port(router) == 1
    directory.put("eds", made.endpoints("c", 2))
    until(lambda: port(router) == 2)
    directory.put("rds", made.routes("r", "missing"))
    until(lambda: port(router) == "cluster_not_found")


def test_writing_in_place_and_removing_change_nothing(directory: Directory, router: FollowingRouter) -> None:
    (directory.path / "eds.json").write_text(directory.text("eds", made.endpoints("c", 3)))
    (directory.path / "rds.json").unlink()
    directory.put("cds", made.eds("c", directory.source("eds")), made.static("d", 5))  # A sign that time has passed.
    until(lambda: "d" in router.snapshot.clusters)
    assert port(router) == 1


def test_what_cannot_be_read_leaves_what_was(directory: Directory, router: FollowingRouter) -> None:
    directory.move("eds", "{not json")
    until(lambda: error_of(router, "EDS"))
    directory.move("eds", json.dumps({"resources": [{"@type": names.url(names.CLUSTER), "name": "x"}]}))
    until(lambda: "does not match" in error_of(router, "EDS"))
    assert port(router) == 1
    directory.put("eds", made.endpoints("c", 2))
    until(lambda: port(router) == 2)
    assert error_of(router, "EDS") == ""


def test_one_resource_of_the_right_name(directory: Directory, router: FollowingRouter) -> None:
    directory.put("eds", made.endpoints("c", 3), made.endpoints("d", 4))
    until(lambda: error_of(router, "EDS") == "Unexpected EDS resource length: 2")
    directory.put("rds", made.routes("other"))
    until(lambda: error_of(router, "RDS") == "Unexpected RDS configuration (expecting r): other")
    directory.put("eds")
    until(lambda: error_of(router, "EDS") == "")
    assert port(router) == 1


def test_clusters_are_taken_one_by_one_and_an_empty_file_removes_all(
    directory: Directory, router: FollowingRouter
) -> None:
    directory.put("cds", made.static("d", 5), {"name": "bad", "type": "EDS"})
    until(lambda: "d" in router.snapshot.clusters)
    assert "bad" in error_of(router, "CDS")
    assert sorted(router.snapshot.clusters) == ["d", "other"]
    directory.put("cds")
    until(lambda: sorted(router.snapshot.clusters) == ["other"])


def test_kubernetes_swaps_a_link(tmp_path: Path) -> None:
    """`..data` leads to a directory of one version; a new link takes its place in one move."""

    def version(number: int) -> None:
        directory = Directory(tmp_path / f"..{number}")
        directory.path.mkdir()
        (directory.path / "cds.json").write_text(directory.text("cds", made.static(f"v{number}", 1)))
        link = tmp_path / "..data_tmp"
        link.symlink_to(directory.path.name)
        link.replace(tmp_path / "..data")

    version(1)
    (tmp_path / "cds.json").symlink_to("..data/cds.json")
    watched = Directory(tmp_path).source("cds", watched_directory={"path": str(tmp_path)})
    plain = Directory(tmp_path).source("cds")
    cluster = made.static("other", 9)
    first, second = (
        {**made.bootstrap(cluster), "dynamic_resources": {"cds_config": each}} for each in (watched, plain)
    )
    with connect(first) as follows, connect(second) as stays:
        for each in (follows, stays):
            assert sorted(each.ready(10).snapshot.clusters) == ["other", "v1"]
        version(2)
        until(lambda: sorted(follows.snapshot.clusters) == ["other", "v2"])
        assert sorted(stays.snapshot.clusters) == ["other", "v1"]  # Nothing was moved to the name that it watches.


@pytest.mark.parametrize("how", ["poll_interval", "watch_modify"])
def test_writes_count_when_they_are_asked_for(directory: Directory, how: str) -> None:
    more: Tree = {"poll_interval": "0.05s"}
    if how == "watch_modify":
        more = {"watched_directory": {"path": str(directory.path), "watch_modify": True}}
    directory.put("cds", made.eds("c", directory.source("eds", **more)))
    with connect(directory.bootstrap()) as router:
        assert port(router.ready(10)) == 1
        time.sleep(0.02)
        (directory.path / "eds.json").write_text(directory.text("eds", made.endpoints("c", 2, 2)))
        until(lambda: port(router) == 2)


def test_a_file_that_is_not_there_refuses_the_cluster_that_names_it(
    directory: Directory, router: FollowingRouter
) -> None:
    missing = {"path_config_source": {"path": "/none"}, "resource_api_version": "V3"}
    directory.put("cds", made.eds("c", directory.source("eds")), made.eds("d", missing))
    wrong = "paths must refer to an existing path in the system: '/none' does not exist"
    until(lambda: wrong in error_of(router, "CDS"))
    assert "d" not in router.snapshot.clusters
    assert port(router) == 1


@pytest.mark.parametrize("suffix", ["yaml", "pb", "pb_text"])
def test_other_formats(directory: Directory, suffix: str) -> None:
    tree = json.loads(directory.text("eds", made.endpoints("c", 7)))
    message: Any = transcode.message(names.DISCOVERY_RESPONSE, tree)
    path = directory.path / f"eds.{suffix}"
    if suffix == "pb":
        path.write_bytes(message.SerializeToString())
    elif suffix == "yaml":
        path.write_text("# JSON is YAML too\n" + json.dumps(tree, indent=1))
    else:
        from google.protobuf import text_format

        path.write_text(text_format.MessageToString(message, descriptor_pool=pool.pool()))
    source = {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}
    directory.put("cds", made.eds("c", source))
    with connect(directory.bootstrap()) as router:
        assert port(router.ready(10)) == 7

"""The document that the project grew from loads, and its mistakes are found where they stand."""

from __future__ import annotations

import json

import pytest
from support.shared import shared

from fastroute import config
from fastroute.config import text
from fastroute.errors import ParseError, Where


def test_the_bootstrap_with_its_comment_loads() -> None:
    found = config.read(shared("seed/blocks/02-bootstrap.json.txt"))
    stripped = config.read(shared("seed/bootstrap-comment-stripped.json"))
    assert found.bootstrap is not None
    assert stripped.bootstrap is not None
    assert found.bootstrap.message == stripped.bootstrap.message
    assert [cluster.name for cluster in found.clusters] == [
        "prometheus_stats",
        "agent",
        "sds-grpc",
        "xds-grpc",
        "zipkin",
    ]
    assert found.runtime["re2.max_program_size.error_level"] == 1024


def test_a_misspelt_field_of_the_bootstrap_is_named_with_its_place() -> None:
    seed = shared("seed/blocks/02-bootstrap.json.txt").read_text()
    before, after = seed.split('"connect_timeout": "1s"', 1)
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    with pytest.raises(ParseError) as caught:
        config.read((before + '"connect_timeuot": "1s"' + after).encode())
    error = caught.value
    assert error.code == "unknown-field"
    assert error.where == Where("<bytes>", line, column)
    assert error.path.startswith("static_resources.clusters[")
    assert error.path.endswith("].connect_timeuot")
    assert "Did you mean connect_timeout?" in error.remedy


def test_the_routes_as_istioctl_prints_them_come_back_unchanged() -> None:
    path = shared("seed/blocks/14-rds-9080.json")
    (routes,) = config.read(path).routes
    assert routes.name == "9080"
    assert json.loads(text.to_json(routes.message, camel_case=True)) == json.loads(path.read_text())[0]


@pytest.mark.parametrize(
    ("block", "name"),
    [("07-inbound-cluster.json", "inbound|9080||"), ("08-blackhole-cluster.json", "BlackHoleCluster")],
)
def test_single_clusters_as_istioctl_prints_them(block: str, name: str) -> None:
    assert [cluster.name for cluster in config.read(shared(f"seed/blocks/{block}")).clusters] == [name]


@pytest.mark.parametrize("block", ["09-block-all-vhost.json", "11-allow-any-vhost.json"])
def test_single_virtual_hosts(block: str) -> None:
    assert len(config.read(shared(f"seed/blocks/{block}")).virtual_hosts) == 1


def test_statistics_of_clusters_are_no_configuration() -> None:
    with pytest.raises(ParseError):
        config.read(shared("seed/blocks/16-inbound-cluster-status.json"))

"""The config dump of a running Envoy holds what Envoy was given."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner
from support import samples
from support.live_resources import LiveResources
from support.near_valid import message

from fastroute import config
from fastroute.api import names
from fastroute.cli.proxy_config import proxy_config
from fastroute.cli.route import route
from fastroute.cli.validate import validate

pytestmark = pytest.mark.envoy

GIVEN = [
    message(names.ROUTE_CONFIGURATION, samples.ROUTES),
    message(names.LISTENER, samples.LISTENER),
    message(names.CLUSTER, samples.CLUSTER),
    message(names.CLUSTER_LOAD_ASSIGNMENT, samples.ASSIGNMENT),
]


@pytest.fixture(scope="module")
def envoy() -> Iterator[LiveResources]:
    with LiveResources() as live:
        for resource in GIVEN:
            assert live.ask(resource).ok
        yield live


def read(envoy: LiveResources) -> config.Resources:
    return config.read(f"http://127.0.0.1:{envoy.envoy.admin_port}/config_dump?include_eds")


def test_everything_comes_back(envoy: LiveResources) -> None:
    found = read(envoy)
    assert found.bootstrap is not None
    assert {listener.name for listener in found.listeners} == {"fixed", "l"}
    assert {cluster.name for cluster in found.clusters} == {"e", "blue", "c"}
    assert [route.name for route in found.routes] == ["r"]
    assert "e" in {endpoints.name for endpoints in found.endpoints}


def test_dynamic_resources_are_equal_and_know_their_version(envoy: LiveResources) -> None:
    found = read(envoy)
    by_name = {(resource.message.DESCRIPTOR.full_name, resource.name): resource for resource in
               (*found.listeners, *found.clusters, *found.routes)}  # fmt: skip
    for version, given in enumerate(GIVEN[:3], 1):
        resource = by_name[given.DESCRIPTOR.full_name, given.name]  # type: ignore[attr-defined]
        assert resource.message == given
        assert resource.version == str(version)
        assert resource.origin == "dynamic"


def test_every_command_reads_the_page(envoy: LiveResources) -> None:
    url = f"http://127.0.0.1:{envoy.envoy.admin_port}/config_dump?include_eds"
    asked: list[tuple[click.Command, list[str]]] = [
        (validate, [url]),
        (route, [url, "http://a.com/", "--route-config", "r", "--lenient"]),
        *(
            (proxy_config, [kind, "-f", url])
            for kind in ("bootstrap", "cluster", "listener", "route", "endpoint", "all")
        ),
    ]
    for command, arguments in asked:
        found = CliRunner().invoke(command, arguments)
        assert found.exit_code == 0, found.output

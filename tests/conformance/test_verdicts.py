"""Strict loading refuses what the real Envoy refuses, and nothing else, on resources with one field changed.

What fastroute cannot decide exactly (`UnsupportedError`) is not compared: there it refuses to answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from support import samples
from support.live_resources import CrashedError, LiveResources
from support.near_valid import copy_with_config, message, near

from fastroute import snapshot
from fastroute.api import names
from fastroute.errors import ConfigError, UnsupportedError

pytestmark = pytest.mark.envoy

ROUTES = message(names.ROUTE_CONFIGURATION, samples.PLAIN_ROUTES)
MANAGER = message(names.HTTP_CONNECTION_MANAGER, samples.PLAIN_MANAGER)
TCP_PROXY = message(names.TCP_PROXY, samples.PLAIN_TCP_PROXY)
LISTENER = message(names.LISTENER, samples.LISTENER)
CLUSTER = message(names.CLUSTER, samples.PLAIN_CLUSTER)
ASSIGNMENT = message(names.CLUSTER_LOAD_ASSIGNMENT, samples.ASSIGNMENT)
SOURCE = {"path_config_source": {"path": "/none"}}
CLUSTERS = [
    message(names.CLUSTER, {"name": "blue"}),
    message(names.CLUSTER, {"name": "e", "type": "EDS", "eds_cluster_config": {"eds_config": SOURCE}}),
]
LISTS = {
    names.LISTENER: "listeners",
    names.CLUSTER: "clusters",
    names.ROUTE_CONFIGURATION: "routes",
    names.CLUSTER_LOAD_ASSIGNMENT: "endpoints",
}
DRAWS = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def envoy() -> Iterator[LiveResources]:
    with LiveResources() as live:
        yield live


def refusal(resource: Message) -> ConfigError | None:
    """The error that strict loading raises."""
    source: dict[str, list[Any]] = {"clusters": list(CLUSTERS)}
    source.setdefault(LISTS[resource.DESCRIPTOR.full_name], []).append(resource)
    try:
        snapshot.load(source)
    except ConfigError as error:
        return error
    return None


def agree(envoy: LiveResources, resource: Message) -> None:
    error = refusal(resource)
    if isinstance(error, UnsupportedError):
        return
    try:
        verdict = envoy.ask(resource)
    except CrashedError:
        return
    assert verdict.ok == (error is None), verdict.message or error


@pytest.mark.parametrize("sample", [ROUTES, LISTENER, CLUSTER, ASSIGNMENT, copy_with_config(LISTENER, TCP_PROXY)])
def test_the_samples_are_taken_by_both(envoy: LiveResources, sample: Message) -> None:
    assert refusal(sample) is None
    assert envoy.ask(sample).ok


@DRAWS
@given(resource=near([ROUTES]))
def test_route_configurations(envoy: LiveResources, resource: Message) -> None:
    agree(envoy, resource)


@DRAWS
@given(resource=near([LISTENER]))
def test_listeners(envoy: LiveResources, resource: Message) -> None:
    agree(envoy, resource)


@DRAWS
@given(inner=near([MANAGER, TCP_PROXY]))
def test_network_filters(envoy: LiveResources, inner: Message) -> None:
    agree(envoy, copy_with_config(LISTENER, inner))


@DRAWS
@given(resource=near([CLUSTER]))
def test_clusters(envoy: LiveResources, resource: Message) -> None:
    agree(envoy, resource)


@DRAWS
@given(resource=near([ASSIGNMENT]))
def test_load_assignments(envoy: LiveResources, resource: Message) -> None:
    agree(envoy, resource)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (names.ROUTE_CONFIGURATION, {"virtual_hosts": [
            {"name": "v", "domains": ["*"], "routes": [{"match": {"path_separated_prefix": "a b"}, "redirect": {}}]}]}),
        (names.ROUTE_CONFIGURATION, {"max_direct_response_body_size_bytes": 0}),
        (names.LISTENER, {"internal_listener": {}}),
        (names.LISTENER, {"access_log": [{}]}),
        (names.LISTENER, {"address": {"socket_address": {"address": "::1", "port_value": 0, "resolver_name": "x"}}}),
        (names.CLUSTER, {"health_checks": [{
            "timeout": "1s", "interval": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1,
            "grpc_health_check": {}}]}),
        (names.CLUSTER, {"health_checks": 2 * samples.CLUSTER["health_checks"]}),
        (names.CLUSTER_LOAD_ASSIGNMENT, {"endpoints": [{"lb_endpoints": [{"endpoint": {
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": 80}},
            "additional_addresses": [{}]}}]}]}),
    ],
)  # fmt: skip
def test_counterexamples_that_were_found(envoy: LiveResources, kind: str, change: dict[str, Any]) -> None:
    trees = {
        names.ROUTE_CONFIGURATION: samples.PLAIN_ROUTES,
        names.LISTENER: samples.LISTENER,
        names.CLUSTER: samples.PLAIN_CLUSTER,
        names.CLUSTER_LOAD_ASSIGNMENT: samples.ASSIGNMENT,
    }
    agree(envoy, message(kind, {**trees[kind], **change}))

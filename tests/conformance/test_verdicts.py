"""Strict loading refuses what the real Envoy refuses, and nothing else, on resources with one field changed.

What fastroute cannot decide exactly (`UnsupportedError`) is not compared: there it refuses to answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from support import rich_samples, samples
from support.envoy import validate
from support.live_resources import CrashedError, LiveResources
from support.near_valid import copy_with_config, message, near

from fastroute import snapshot
from fastroute.api import names
from fastroute.config.text import to_tree
from fastroute.errors import ConfigError, UnsupportedError

pytestmark = pytest.mark.envoy


def messages(kind: str, *trees: dict[str, Any]) -> list[Message]:
    return [message(kind, tree) for tree in trees]


ROUTES = messages(names.ROUTE_CONFIGURATION, samples.PLAIN_ROUTES, *rich_samples.ROUTES)
LISTENERS = messages(names.LISTENER, samples.LISTENER, *rich_samples.LISTENERS)
CLUSTERS = messages(names.CLUSTER, samples.PLAIN_CLUSTER, *rich_samples.CLUSTERS)
ASSIGNMENTS = messages(names.CLUSTER_LOAD_ASSIGNMENT, samples.ASSIGNMENT, *rich_samples.ASSIGNMENTS)
FILTERS = [
    *messages(names.HTTP_CONNECTION_MANAGER, samples.PLAIN_MANAGER, *rich_samples.MANAGERS),
    *messages(names.TCP_PROXY, samples.PLAIN_TCP_PROXY),
]
FILTERED = [copy_with_config(LISTENERS[0], inner) for inner in FILTERS]
SOURCE = {"path_config_source": {"path": "/none"}}
SURROUNDINGS = [
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
    source: dict[str, list[Any]] = {"clusters": list(SURROUNDINGS)}
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


@pytest.mark.parametrize("sample", [*ROUTES, *LISTENERS, *CLUSTERS, *ASSIGNMENTS, *FILTERED])
def test_the_samples_are_taken(envoy: LiveResources, sample: Message) -> None:
    verdict = envoy.ask(sample)
    assert verdict.ok, verdict.message
    assert refusal(sample) is None or isinstance(refusal(sample), UnsupportedError)


@DRAWS
@given(resource=near(ROUTES))
def test_route_configurations(envoy: LiveResources, resource: Message) -> None:
    agree(envoy, resource)


@DRAWS
@given(resource=near(LISTENERS))
def test_listeners(envoy: LiveResources, resource: Message) -> None:
    agree(envoy, resource)


@DRAWS
@given(resource=near(FILTERED))
def test_network_filters(envoy: LiveResources, resource: Message) -> None:
    agree(envoy, resource)


@DRAWS
@given(resource=near(CLUSTERS))
def test_clusters(envoy: LiveResources, resource: Message) -> None:
    agree(envoy, resource)


@DRAWS
@given(resource=near(ASSIGNMENTS))
def test_load_assignments(envoy: LiveResources, resource: Message) -> None:
    agree(envoy, resource)


BOOTSTRAP = message(names.BOOTSTRAP, rich_samples.BOOTSTRAP)


def load_refusal(source: Message) -> ConfigError | None:
    try:
        snapshot.load(source)
    except ConfigError as error:
        return error
    return None


def test_the_sample_bootstrap_is_taken() -> None:
    assert load_refusal(BOOTSTRAP) is None
    verdict = validate(to_tree(BOOTSTRAP))
    assert verdict.ok, verdict.message


@settings(max_examples=30)
@given(resource=near([BOOTSTRAP]))
def test_bootstraps(resource: Message) -> None:
    error = load_refusal(resource)
    if not isinstance(error, UnsupportedError):
        verdict = validate(to_tree(resource))
        assert verdict.ok == (error is None), verdict.message or error


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

"""The interpreter of the constraint rules agrees with Envoy's own, on resources with one field changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from support import samples
from support.live_resources import CrashedError, LiveResources
from support.near_valid import copy_with_config, message, near

from fastroute.api import constraints, names

pytestmark = pytest.mark.envoy

REFUSED = "onstraint validation failed"
ROUTES = message(names.ROUTE_CONFIGURATION, samples.ROUTES)
MANAGER = message(names.HTTP_CONNECTION_MANAGER, samples.MANAGER)
TCP_PROXY = message(names.TCP_PROXY, samples.TCP_PROXY)
LISTENER = message(names.LISTENER, samples.LISTENER)
CLUSTER = message(names.CLUSTER, samples.CLUSTER)
ASSIGNMENT = message(names.CLUSTER_LOAD_ASSIGNMENT, samples.ASSIGNMENT)
DRAWS = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def envoy() -> Iterator[LiveResources]:
    with LiveResources() as live:
        yield live


def agree(envoy: LiveResources, resource: Message) -> None:
    """What Envoy takes keeps all constraints; what it refuses for one breaks one."""
    found = constraints.check(resource)
    try:
        verdict = envoy.ask(resource)
    except CrashedError:
        return
    if verdict.ok:
        assert not found
    elif REFUSED in verdict.message:
        assert found, verdict.message


@pytest.mark.parametrize("sample", [ROUTES, LISTENER, CLUSTER, ASSIGNMENT])
def test_the_samples_are_valid(envoy: LiveResources, sample: Message) -> None:
    assert envoy.ask(sample).ok
    assert not constraints.check(sample)


@pytest.mark.parametrize("inner", [MANAGER, TCP_PROXY])
def test_the_sample_filters_are_valid(envoy: LiveResources, inner: Message) -> None:
    verdict = envoy.ask(copy_with_config(LISTENER, inner))
    assert verdict.ok, verdict.message
    assert not constraints.check(inner)


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

"""Strict loading refuses what the real Envoy refuses, and nothing else, on resources with one field changed.

What fastroute cannot decide exactly (`UnsupportedError`) is not compared: there it refuses to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from support import rich_samples, samples
from support.envoy import validate
from support.judged import alone, at_once, errors, expected
from support.live_resources import CrashedError, LiveResources
from support.near_valid import copy_with_config, message, near

from fastroute.api import names
from fastroute.config.text import to_tree
from fastroute.errors import UnsupportedError

pytestmark = pytest.mark.envoy


def messages(kind: str, *trees: dict[str, Any]) -> list[Message]:
    return [message(kind, tree) for tree in trees]


ROUTES = messages(names.ROUTE_CONFIGURATION, samples.PLAIN_ROUTES, *rich_samples.ROUTES)
LISTENERS = messages(names.LISTENER, samples.LISTENER, *rich_samples.LISTENERS)
CLUSTERS = messages(names.CLUSTER, samples.PLAIN_CLUSTER, *rich_samples.CLUSTERS)
ASSIGNMENTS = messages(names.CLUSTER_LOAD_ASSIGNMENT, samples.ASSIGNMENT, *rich_samples.ASSIGNMENTS)
MANAGERS = [
    copy_with_config(LISTENERS[0], inner)
    for inner in messages(names.HTTP_CONNECTION_MANAGER, samples.PLAIN_MANAGER, *rich_samples.MANAGERS)
]
PROXIES = [copy_with_config(LISTENERS[0], inner) for inner in messages(names.TCP_PROXY, samples.PLAIN_TCP_PROXY)]


@pytest.fixture(scope="module")
def envoy() -> Iterator[LiveResources]:
    with LiveResources() as live:
        yield live


def agree(envoy: LiveResources, resource: Message) -> bool:
    """Compare one verdict; False where there is none to compare."""
    found = errors(alone(resource))
    ours = expected(found)
    if ours is None:
        return False
    try:
        verdict = envoy.ask(resource)
    except CrashedError:
        return False
    assert verdict.ok == ours, verdict.message or found
    return True


def compare(ask: Callable[[Message], bool], bases: list[Message], draws: int, least: int) -> None:
    """Draw near-valid resources and compare each once; at least `least` verdicts must have been compared."""
    seen: dict[bytes, bool] = {}

    @settings(max_examples=draws, suppress_health_check=list(HealthCheck))
    @given(resource=near(bases))
    def run(resource: Message) -> None:
        key = resource.SerializeToString(deterministic=True)
        if key not in seen:
            seen[key] = ask(resource)

    run()
    compared = sum(seen.values())
    assert compared >= least, f"only {compared} of {len(seen)} different resources could be compared"


@pytest.mark.parametrize("sample", [*ROUTES, *LISTENERS, *CLUSTERS, *ASSIGNMENTS, *MANAGERS, *PROXIES])
def test_the_samples_are_taken(envoy: LiveResources, sample: Message) -> None:
    verdict = envoy.ask(sample)
    assert verdict.ok, verdict.message
    assert not errors(alone(sample))


# Draws and the least number of verdicts to compare, which makes 1 600 in all; the long mode draws ten times as many.
KINDS = {
    "route configurations": (ROUTES, 520, 350),
    "listeners": (LISTENERS, 340, 200),
    "connection managers": (MANAGERS, 450, 300),
    "TCP proxies": (PROXIES, 150, 100),
    "clusters": (CLUSTERS, 520, 350),
    "load assignments": (ASSIGNMENTS, 420, 250),
}


@pytest.mark.parametrize("kind", KINDS)
def test_near_valid(envoy: LiveResources, kind: str) -> None:
    bases, draws, least = KINDS[kind]
    compare(lambda resource: agree(envoy, resource), bases, draws, least)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_near_valid_long(envoy: LiveResources, kind: str) -> None:
    bases, draws, least = KINDS[kind]
    compare(lambda resource: agree(envoy, resource), bases, 10 * draws, 2 * least)


BOOTSTRAP = message(names.BOOTSTRAP, rich_samples.BOOTSTRAP)


def agree_on_bootstrap(bootstrap: Message) -> bool:
    """Compare one verdict of `--mode validate`, which does not see what only a start refuses."""
    ours = expected(at_once(bootstrap))
    if ours is not None:
        verdict = validate(to_tree(bootstrap))
        assert verdict.ok == ours, verdict.message or errors(bootstrap)
    return ours is not None


def test_the_sample_bootstrap_is_taken() -> None:
    assert agree_on_bootstrap(BOOTSTRAP)
    assert not errors(BOOTSTRAP)


def test_bootstraps() -> None:
    compare(agree_on_bootstrap, [BOOTSTRAP], 70, 50)


@pytest.mark.long
def test_bootstraps_long() -> None:
    compare(agree_on_bootstrap, [BOOTSTRAP], 1000, 400)


POLICIES = "type.googleapis.com/envoy.extensions.load_balancing_policies."
OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
WEIGHTED = "client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin"


def policy(name: str, **fields: Any) -> dict[str, Any]:
    config = {"name": "p", "typed_config": {"@type": POLICIES + name, **fields}}
    return {"load_balancing_policy": {"policies": [{"typed_extension_config": config}]}}


def automatic(*sockets: str) -> dict[str, Any]:
    """A cluster that negotiates the protocol, over transport sockets that wrap each other."""
    options = {"@type": "type.googleapis.com/" + OPTIONS, "auto_config": {}}
    socket: dict[str, Any] = {}
    for name in reversed(sockets):
        inner = {"transport_socket": socket} if socket else {}
        kind = f"type.googleapis.com/envoy.extensions.transport_sockets.{name}"
        socket = {"name": "s", "typed_config": {"@type": kind, **inner}}
    around = {"transport_socket": socket} if socket else {}
    return {"typed_extension_protocol_options": {OPTIONS: options}, **around}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (names.ROUTE_CONFIGURATION, {"virtual_hosts": [
            {"name": "v", "domains": ["*"], "routes": [{"match": {"path_separated_prefix": "a b"}, "redirect": {}}]}]}),
        (names.ROUTE_CONFIGURATION, {"max_direct_response_body_size_bytes": 0}),
        (names.LISTENER, {"internal_listener": {}}),
        (names.LISTENER, {"access_log": [{}]}),
        (names.LISTENER, {"additional_addresses": [{"address": samples.LISTENER["address"]}]}),
        (names.LISTENER, {"bind_to_port": False, "additional_addresses": [{"address": samples.LISTENER["address"]}]}),
        (names.LISTENER, {"address": {"socket_address": {"address": "::1", "port_value": 0, "resolver_name": "x"}}}),
        (names.CLUSTER, {"health_checks": [{
            "timeout": "1s", "interval": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1,
            "grpc_health_check": {}}]}),
        (names.CLUSTER, {"health_checks": 2 * samples.CLUSTER["health_checks"]}),
        (names.CLUSTER_LOAD_ASSIGNMENT, {"endpoints": [{"lb_endpoints": [{"endpoint": {
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": 80}},
            "additional_addresses": [{}]}}]}]}),
        (names.CLUSTER, policy("least_request.v3.LeastRequest", slow_start_config={"slow_start_window": "-1s"})),
        *((names.CLUSTER, policy(WEIGHTED, **{field: "-1s"})) for field in (
            "blackout_period", "weight_expiration_period", "weight_update_period", "oob_reporting_period")),
        (names.CLUSTER, automatic()),
        (names.CLUSTER, automatic("tls.v3.UpstreamTlsContext")),
        (names.CLUSTER, automatic("proxy_protocol.v3.ProxyProtocolUpstreamTransport", "tls.v3.UpstreamTlsContext")),
        (names.CLUSTER, automatic("proxy_protocol.v3.ProxyProtocolUpstreamTransport", "raw_buffer.v3.RawBuffer")),
        (names.CLUSTER, automatic("tcp_stats.v3.Config", "tls.v3.UpstreamTlsContext")),
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


def test_the_source_of_routes_of_scopes_is_subscribed_to_later(envoy: LiveResources) -> None:
    tree = next(tree for tree in rich_samples.MANAGERS if "scoped_routes" in tree)
    changed = {**tree["scoped_routes"], "rds_config_source": {"self": {}}}
    manager = message(names.HTTP_CONNECTION_MANAGER, {**tree, "scoped_routes": changed})
    assert agree(envoy, copy_with_config(LISTENERS[0], manager))


def test_limits_of_responses_are_of_clusters(envoy: LiveResources) -> None:
    options = {"common_http_protocol_options": {"max_response_headers_kb": 60}}
    manager = message(names.HTTP_CONNECTION_MANAGER, {**samples.PLAIN_MANAGER, **options})
    resource = copy_with_config(LISTENERS[0], manager)
    assert not envoy.ask(resource).ok
    assert agree(envoy, resource)


@pytest.mark.parametrize("field", ["path_with_escaped_slashes_action", "headers_with_underscores_action"])
def test_an_unknown_number_that_envoy_takes_is_not_decided(envoy: LiveResources, field: str) -> None:
    manager: Any = message(names.HTTP_CONNECTION_MANAGER, samples.PLAIN_MANAGER)
    setattr(manager if hasattr(manager, field) else manager.common_http_protocol_options, field, 99)
    resource = copy_with_config(LISTENERS[0], manager)
    assert envoy.ask(resource).ok
    assert [type(error) for error in errors(alone(resource))] == [UnsupportedError]

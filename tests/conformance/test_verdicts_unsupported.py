"""What Envoy refuses of fields that fastroute does not support: the refusal is told, not only that it cannot decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support import samples
from support.api_samples import CannotError, minimal
from support.envoy import validate
from support.judged import alone, errors, expected
from support.live_resources import CrashedError, LiveResources
from support.near_valid import copy_with_config, message

from fastroute.api import extension_types, names

pytestmark = pytest.mark.envoy

Tree = dict[str, Any]
EXT = "envoy.extensions."
OTHER = {"name": "x", "typed_config": {"@type": names.url("envoy.type.v3.Percent"), "value": 1}}
FILE = {"path_config_source": {"path": "/dev/null"}}
DELTA = {"api_type": "DELTA_GRPC", "transport_api_version": "V3", "grpc_services": [
    {"envoy_grpc": {"cluster_name": "blue"}}]}  # fmt: skip
REDIS = {"@type": names.url(f"{EXT}clusters.redis.v3.RedisClusterConfig")}


def routes(**fields: Any) -> Any:
    route = {"match": {"prefix": "/"}, **({} if "route" in fields else {"redirect": {}}), **fields}
    host = {"name": "v", "domains": ["*"], "routes": [route]}
    return message(names.ROUTE_CONFIGURATION, {"name": "r", "virtual_hosts": [host]})


def forwarded(**fields: Any) -> Any:
    return routes(route={"cluster": "blue", **fields})


def vhds(source: Tree) -> Any:
    return message(names.ROUTE_CONFIGURATION, {"name": "r", "vhds": {"config_source": source}})


def cluster(**fields: Any) -> Any:
    return message(names.CLUSTER, {"name": "c", **fields})


def typed(name: str, config: Tree | None = None) -> Any:
    kind = {"name": name} if config is None else {"name": name, "typed_config": config}
    return cluster(lb_policy="CLUSTER_PROVIDED", cluster_type=kind)


def tapped(**fields: Any) -> Any:
    raw = {"name": "r", "typed_config": {"@type": names.url(f"{EXT}transport_sockets.raw_buffer.v3.RawBuffer")}}
    tap = {"@type": names.url(f"{EXT}transport_sockets.tap.v3.Tap"), "common_config": fields, "transport_socket": raw}
    return cluster(transport_socket={"name": "t", "typed_config": tap})


def tapped_to(**sink: Any) -> Any:
    return tapped(static_config={"match": {"any_match": True}, "output_config": {"sinks": [sink]}})


def endpoints_of(collection: str) -> Any:
    locality = {"leds_config": FILE, "leds_collection_name": collection}
    tree = {"cluster_name": "e", "endpoints": [{"leds_cluster_locality_config": locality}]}
    return message(names.CLUSTER_LOAD_ASSIGNMENT, tree)


def managed(**fields: Any) -> Any:
    inner = message(names.HTTP_CONNECTION_MANAGER, {**samples.PLAIN_MANAGER, **fields})
    return copy_with_config(message(names.LISTENER, samples.LISTENER), inner)


def filtered(kind: str, **fields: Any) -> Tree:
    return {"name": "f", "typed_config": {"@type": names.url(f"{EXT}filters.http.{kind}"), **fields}}


REFUSED = {
    "virtual hosts of a file": vhds(FILE),
    "virtual hosts of the state of the world": vhds({"api_config_source": {**DELTA, "api_type": "GRPC"}}),
    "clusters of an unknown name": typed("a"),
    "clusters of another type": typed("envoy.clusters.redis", OTHER["typed_config"]),
    "endpoints of no collection": endpoints_of("a"),
    "chains that are fetched without a matcher": message(names.LISTENER, {**samples.LISTENER, "fcds_config": {}}),
    "a tap that streams to nowhere": tapped_to(streaming_admin={}),
    "a tap that gathers for nowhere": tapped_to(buffered_admin={"max_traces": 1}),
    "a queue that is none": cluster(queuing_policies={"pending_rq_policy": OTHER}),
    "a path that something else matches": routes(match={"path_match_policy": OTHER}),
    "a path that something else rewrites": forwarded(path_rewrite_policy=OTHER),
    "retries that something else decides": forwarded(retry_policy={"retry_options_predicates": [OTHER]}),
    "limits that something else describes": forwarded(rate_limits=[{"actions": [{"extension": OTHER}]}]),
    "routes that something else specifies": routes(route_specifiers=[OTHER]),
    "an address that something else detects": managed(original_ip_detection_extensions=[OTHER]),
    "request IDs that something else makes": managed(request_id_extension={"typed_config": OTHER["typed_config"]}),
    "request IDs that nothing makes": managed(request_id_extension={"typed_config": {}}),
    "sessions that something else keeps": managed(
        http_filters=[
            filtered("stateful_session.v3.StatefulSession", session_state=OTHER),
            filtered("router.v3.Router"),
        ]
    ),
    "mutations with what formats nothing": managed(
        http_filters=[
            filtered("header_mutation.v3.HeaderMutation", mutations={"formatters": [OTHER]}),
            filtered("router.v3.Router"),
        ]
    ),
    "headers that something else changes": managed(early_header_mutation_extensions=[OTHER]),
}
TAKEN = {
    "virtual hosts by deltas": vhds({"api_config_source": DELTA}),
    "clusters of a known name": typed("envoy.clusters.redis"),
    "clusters of a known type": typed("envoy.clusters.redis", REDIS),
    "request IDs by default": managed(request_id_extension={}),
    "a tap that writes to a file": tapped_to(file_per_tap={"path_prefix": "/dev/null"}),
    "a tap that the admin page configures": tapped(admin_config={"config_id": "x"}),
}


@pytest.fixture(scope="module")
def envoy() -> Iterator[LiveResources]:
    with LiveResources() as live:
        yield live


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_are_told(envoy: LiveResources, case: str) -> None:
    assert not envoy.ask(REFUSED[case]).ok
    assert expected(errors(alone(REFUSED[case]))) is False


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_taken_is_at_most_not_supported(envoy: LiveResources, case: str) -> None:
    assert envoy.ask(TAKEN[case]).ok
    assert expected(errors(alone(TAKEN[case]))) is not False


def test_settings_of_routes_are_no_filters(envoy: LiveResources) -> None:
    """Every type that Envoy cannot unpack as a filter's configuration is refused, and no other for that reason."""
    compared = 0
    for name in sorted(extension_types.types_of("envoy.filters.http")):
        try:
            inner = minimal(name)
            router = {"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}
            manager: Any = message(names.HTTP_CONNECTION_MANAGER, {**samples.PLAIN_MANAGER, "http_filters": [router]})
            made = manager.http_filters.add(name="x")
            made.typed_config.type_url, made.typed_config.value = names.url(name), inner.SerializeToString()
            manager.http_filters.reverse()
            listener = copy_with_config(message(names.LISTENER, samples.LISTENER), manager)
            verdict = envoy.ask(listener)
        except (CannotError, CrashedError):
            continue
        told = [error for error in errors(alone(listener)) if "Unable to unpack" in error.message]
        if "Unable to unpack" in verdict.message:
            assert told, name
            compared += 1
        assert not (told and verdict.ok), name
    assert compared >= 8


@pytest.mark.parametrize("extended", [False, True])
def test_internal_listeners_need_their_extension(extended: bool) -> None:
    kind = f"{EXT}bootstrap.internal_listener.v3.InternalListener"
    listener = {"name": "l", "internal_listener": {}, "filter_chains": samples.LISTENER["filter_chains"]}
    bootstrap: Tree = {"static_resources": {"listeners": [listener], "clusters": [{"name": "blue"}]}}
    if extended:
        bootstrap["bootstrap_extensions"] = [{"name": "i", "typed_config": {"@type": names.url(kind)}}]
    assert validate(bootstrap).ok == extended
    assert expected(errors(message(names.BOOTSTRAP, bootstrap))) is extended

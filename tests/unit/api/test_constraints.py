"""The interpreter of the constraint rules: every rule that occurs, each at its edges."""

from __future__ import annotations

from typing import Any

import pytest

from fastroute.api import constraints, files, names, pool, quick_checks, transcode

CORE = "envoy.config.core.v3."
ROUTE = "envoy.config.route.v3."


def test_every_rule_of_every_message_is_known() -> None:
    for name in _all_messages():
        constraints.checker(pool.pool().FindMessageTypeByName(name)).visits()


def _all_messages() -> list[str]:
    from importlib import resources

    from google.protobuf import descriptor_pb2

    data = (resources.files("fastroute.api") / files.FILE).read_bytes()
    described = descriptor_pb2.FileDescriptorSet.FromString(data).file
    return [
        f"{file.package}.{message.name}" if file.package else message.name
        for file in described
        for message in file.message_type
    ]


def broken(kind: str, tree: dict[str, Any]) -> list[str]:
    message = transcode.message(kind, tree)
    found = [f"{found.path}: {found.message}" for found in constraints.check(message)]
    assert not (found and quick_checks.is_clean(message))
    return found


def window(span: str) -> dict[str, Any]:
    return {"name": "c", "common_lb_config": {"update_merge_window": span}}


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (CORE + "HeaderValue", {"key": "x"}, {"key": ""}),
        (CORE + "HeaderValue", {"key": "x", "value": "a\tb"}, {"key": "x", "value": "a\nb"}),
        (CORE + "HeaderValue", {"key": "x" * 16384}, {"key": "x" * 16385}),
        (CORE + "Pipe", {"path": "x", "mode": 511}, {"path": "x", "mode": 512}),
        (CORE + "SocketAddress", {"address": "x", "port_value": 65535}, {"address": "x", "port_value": 65536}),
        (CORE + "SocketAddress", {"address": "x", "port_value": 0}, {"address": "x"}),
        (CORE + "Address", {"pipe": {"path": "x"}}, {}),
        (CORE + "BackoffStrategy", {"base_interval": "0.001s"}, {"base_interval": "0.000999s"}),
        (CORE + "BackoffStrategy", {"base_interval": "1s", "max_interval": "1s"}, {"max_interval": "1s"}),
        (ROUTE + "RouteMatch", {"path_separated_prefix": "/a"}, {"path_separated_prefix": "/a/"}),
        (ROUTE + "HeaderMatcher", {"name": "a b"}, {"name": "a\nb"}),
        ("envoy.config.route.v3.HeaderMatcher", {"name": "a(b"}, {"name": ""}),
        (ROUTE + "VirtualHost", {"name": "x", "domains": ["*"]}, {"name": "x"}),
        (ROUTE + "DirectResponseAction", {"status": 200}, {"status": 199}),
        (ROUTE + "DirectResponseAction", {"status": 599}, {"status": 600}),
        (ROUTE + "RedirectAction", {"response_code": "FOUND"}, {"response_code": 9}),
        ("envoy.type.v3.Percent", {"value": 100}, {"value": 100.5}),
        ("envoy.type.matcher.v3.RegexMatcher", {"regex": "a"}, {"regex": ""}),
        ("envoy.config.listener.v3.FilterChainMatch", {"source_ports": [1, 65535]}, {"source_ports": [0]}),
        (names.CLUSTER, {"name": "c"}, {"name": ""}),
        (names.CLUSTER, {"name": "c", "connect_timeout": "1s"}, {"name": "c", "connect_timeout": "0s"}),
        (names.CLUSTER, {"name": "c", "lb_policy": "MAGLEV"}, {"name": "c", "lb_policy": 5000}),
        (CORE + "Metadata", {"filter_metadata": {"a": {}}}, {"filter_metadata": {"": {}}}),
        (names.CLUSTER, window("9223372035.999999999s"), window("9223372036s")),
        (names.CLUSTER, window("0s"), window("-0.000000001s")),
        (CORE + "QuicKeepAliveSettings", {"initial_interval": "0s"}, {"initial_interval": "0.000999999s"}),
        (CORE + "QuicKeepAliveSettings", {"initial_interval": "9999999s"}, {"initial_interval": "-1s"}),
    ],
)
def test_edges(kind: str, good: dict[str, Any], bad: dict[str, Any]) -> None:
    assert broken(kind, good) == []
    assert len(broken(kind, bad)) == 1


def test_characters_are_counted_not_bytes() -> None:
    assert (
        broken(
            "envoy.config.core.v3.TypedExtensionConfig", {"name": "é", "typed_config": {"@type": "a/" + names.ROUTER}}
        )
        == []
    )


def test_metadata_is_only_carried() -> None:
    wrong = {"@type": names.url("envoy.config.core.v3.Address")}
    assert broken("envoy.config.core.v3.Metadata", {"typed_filter_metadata": {"a": wrong}}) == []


def test_paths() -> None:
    tree = {
        "name": "r",
        "virtual_hosts": [
            {"name": "v", "domains": ["*"], "typed_per_filter_config": {"a.b": {"@type": names.url(CORE + "Address")}}}
        ],
    }
    (found,) = constraints.check(transcode.message(names.ROUTE_CONFIGURATION, tree))
    assert found.path == 'virtual_hosts[0].typed_per_filter_config["a.b"]'
    assert found.message == "address is required"

"""Where routes send requests: RA-01 … RA-15, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from support.envoy import parse
from support.one_route import forward, header, request, target

from fastroute.action.targets import ClusterHeader, Forward, Redirect, Respond, Weighted
from fastroute.api import names
from fastroute.compile.actions import compile_targets
from fastroute.compile.context import Context
from fastroute.config.resources import Resource
from fastroute.errors import RejectedError, UnsupportedError

LUA = {
    "name": "x",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig",
        "source_code": {"inline_string": "function envoy_on_route(handle) return 'c' end"},
        "default_cluster": "c",
    },
}


def weighted(*clusters, **more):
    return {"route": {"weighted_clusters": {"clusters": list(clusters), **more}}}


def compiled(route, *, clusters=None, runtime=None):
    host = {"name": "v", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, **route}]}
    message: Any = parse({"name": "r", "virtual_hosts": [host]}, names.ROUTE_CONFIGURATION)
    ctx = Context(Resource("r", message), runtime=runtime or {})
    found = message.virtual_hosts[0]
    return compile_targets(found.routes[0], found, message, ctx, "virtual_hosts[0].routes[0]", clusters)


def test_kinds_of_targets():
    found = target(forward())
    assert isinstance(found, Forward)
    assert (found.cluster, found.not_found_status) == ("c", 503)
    found = target({"route": {"cluster_header": "X-C", "cluster_not_found_response_code": "NOT_FOUND"}})
    assert isinstance(found, ClusterHeader)
    assert (found.name, found.not_found_status) == ("x-c", 404)
    found = target({"redirect": {"response_code": "PERMANENT_REDIRECT"}})
    assert isinstance(found, Redirect)
    assert found.status == 308
    found = target({"direct_response": {"status": 418}})
    assert isinstance(found, Respond)
    assert found.status == 418


def test_nothing_answers_a_route_that_does_not_forward():
    """RA-01."""
    found = target({"non_forwarding_action": {}})
    assert isinstance(found, Forward)
    assert found.cluster == ""
    with pytest.raises(RejectedError, match="action is required"):
        target({})


def test_weighted_clusters():
    """RA-10, RA-11, RA-13."""
    entries = [{"name": "a", "weight": 3}, {"name": "b", "weight": 0}, {"cluster_header": "X-C", "weight": 1}]
    found = target(weighted(*entries, header_name="X-R", total_weight=9))
    assert isinstance(found, Weighted)
    assert [(e.cluster, e.weight, e.cluster_header) for e in found.entries] == [
        ("a", 3, ""),
        ("b", 0, ""),
        ("", 1, "x-c"),
    ]
    assert (found.total, found.header_name, found.use_hash_policy) == (4, "x-r", False)


def test_weights_of_the_runtime():
    """RA-12."""
    route = weighted({"name": "a", "weight": 1}, {"name": "b", "weight": 2}, runtime_key_prefix="w")
    assert [entry.weight for entry in compiled(route, runtime={"w.a": 300}).entries] == [300, 2]
    with pytest.raises(RejectedError, match="greater than 0"):
        compiled(route, runtime={"w.a": 0, "w.b": 0})
    weights = {"w": {"a": "many", "b": -1}}
    assert [entry.weight for entry in compiled(route, runtime=weights).entries] == [1, 2]
    assert [entry.weight for entry in compiled(route, runtime={"w.a": "7.9", "w.b": True}).entries] == [7, 2]


@pytest.mark.parametrize(
    ("route", "text"),
    [
        (forward(), "route: unknown cluster 'c'"),
        (weighted({"name": "w", "weight": 1}), "route: unknown weighted cluster 'w'"),
        (
            {"route": {"cluster": "known", "request_mirror_policies": [{"cluster": "m"}]}},
            "route: unknown shadow cluster 'm'",
        ),
    ],
)
def test_unknown_clusters_are_refused_where_clusters_are_known(route, text):
    """RA-05."""
    with pytest.raises(RejectedError, match=text):
        compiled(route, clusters={"known"})
    compiled(route)


def test_cluster_headers_are_not_validated():
    compiled({"route": {"cluster_header": "x"}}, clusters=set())
    compiled(weighted({"cluster_header": "x", "weight": 1}), clusters=set())


@pytest.mark.parametrize(
    "route",
    [
        {"route": {"inline_cluster_specifier_plugin": {"extension": LUA}}},
        forward(rate_limits=[{"actions": [{"extension": {"name": "x"}}]}]),
        forward(upgrade_configs=[{"upgrade_type": "CONNECT", "connect_config": {}}]),
    ],
)
def test_what_cannot_be_decided_is_refused(route):
    """RA-06, RA-141, HC-65."""
    with pytest.raises(UnsupportedError):
        target(route)


def test_an_entry_changes_headers_first_and_loses_against_the_route():
    """RA-15, RA-70."""
    entry = {
        "name": "a",
        "weight": 1,
        "host_rewrite_literal": "entry",
        "request_headers_to_add": [header("x", "entry", append_action="OVERWRITE_IF_EXISTS_OR_ADD")],
    }
    route = {
        **weighted(entry),
        "request_headers_to_add": [header("x", "route", append_action="OVERWRITE_IF_EXISTS_OR_ADD")],
    }
    for specific in (False, True):
        action = target(route, most_specific_header_mutations_wins=specific).entries[0].action
        assert (b"x", b"route") in action.upstream_headers(request())
        assert action.authority(request()) == b"entry"


@pytest.mark.parametrize(("specific", "winner"), [(False, b"configuration"), (True, b"route")])
def test_the_last_level_wins(specific, winner):
    """RA-70."""

    def level(name):
        return {"request_headers_to_add": [header("x", name, append_action="OVERWRITE_IF_EXISTS_OR_ADD")]}

    found = target(
        {**forward(), **level("route")},
        host=level("host"),
        most_specific_header_mutations_wins=specific,
        **level("configuration"),
    )
    assert dict(found.action.upstream_headers(request()))[b"x"] == winner


def test_operators_that_are_not_known_are_left_to_the_caller():
    """RA-75: the documented hook."""
    route = {**forward(), "request_headers_to_add": [header("x-t", "at %START_TIME(%s)%")]}
    with pytest.raises(UnsupportedError, match="START_TIME"):
        target(route)
    action = target(route, strict=False).action
    assert dict(action.upstream_headers(request()))[b"x-t"] == b"at "
    asked = []

    def operators(name, argument):
        asked.append((name, argument))
        return b"17"

    assert dict(action.upstream_headers(request(), operators))[b"x-t"] == b"at 17"
    assert asked == [("START_TIME", "%s")]


def test_a_fault_counts_only_where_the_filter_is_installed():
    """RA-90: the key is the filter's configured name."""
    fault = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
    abort = {"@type": fault, "abort": {"http_status": 503, "percentage": {"numerator": 100}}}
    action = target({**forward(), "typed_per_filter_config": {"mine": abort}}).action
    kind = "envoy.extensions.filters.http.fault.v3.HTTPFault"
    assert action.fault(request()) is None
    assert action.fault(request(http_filters=(("mine", kind),))).status == 503
    assert action.fault(request(http_filters=(("other", kind),))) is None
    assert action.fault(request(http_filters=())) is None


def test_delay_and_abort_are_independent_draws():
    """FI-03, FI-04: a quarter of the requests gets both halves."""
    kind = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
    half = {"percentage": {"numerator": 50}}
    fault = {"@type": kind, "delay": {"fixed_delay": "1s", **half}, "abort": {"http_status": 503, **half}}
    action = target({**forward(), "typed_per_filter_config": {"envoy.filters.http.fault": fault}}).action
    found = [action.fault(request(random=value)) for value in range(4000)]
    both = sum(each is not None and each.delay is not None and each.status is not None for each in found)
    none = sum(each is None for each in found)
    assert 850 < both < 1150
    assert 850 < none < 1150

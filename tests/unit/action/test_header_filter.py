"""Header mutation filters: the order of their changes, and what sees them."""

from __future__ import annotations

from typing import Any

import pytest
from support.core import Routed
from support.filter_bed import ROUTER, TYPE, off

from fastroute.errors import UnsupportedError
from fastroute.request import Connection, Request

MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
CORS = {"name": "envoy.filters.http.cors", "typed_config": {"@type": TYPE + "cors.v3.Cors"}}
POLICY = {"@type": TYPE + "cors.v3.CorsPolicy", "allow_origin_string_match": [{"exact": "http://set"}]}


def append(name: str, value: str, action: str = "APPEND_IF_EXISTS_OR_ADD") -> dict[str, Any]:
    return {"append": {"header": {"key": name, "value": value}, "append_action": action}}


def changes(*requests: dict[str, Any], responses: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"mutations": {"request_mutations": list(requests), "response_mutations": list(responses)}}


def headers(*requests: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {**changes(*requests, responses=fields.pop("responses", ())), **fields}
    return {"name": "headers", "typed_config": {"@type": TYPE + "header_mutation.v3.HeaderMutation", **given}}


def order(level: str) -> dict[str, Any]:
    """A level's own mark, in requests and responses."""
    mark = append("x-o", level)
    made = {"@type": TYPE + "header_mutation.v3.HeaderMutationPerRoute", **changes(mark, responses=(mark,))}
    return {"typed_per_filter_config": {"headers": made}}


def routed(*filters: dict[str, Any]) -> Routed:
    cors = {"typed_per_filter_config": {"envoy.filters.http.cors": POLICY}}
    routes: list[dict[str, Any]] = [
        {"match": {"prefix": "/by", "headers": [{"name": "x-o", "present_match": True}]}, "route": {"cluster": "d"}},
        {"match": {"prefix": "/cors"}, "route": {"cluster": "c"}, **cors},
        {"match": {"prefix": "/off"}, "route": {"cluster": "c"}, "typed_per_filter_config": off("headers")},
        {
            "match": {"prefix": "/long"},
            "route": {"cluster": "c", "max_stream_duration": {"grpc_timeout_header_max": "9s"}},
        },
        {"match": {"prefix": "/none"}, "route": {"cluster": "c"}},
        {"match": {"prefix": "/hash"}, "route": {"cluster": "c", "hash_policy": [{"header": {"header_name": "x-o"}}]}},
        {"match": {"prefix": "/"}, "route": {"cluster": "c"}, **order("route")},
    ]
    table = {"name": "t", "virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes, **order("host")}]}
    manager = {"@type": MANAGER, "stat_prefix": "m", "http_filters": [*filters, ROUTER], "route_config": table}
    return Routed.of(manager, {}, Connection(("10.0.0.1", 80)), ["c", "d"])


def marks(pairs: list[tuple[bytes, bytes]]) -> list[bytes]:
    return [value for name, value in pairs if name == b"x-o"]


@pytest.mark.parametrize(
    ("wins", "wanted"), [(False, [b"own", b"route", b"host"]), (True, [b"own", b"host", b"route"])]
)
def test_the_order_of_levels(wins: bool, wanted: list[bytes]) -> None:
    mark = append("x-o", "own")
    found = routed(headers(mark, responses=(mark,), most_specific_header_mutations_wins=wins))
    decision = found.decide(Request(b"h", b"/x"))
    assert marks(decision.upstream_headers()) == wanted
    assert marks(decision.downstream_headers(200)) == wanted


def test_changes_are_made_one_after_the_other() -> None:
    found = routed(headers(append("x-a", "1"), {"remove": "x-a"}, append("x-a", "2", "ADD_IF_ABSENT")))
    sent = found.decide(Request(b"h", b"/none", headers=((b"x-a", b"0"),))).upstream_headers()
    assert [value for name, value in sent if name == b"x-a"] == [b"2"]


def test_the_route_was_chosen_before() -> None:
    assert routed(headers(append("x-o", "own"))).decide(Request(b"h", b"/by")).cluster == "c"


def test_a_hash_policy_and_retries_see_the_changes() -> None:
    plain, found = routed(), routed(headers(append("x-o", "own"), append("x-envoy-retry-on", "5xx")))
    assert plain.decide(Request(b"h", b"/hash")).hash is None
    assert found.decide(Request(b"h", b"/hash")).hash is not None
    assert found.decide(Request(b"h", b"/none")).retry is not None


@pytest.mark.parametrize("first", [True, False])
def test_cors_sees_what_comes_to_it(first: bool) -> None:
    change = headers(append("origin", "http://set"))
    found = routed(*((change, CORS) if first else (CORS, change))).decide(Request(b"h", b"/cors"))
    assert found.cors is not None
    assert found.cors.allowed is first


def test_the_limit_of_a_stream_is_told_before_the_filters() -> None:
    asked = Request(b"h", b"/long", headers=((b"content-type", b"application/grpc"), (b"grpc-timeout", b"5S")))
    told = routed(headers(append("x-o", "own"))).decide(asked)
    assert dict(told.upstream_headers())[b"grpc-timeout"] == b"5000m"
    changed = routed(headers(append("grpc-timeout", "1S", "OVERWRITE_IF_EXISTS_OR_ADD"))).decide(asked)
    assert dict(changed.upstream_headers())[b"grpc-timeout"] == b"1S"
    assert changed.max_stream_duration == 5


def test_a_route_can_disable_it() -> None:
    assert marks(routed(headers(append("x-o", "own"))).decide(Request(b"h", b"/off")).upstream_headers()) == []


def test_an_answer_in_front_of_the_filters_is_changed_too() -> None:
    found = routed(headers(responses=(append("x-o", "own"),))).decide(Request(b"h", b"/#f"))
    assert found.downstream_headers() == [(b"x-o", b"own")]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (append("x", "%REQ(:path)%"), "request_mutations[0].append.header.value"),
        ({"remove_on_match": {"key_matcher": {"prefix": "x"}}}, "request_mutations[0].remove_on_match"),
    ],
)
def test_what_is_not_supported(change: dict[str, Any], path: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        routed(headers(change))
    assert caught.value.path.endswith(path)

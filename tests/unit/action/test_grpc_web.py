"""gRPC-Web filters: what the live comparison of `conformance/test_action_filters.py` found, case by case."""

from __future__ import annotations

from typing import Any

import pytest
from support.core import Routed
from support.filter_bed import ROUTER, TYPE, grpc_web, off

from fastroute.request import Connection, Request

WEB = "application/grpc-web"
MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
FAULT = {"name": "envoy.filters.http.fault", "typed_config": {"@type": TYPE + "fault.v3.HTTPFault"}}


def teapot(content_type: str) -> dict[str, Any]:
    """Settings that abort requests of this type with 418."""
    share = {"numerator": 100}
    matcher = {"name": "content-type", "string_match": {"exact": content_type}}
    fields = {"abort": {"http_status": 418, "percentage": share}, "headers": [matcher]}
    return {"envoy.filters.http.fault": {"@type": TYPE + "fault.v3.HTTPFault", **fields}}


ROUTES: list[dict[str, Any]] = [
    {"match": {"prefix": "/grpc", "grpc": {}}, "route": {"cluster": "grpc"}},
    {"match": {"prefix": "/grpc"}, "route": {"cluster": "c"}},
    {"match": {"prefix": "/off"}, "route": {"cluster": "c"}, "typed_per_filter_config": off("web")},
    {"match": {"prefix": "/503"}, "direct_response": {"status": 503, "body": {"inline_string": "100%"}}},
    {"match": {"prefix": "/empty"}, "direct_response": {"status": 200}},
    {"match": {"prefix": "/own"}, "direct_response": {"status": 200, "body": {"inline_string": "frames"}},
     "response_headers_to_add": [{"header": {"key": "content-type", "value": "application/grpc-web+proto"}}]},
    {"match": {"prefix": "/stream"},
     "route": {"cluster": "c", "max_stream_duration": {"grpc_timeout_header_max": "9s"}}},
    {"match": {"prefix": "/most"}, "route": {"cluster": "c", "max_grpc_timeout": "9s"}},
    {"match": {"prefix": "/abort-grpc"}, "route": {"cluster": "c"}, "typed_per_filter_config": teapot(
        "application/grpc")},
    {"match": {"prefix": "/abort-web"}, "route": {"cluster": "c"}, "typed_per_filter_config": teapot(WEB)},
    {"match": {"prefix": "/hash"}, "route": {"cluster": "c", "hash_policy": [
        {"header": {"header_name": "content-type"}}]}},
    {"match": {"prefix": "/u"}, "route": {"cluster": "c"}},
]  # fmt: skip


def routed(*filters: dict[str, Any], **options: Any) -> Routed:
    """A router with these filters in front of the router filter; one for gRPC-Web unless told."""
    host = {"name": "h", "domains": ["*"], "routes": ROUTES}
    manager = {"@type": MANAGER, "stat_prefix": "m", "http_filters": [*(filters or (grpc_web(),)), ROUTER], **options}
    manager["route_config"] = {"name": "t", "virtual_hosts": [host]}
    return Routed.of(manager, {}, Connection(("10.0.0.1", 80), ("10.0.0.9", 7)), ["c", "grpc"])


def request(path: str, content_type: str = WEB, method: str = "POST", **headers: str) -> Request:
    """A request of gRPC-Web."""
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(b"h", path.encode(), method.encode(), headers=((b"content-type", content_type.encode()), *given))


def headers_of(found: Any) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in found}


def test_the_request_becomes_grpc() -> None:
    found = routed().decide(request("/u", te="x", content_length="5"))
    sent = headers_of(found.upstream_headers())
    assert "content-length" not in sent
    assert (sent["content-type"], sent["te"]) == ("application/grpc", "trailers")
    assert sent["grpc-accept-encoding"] == "identity"


def test_an_accepted_encoding_stays() -> None:
    sent = headers_of(routed().decide(request("/u", grpc_accept_encoding="gzip")).upstream_headers())
    assert sent["grpc-accept-encoding"] == "gzip"


@pytest.mark.parametrize("other", ["Application/grpc-web", f"{WEB};x", f"{WEB} ;x", f"{WEB}+json", f"{WEB},{WEB}"])
def test_near_misses_pass(other: str) -> None:
    sent = headers_of(routed().decide(request("/u", other)).upstream_headers())
    assert sent["content-type"] == other
    assert "te" not in sent


def test_the_route_is_chosen_before_the_request_is_grpc() -> None:
    assert routed().decide(request("/grpc")).cluster == "c"
    assert routed().decide(request("/grpc", "application/grpc")).cluster == "grpc"


def test_a_hash_policy_sees_the_new_type() -> None:
    found = routed()
    assert found.decide(request("/hash")).hash == found.decide(request("/hash", "application/grpc")).hash


def test_the_limit_of_the_stream_is_told_to_those_who_came_as_grpc() -> None:
    found = routed()
    assert headers_of(found.decide(request("/stream", grpc_timeout="5S")).upstream_headers())["grpc-timeout"] == "5S"
    came = found.decide(request("/stream", "application/grpc", grpc_timeout="5S"))
    assert headers_of(came.upstream_headers())["grpc-timeout"] == "5000m"


def test_the_timeout_of_a_route_is_that_of_grpc() -> None:
    found = routed().decide(request("/most", grpc_timeout="5S"))
    assert found.timeout == 5
    assert headers_of(found.upstream_headers())["grpc-timeout"] == "5000m"


def test_an_answer_keeps_its_status_and_loses_its_body() -> None:
    found = routed().decide(request("/503"))
    assert (found.status, found.body) == (503, b"")
    told = headers_of(found.downstream_headers())
    assert told["content-type"] == "application/grpc-web+proto"
    assert (told["grpc-status"], told["grpc-message"], told["content-length"]) == ("14", "100%25", "0")


def test_the_answer_to_head_tells_the_type_alone() -> None:
    told = headers_of(routed().decide(request("/503", method="HEAD")).downstream_headers())
    assert told == {"content-type": "application/grpc-web+proto"}


def test_an_answer_without_a_body_tells_the_type_alone() -> None:
    found = routed().decide(request("/empty"))
    assert headers_of(found.downstream_headers()) == {"content-type": "application/grpc-web+proto"}
    assert found.status == 200


def test_an_answer_that_says_it_is_grpc_web_keeps_its_body() -> None:
    found = routed().decide(request("/own"))
    assert found.body == b"frames"
    assert "grpc-status" not in headers_of(found.downstream_headers())


def test_no_route_is_a_404_of_grpc_web() -> None:
    found = routed().decide(request("/none"))
    assert (found.status, headers_of(found.downstream_headers())) == (
        404,
        {"content-type": "application/grpc-web+proto"},
    )


def test_what_is_answered_before_the_filters_stays() -> None:
    found = routed().decide(request("/u#f"))
    assert found.reason == "path_normalization_failed"
    assert found.downstream_headers() == []
    refused = routed().decide(request("/u", connection="upgrade", upgrade="q"))
    assert (refused.reason, refused.downstream_headers()) == ("upgrade_failed", [])


@pytest.mark.parametrize(
    ("status", "answered", "transformed"),
    [
        (200, "application/grpc", False),
        (503, "application/grpc", True),
        (200, "Application/GRPC-Web ; x", False),
        (503, WEB, True),
        (200, f"{WEB}-text", True),
        (200, "application/grpc;x", True),
    ],
)
def test_responses_of_upstreams(status: int, answered: str, transformed: bool) -> None:
    found = routed().decide(request("/u", accept=f"{WEB}-text"))
    given = [(b"content-type", answered.encode()), (b"content-length", b"7")]
    told = headers_of(found.downstream_headers(status, given))
    assert told["content-type"] == f"{WEB}-text+proto"
    assert told.get("content-length") == ("0" if transformed else None)
    assert ("grpc-status" in told) == transformed


def test_a_route_can_disable_it() -> None:
    found = routed().decide(request("/off"))
    assert headers_of(found.upstream_headers())["content-type"] == WEB
    assert headers_of(routed(grpc_web(disabled=True)).decide(request("/u")).upstream_headers())["content-type"] == WEB


@pytest.mark.parametrize(("fault_first", "path"), [(True, "/abort-web"), (False, "/abort-grpc")])
def test_a_fault_sees_what_comes_to_its_filter(fault_first: bool, path: str) -> None:
    filters = (FAULT, grpc_web()) if fault_first else (grpc_web(), FAULT)
    other = {"/abort-web": "/abort-grpc", "/abort-grpc": "/abort-web"}[path]
    aborted = routed(*filters).decide(request(path)).fault
    assert aborted is not None
    assert aborted.status == 418
    assert routed(*filters).decide(request(other)).fault is None


def test_an_explanation_tells_it() -> None:
    explained = routed().explain(request("/503"))
    assert explained.decision["body"] == b""
    told = [(step.subject, step.verdict) for step in explained.steps if step.stage == "filter"]
    assert told == [("web", "changed")]

"""The httpx transports: what reaches which endpoint, retries, and Envoy's own answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from support.clusters import endpoint
from support.echo import EchoServer

import fastroute

httpx = pytest.importorskip("httpx")

from fastroute.adapters.httpx import AsyncTransport, Transport  # noqa: E402

RETRY = {
    "retry_on": "5xx",
    "num_retries": 2,
    "retry_back_off": {"base_interval": "0.001s"},
    "retry_host_predicate": [
        {
            "name": "previous",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
            },
        }
    ],
    "host_selection_retry_max_attempts": 9,
}
FAULT = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
    "abort": {"http_status": 418, "percentage": {"numerator": 100}},
}
ROUTES: list[dict[str, Any]] = [
    {"match": {"path": "/a%2Fb"}, "route": {"cluster": "encoded"}},
    {"match": {"path": "/a/b"}, "route": {"cluster": "plain"}},
    {"match": {"path": "//x"}, "route": {"cluster": "double"}},
    {"match": {"prefix": "/api/"}, "route": {"cluster": "plain", "prefix_rewrite": "/v1/", "timeout": "3s"}},
    {"match": {"path": "/retry"}, "route": {"cluster": "two", "retry_policy": RETRY}},
    {"match": {"path": "/named"}, "route": {"cluster": "named", "auto_host_rewrite": True}},
    {"match": {"path": "/short"}, "route": {"cluster": "plain", "timeout": "0.02s"}},
    {"match": {"path": "/empty"}, "route": {"cluster": "empty"}},
    {"match": {"path": "/none"}, "route": {"cluster": "none", "retry_policy": RETRY}},
    {"match": {"path": "/full"}, "route": {"cluster": "full"}},
    {"match": {"path": "/pipe"}, "route": {"cluster": "pipe"}},
    {"match": {"path": "/old"}, "redirect": {"path_redirect": "/a/b"}},
    {"match": {"path": "/text"}, "direct_response": {"status": 200, "body": {"inline_string": "hello"}}},
    {
        "match": {"path": "/abort"},
        "route": {"cluster": "plain"},
        "typed_per_filter_config": {"envoy.filters.http.fault": FAULT},
    },
    {
        "match": {"path": "/twice", "headers": [{"name": "x-a", "string_match": {"exact": "2"}}]},
        "route": {"cluster": "plain"},
        "response_headers_to_add": [{"header": {"key": "x-answered", "value": "1"}}],
    },
]
HOST = {
    "name": "v",
    "domains": ["a.com"],
    "routes": ROUTES,
    "include_request_attempt_count": True,
    "include_attempt_count_in_response": True,
}


def cluster(name: str, *hosts: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": list(hosts)}]},
        **more,
    }


CLUSTERS = [
    cluster("encoded", endpoint(1)),
    cluster("plain", endpoint(2)),
    cluster("double", endpoint(3)),
    cluster("two", endpoint(4), endpoint(5), outlier_detection={"consecutive_5xx": 100}),
    cluster(
        "named",
        {
            "endpoint": {
                "hostname": "host.name",
                "address": {"socket_address": {"address": "::1", "port_value": 6}},
            }
        },
    ),
    cluster("empty"),
    cluster("none", endpoint(7), circuit_breakers={"thresholds": [{"max_retries": 0}]}),
    cluster("full", endpoint(8), circuit_breakers={"thresholds": [{"max_requests": 0}]}),
    cluster("pipe", {"endpoint": {"address": {"pipe": {"path": "/run/x.sock"}}}}),
]
Seen = list[Any]
Answers = Callable[[Any], Any]


def fine(request: Any) -> Any:
    return httpx.Response(200, content=request.read(), headers=[("x-upstream", str(request.url.port))])


class Bed:
    """A router, and both kinds of client before an inner transport that answers as told."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        sources = {"routes": [{"name": "r", "virtual_hosts": [HOST]}], "clusters": CLUSTERS}
        self.router = fastroute.Router(fastroute.load(sources), random=lambda: 0)
        self.seen: Seen = []
        self.answer: Answers = fine

    def _handle(self, request: Any) -> Any:
        self.seen.append(request)
        return self.answer(request)

    def get(self, url: str, method: str = "GET", **more: Any) -> Any:
        """The response that a client gets."""
        inner = httpx.MockTransport(self._handle)
        if self.kind == "sync":
            with httpx.Client(transport=Transport(self.router, inner)) as client:
                return client.request(method, url, **more)

        async def ask() -> Any:
            async with httpx.AsyncClient(transport=AsyncTransport(self.router, inner)) as client:
                return await client.request(method, url, **more)

        return asyncio.run(ask())

    def targets(self) -> list[bytes]:
        return [request.extensions["target"] for request in self.seen]

    def active(self) -> int:
        return sum(host.active for each in self.router.snapshot.clusters.values() for host in each.endpoints)


@pytest.fixture(params=["sync", "async"])
def bed(request: pytest.FixtureRequest) -> Bed:
    return Bed(request.param)


@pytest.mark.parametrize(("raw", "port"), [("/a%2Fb", "1"), ("/a/b", "2"), ("//x", "3")])
def test_the_raw_path_decides(bed: Bed, raw: str, port: str) -> None:
    assert bed.get(f"http://a.com{raw}").headers["x-upstream"] == port
    assert bed.targets() == [raw.encode()]


@pytest.mark.parametrize("raw", ["/a%2fb", "/x", "/a/b/"])
def test_near_misses_are_not_found(bed: Bed, raw: str) -> None:
    assert bed.get(f"http://a.com{raw}").status_code == 404
    assert not bed.seen


def test_the_endpoint_gets_what_the_route_made(bed: Bed) -> None:
    response = bed.get("http://a.com/api/x%20y?q=%2F", "POST", content=b"body", headers={"x-b": "1"})
    (request,) = bed.seen
    assert (response.status_code, response.content) == (200, b"body")
    assert (request.method, request.url.host, request.url.port) == ("POST", "127.0.0.1", 2)
    assert bed.targets() == [b"/v1/x%20y?q=%2F"]
    assert request.headers["host"] == "a.com"
    assert request.headers["content-length"] == "4"
    assert request.headers["x-envoy-original-path"] == "/api/x%20y?q=%2F"
    assert request.headers["x-envoy-attempt-count"] == "1"
    assert request.extensions["timeout"]["read"] == pytest.approx(3, abs=0.5)
    assert bed.active() == 0


def test_the_target_that_the_caller_gave_is_routed(bed: Bed) -> None:
    assert bed.get("http://a.com/", extensions={"target": b"/a%2Fb"}).headers["x-upstream"] == "1"


def test_repeated_headers(bed: Bed) -> None:
    response = bed.get("http://a.com/twice", headers=[("x-a", "1"), ("x-a", "2")])
    assert response.headers["x-answered"] == "1"
    assert bed.seen[0].headers.get_list("x-a") == ["1", "2"]
    assert bed.get("http://a.com/twice", headers=[("x-a", "1,2")]).status_code == 404


def test_an_empty_host_is_not_found(bed: Bed) -> None:
    assert bed.get("http://a.com/a/b", headers={"host": ""}).status_code == 404


def test_answers_of_envoys_own(bed: Bed) -> None:
    redirect = bed.get("http://a.com/old?q")
    assert (redirect.status_code, redirect.headers["location"]) == (301, "http://a.com/a/b?q")
    text = bed.get("http://a.com/text")
    assert (text.status_code, text.text, text.headers["content-type"]) == (200, "hello", "text/plain")
    assert bed.get("http://a.com/abort").status_code == 418
    assert not bed.seen


def test_a_retry_goes_to_another_host_with_the_same_body(bed: Bed) -> None:
    bed.answer = lambda request: httpx.Response(503) if len(bed.seen) < 3 else fine(request)
    response = bed.get("http://a.com/retry", "PUT", content=b"again")
    assert (response.status_code, response.content) == (200, b"again")
    assert [request.headers["x-envoy-attempt-count"] for request in bed.seen] == ["1", "2", "3"]
    assert {request.url.port for request in bed.seen[:2]} == {4, 5}
    assert response.headers["x-envoy-attempt-count"] == "3"
    assert bed.active() == 0


def test_the_last_response_stands(bed: Bed) -> None:
    bed.answer = lambda request: httpx.Response(500, text=f"{len(bed.seen)}")
    response = bed.get("http://a.com/retry")
    assert (response.status_code, response.text) == (500, "3")
    assert bed.router.snapshot.clusters["two"].breakers["default"].in_use("retries") == 0


def test_a_connection_that_fails_is_a_503(bed: Bed) -> None:
    def refuse(request: Any) -> Any:
        raise httpx.ConnectError("refused")

    bed.answer = refuse
    response = bed.get("http://a.com/a/b")
    assert response.status_code == 503
    words = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure"
    assert response.text == words
    assert len(bed.seen) == 1
    response = bed.get("http://a.com/retry")
    assert len(bed.seen) == 4
    assert "retried and the latest reset reason" in response.text
    assert bed.active() == 0


def test_no_room_for_retries(bed: Bed) -> None:
    bed.answer = lambda request: httpx.Response(503)
    assert bed.get("http://a.com/none").status_code == 503
    assert len(bed.seen) == 1


def test_no_room_for_requests(bed: Bed) -> None:
    response = bed.get("http://a.com/full")
    assert (response.status_code, response.headers["x-envoy-overloaded"]) == (503, "true")
    assert response.text.endswith("reset reason: overflow")
    assert not bed.seen


def test_no_healthy_upstream(bed: Bed) -> None:
    response = bed.get("http://a.com/empty")
    assert (response.status_code, response.text) == (503, "no healthy upstream")


def test_the_routes_timeout_is_a_504(bed: Bed) -> None:
    def late(request: Any) -> Any:
        import time

        time.sleep(0.03)
        raise httpx.ReadTimeout("late", request=request)

    bed.answer = late
    response = bed.get("http://a.com/short")
    assert (response.status_code, response.text) == (504, "upstream request timeout")
    assert bed.active() == 0


def test_the_clients_own_timeout_is_raised(bed: Bed) -> None:
    def late(request: Any) -> Any:
        raise httpx.ReadTimeout("late", request=request)

    bed.answer = late
    with pytest.raises(httpx.ReadTimeout):
        bed.get("http://a.com/api/x", timeout=0.01)
    assert bed.active() == 0


def test_errors_that_are_no_networks_are_raised(bed: Bed) -> None:
    def wrong(request: Any) -> Any:
        raise httpx.LocalProtocolError("wrong")

    bed.answer = wrong
    with pytest.raises(httpx.LocalProtocolError):
        bed.get("http://a.com/retry")
    assert (len(bed.seen), bed.active()) == (1, 0)


def test_the_endpoints_name_becomes_the_host(bed: Bed) -> None:
    bed.get("http://a.com/named")
    (request,) = bed.seen
    assert (request.url.host, request.headers["host"]) == ("::1", "host.name")
    assert request.headers["x-envoy-original-host"] == "a.com"


def test_a_pipe_is_refused(bed: Bed) -> None:
    with pytest.raises(fastroute.FastrouteError, match="no address and port"):
        bed.get("http://a.com/pipe")
    assert bed.active() == 0


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_over_real_connections_the_target_is_sent_as_it_is(kind: str) -> None:
    table = {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [ROUTES[3]]}]}
    with EchoServer() as upstream:
        sources = {"routes": [table], "clusters": [cluster("plain", upstream.endpoint)]}
        router = fastroute.Router(fastroute.load(sources))
        target = b"/api/%7Ea//b/../c|%2F?x=%20&y=a b".replace(b" ", b"%20")

        async def ask() -> Any:
            async with httpx.AsyncClient(transport=AsyncTransport(router)) as client:
                return await client.post("http://a.com/", content=b"xyz", extensions={"target": target})

        if kind == "sync":
            with httpx.Client(transport=Transport(router)) as client:
                response = client.post("http://a.com/", content=b"xyz", extensions={"target": target})
        else:
            response = asyncio.run(ask())
        assert response.json()["body"] == "xyz"
        assert upstream.requests[0].line.encode() == b"POST " + target.replace(b"/api/", b"/v1/") + b" HTTP/1.1"
        assert [name for name, _ in upstream.requests[0].headers].count("Host") <= 1

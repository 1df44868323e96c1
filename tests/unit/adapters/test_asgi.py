"""Dispatch: what is routed, what the application sees, what is answered in its place."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import fastroute
from fastroute.adapters import answers
from fastroute.adapters.asgi import Dispatch

EXTENSIONS = "type.googleapis.com/envoy.extensions.filters"
CORS = {
    "envoy.filters.http.cors": {
        "@type": f"{EXTENSIONS}.http.cors.v3.CorsPolicy",
        "allow_origin_string_match": [{"exact": "http://o.com"}],
        "allow_methods": "PUT",
    }
}
FAULT = {
    "envoy.filters.http.fault": {
        "@type": f"{EXTENSIONS}.http.fault.v3.HTTPFault",
        "abort": {"http_status": 418, "percentage": {"numerator": 100}},
    }
}
ROUTES: list[dict[str, Any]] = [
    {"match": {"path": "/a%2Fb"}, "route": {"cluster": "encoded"}},
    {"match": {"path": "/a/b"}, "route": {"cluster": "plain"}},
    {"match": {"path": "//x"}, "route": {"cluster": "double"}},
    {"match": {"prefix": "/api/"}, "route": {"cluster": "api", "prefix_rewrite": "/v1/"}},
    {"match": {"path": "/old"}, "redirect": {"path_redirect": "/new", "response_code": "FOUND"}},
    {"match": {"path": "/text"}, "direct_response": {"status": 200, "body": {"inline_string": "hello"}}},
    {"match": {"path": "/cors"}, "route": {"cluster": "api"}, "typed_per_filter_config": CORS},
    {"match": {"path": "/abort"}, "route": {"cluster": "api"}, "typed_per_filter_config": FAULT},
    {"match": {"path": "/nobody"}, "route": {"cluster": "nobody"}},
    {
        "match": {"path": "/ws"},
        "route": {"cluster": "ws", "upgrade_configs": [{"upgrade_type": "websocket"}], "prefix_rewrite": "/socket"},
    },
    {
        "match": {"path": "/twice", "headers": [{"name": "x-a", "string_match": {"exact": "2"}}]},
        "route": {"cluster": "twice"},
    },
    {
        "match": {"path": "/query", "query_parameters": [{"name": "q", "string_match": {"exact": "%20"}}]},
        "route": {"cluster": "query"},
        "request_headers_to_add": [{"header": {"key": "x-added", "value": "1"}}],
        "response_headers_to_add": [{"header": {"key": "x-answered", "value": "1"}}],
        "response_headers_to_remove": ["x-secret"],
    },
]  # fmt: skip
HOST = {"name": "v", "domains": ["a.com"], "routes": ROUTES}
TABLE = {"name": "r", "virtual_hosts": [HOST]}
NAMES = ("encoded", "plain", "double", "api", "ws", "twice", "query")


class Application:
    """Remembers the scopes that it was called with, and answers 200."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.scopes: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        headers = [(b"X-Secret", b"s"), (b"x-app", self.name.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": await_body(await receive())})


def await_body(message: Any) -> bytes:
    return bytes(message.get("body", b""))


class Bed:
    """A Dispatch with one application for each cluster."""

    def __init__(self, **more: Any) -> None:
        self.router = fastroute.Router(fastroute.load({"routes": [TABLE]}), random=lambda: 0)
        self.applications = {name: Application(name) for name in NAMES}
        self.dispatch = Dispatch(self.router, self.applications, **more)

    def call(self, raw: str, headers: Any = ((b"host", b"a.com"),), **more: Any) -> list[Any]:
        """What was sent for a request to the raw target."""
        path, _, query = raw.partition("?")
        scope = {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": "/decoded/and/wrong",
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": list(headers),
            "client": ("10.0.0.9", 1234),
            "server": ("10.0.0.1", 80),
            **more,
        }
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"body", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.dispatch(scope, receive, send))
        return sent

    def scope(self, name: str) -> Any:
        """The scope that the application `name` saw last."""
        return self.applications[name].scopes[-1]


@pytest.fixture
def bed() -> Bed:
    return Bed()


@pytest.mark.parametrize(("raw", "name"), [("/a%2Fb", "encoded"), ("/a/b", "plain"), ("//x", "double")])
def test_the_raw_path_decides(bed: Bed, raw: str, name: str) -> None:
    sent = bed.call(raw)
    assert (sent[0]["status"], dict(sent[0]["headers"])[b"x-app"]) == (200, name.encode())
    assert bed.scope(name)["raw_path"] == raw.encode()


@pytest.mark.parametrize("raw", ["/a%2fb", "/x", "/a/b/", "/A/b"])
def test_near_misses_are_not_found(bed: Bed, raw: str) -> None:
    assert bed.call(raw)[0]["status"] == 404


def test_the_application_sees_what_the_route_made(bed: Bed) -> None:
    bed.call("/api/caf%C3%A9?x=%2F", root_path="/api")
    scope = bed.scope("api")
    assert (scope["raw_path"], scope["path"], scope["query_string"]) == (b"/v1/caf%C3%A9", "/v1/café", b"x=%2F")
    assert scope["root_path"] == ""
    headers = dict(scope["headers"])
    assert headers[b"host"] == b"a.com"
    assert headers[b"x-envoy-original-path"] == b"/api/caf%C3%A9?x=%2F"


def test_the_root_path_stays_where_the_path_lies_below_it(bed: Bed) -> None:
    bed.call("/a/b", root_path="/a")
    assert bed.scope("plain")["root_path"] == "/a"


def test_query_strings_are_matched_as_they_came(bed: Bed) -> None:
    sent = bed.call("/query?q=%20&r=1")
    scope = bed.scope("query")
    assert scope["query_string"] == b"q=%20&r=1"
    assert dict(scope["headers"])[b"x-added"] == b"1"
    headers = dict(sent[0]["headers"])
    assert headers[b"x-answered"] == b"1"
    assert b"x-secret" not in headers
    assert bed.call("/query?q=+")[0]["status"] == 404


def test_any_of_repeated_headers_matches_and_they_stay_apart(bed: Bed) -> None:
    bed.call("/twice", [(b"host", b"a.com"), (b"x-a", b"1"), (b"X-A", b"2")])
    assert [pair for pair in bed.scope("twice")["headers"] if pair[0] == b"x-a"] == [(b"x-a", b"1"), (b"x-a", b"2")]
    assert bed.call("/twice", [(b"host", b"a.com"), (b"x-a", b"1,2")])[0]["status"] == 404


def test_a_redirect_is_answered(bed: Bed) -> None:
    start, body = bed.call("/old?q")
    assert start["status"] == 302
    assert (b"location", b"http://a.com/new?q") in start["headers"]
    assert (b"content-length", b"0") in start["headers"]
    assert body["body"] == b""


def test_a_direct_response_is_answered(bed: Bed) -> None:
    start, body = bed.call("/text")
    assert (start["status"], body["body"]) == (200, b"hello")
    assert {(b"content-length", b"5"), (b"content-type", b"text/plain")} <= set(start["headers"])


def test_head_gets_the_headers_of_a_direct_response_alone(bed: Bed) -> None:
    start, body = bed.call("/text", method="HEAD")
    assert (b"content-length", b"5") in start["headers"]
    assert body["body"] == b""


def test_a_grpc_client_is_told_in_headers(bed: Bed) -> None:
    start, body = bed.call("/none", [(b"host", b"a.com"), (b"content-type", b"application/grpc")])
    assert (start["status"], body["body"]) == (200, b"")
    assert (b"grpc-status", b"12") in start["headers"]


def test_a_preflight_is_answered(bed: Bed) -> None:
    asked = [(b"host", b"a.com"), (b"origin", b"http://o.com"), (b"access-control-request-method", b"PUT")]
    start, _ = bed.call("/cors", asked, method="OPTIONS")
    assert start["status"] == 200
    allowed = {(b"access-control-allow-origin", b"http://o.com"), (b"access-control-allow-methods", b"PUT")}
    assert allowed <= set(start["headers"])
    assert not bed.applications["api"].scopes


def test_a_response_to_an_allowed_origin_says_so(bed: Bed) -> None:
    start, _ = bed.call("/cors", [(b"host", b"a.com"), (b"origin", b"http://o.com")])
    assert (b"access-control-allow-origin", b"http://o.com") in start["headers"]
    start, _ = bed.call("/cors", [(b"host", b"a.com"), (b"origin", b"http://other.com")])
    assert b"access-control-allow-origin" not in dict(start["headers"])


def test_a_fault_is_injected(bed: Bed) -> None:
    start, body = bed.call("/abort")
    assert (start["status"], body["body"]) == (418, b"fault filter abort")


def test_a_cluster_without_an_application_has_no_healthy_upstream(bed: Bed) -> None:
    start, body = bed.call("/nobody")
    assert (start["status"], body["body"]) == (503, b"no healthy upstream")
    bed.router.bind({"nobody": bed.applications["api"]})
    assert bed.call("/nobody")[0]["status"] == 200


def test_no_host_is_refused_and_an_empty_one_not_found(bed: Bed) -> None:
    assert bed.call("/a/b", [])[0]["status"] == 400
    assert bed.call("/a/b", [(b"host", b"")])[0]["status"] == 404


def test_a_server_without_raw_paths_is_refused(bed: Bed) -> None:
    with pytest.raises(fastroute.RequestError, match="no raw_path"):
        bed.call("/a/b", raw_path=None)


@pytest.mark.parametrize("given", [{"server": ("/run/app.sock", None)}, {"client": None}, {"server": None}])
def test_no_connection_is_made_up_where_an_address_is_missing(bed: Bed, given: Any) -> None:
    assert bed.call("/a/b", **given)[0]["status"] == 200


def test_the_path_of_a_websocket_is_rewritten(bed: Bed) -> None:
    sent = bed.call("/ws", type="websocket", scheme="ws")
    assert sent == [{"type": "websocket.accept"}]
    assert bed.scope("ws")["raw_path"] == b"/socket"


def test_a_websocket_that_no_route_enables_is_refused(bed: Bed) -> None:
    assert bed.call("/a/b", type="websocket", scheme="ws")[0]["type"] == "websocket.close"
    told = bed.call("/a/b", type="websocket", scheme="ws", extensions={"websocket.http.response": {}})
    assert (told[0]["type"], told[0]["status"]) == ("websocket.http.response.start", 403)


def bootstrap() -> dict[str, Any]:
    router = {"@type": f"{EXTENSIONS}.http.router.v3.Router"}
    manager = {
        "@type": f"{EXTENSIONS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "s",
        "use_remote_address": True,
        "route_config": TABLE,
        "http_filters": [{"name": "router", "typed_config": router}],
    }
    address = {"socket_address": {"address": "10.0.0.1", "port_value": 80}}
    chain = {"filters": [{"name": "hcm", "typed_config": manager}]}
    clusters = [{"name": name} for name in (*NAMES, "nobody")]
    return {
        "static_resources": {
            "listeners": [{"name": "l", "address": address, "filter_chains": [chain]}],
            "clusters": clusters,
        }
    }


def test_the_filter_chain_of_the_connection_decides_where_listeners_are_known() -> None:
    router = fastroute.Router(fastroute.load(bootstrap()))
    bed = Bed()
    bed.dispatch = Dispatch(router, bed.applications, chain=router.connect)
    assert bed.call("/a/b")[0]["status"] == 200
    assert (b"x-forwarded-for", b"10.0.0.9") in bed.scope("plain")["headers"]
    with pytest.raises(fastroute.RequestError, match="no listener"):
        bed.call("/a/b", server=("10.0.0.1", 81))


class Lifespan:
    """Knows lifespans, or fails in one."""

    def __init__(self, failing: str = "") -> None:
        self.failing = failing
        self.seen: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        for kind in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{kind}"
            self.seen.append(kind)
            scope["state"][kind] = True
            if self.failing == kind:
                await send({"type": f"lifespan.{kind}.failed", "message": "broken"})
                return
            await send({"type": f"lifespan.{kind}.complete"})


async def knows_none(scope: Any, receive: Any, send: Any) -> None:
    raise KeyError(scope["type"])


def live(*applications: Any) -> list[Any]:
    """What is sent over one lifespan of a Dispatch with these applications."""
    told = iter(["lifespan.startup", "lifespan.shutdown"])
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": next(told)}

    async def send(message: Any) -> None:
        sent.append(message)

    router = fastroute.Router(fastroute.load({"routes": [TABLE]}))
    named = {f"{number}": application for number, application in enumerate(applications)}
    scope = {"type": "lifespan", "state": {}}
    asyncio.run(asyncio.wait_for(Dispatch(router, named)(scope, receive, send), 10))
    return sent


def test_every_application_lives_once() -> None:
    one, two = Lifespan(), Lifespan()
    sent = live(one, knows_none, two, one)
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert one.seen == two.seen == ["startup", "shutdown"]


def test_a_start_that_fails_ends_those_before_it() -> None:
    one, broken = Lifespan(), Lifespan("startup")
    assert live(one, broken) == [{"type": "lifespan.startup.failed", "message": "broken"}]
    assert one.seen == ["startup", "shutdown"]


def test_a_shutdown_that_fails_is_told() -> None:
    one = Lifespan()
    assert live(Lifespan("shutdown"), one)[-1] == {"type": "lifespan.shutdown.failed", "message": "broken"}
    assert one.seen == ["startup", "shutdown"]


def test_filters_that_change_bodies_are_not_for_adapters() -> None:
    http = f"{EXTENSIONS}.http."
    web = {"name": "web", "typed_config": {"@type": http + "grpc_web.v3.GrpcWeb"}}
    router = {"name": "router", "typed_config": {"@type": http + "router.v3.Router"}}
    manager = {
        "@type": f"{EXTENSIONS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "m",
        "http_filters": [web, router],
        "route_config": {"name": "t", "virtual_hosts": [{"name": "h", "domains": ["*"], "routes": ROUTES}]},
    }
    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "10.0.0.1", "port_value": 80}},
        "filter_chains": [{"filters": [{"name": "m", "typed_config": manager}]}],
    }
    found = fastroute.Router(fastroute.load({"listeners": [listener]}))
    decision = found.route("h", "/text", chain=found.connect(fastroute.Connection(("10.0.0.1", 80))))
    with pytest.raises(fastroute.FastrouteError, match="the HTTP filters web change bodies"):
        answers.own(decision)

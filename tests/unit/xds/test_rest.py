"""Subscriptions by REST (XD-25): what is posted, what an answer does, and what goes on when there is none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from support import xds_resources as made
from support.xds_resources import until

from fastroute.api import names
from fastroute.xds import FollowingRouter, connect

Tree = dict[str, Any]
KINDS = {
    "clusters": names.CLUSTER,
    "listeners": names.LISTENER,
    "endpoints": names.CLUSTER_LOAD_ASSIGNMENT,
    "routes": names.ROUTE_CONFIGURATION,
}


class RestServer:
    """A control plane that answers polls; `bodies` and `status` replace its answers."""

    def __init__(self) -> None:
        self.version = "1"
        self.resources: dict[str, list[Tree]] = {}
        self.asked: dict[str, list[Tree]] = {kind: [] for kind in KINDS}
        self.bodies: dict[str, bytes] = {}
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                kind = self.path.removeprefix("/v3/discovery:")
                outer.asked[kind].append(body)
                data = outer.answer(kind, body)
                status = 304 if body.get("version_info") == outer.version and outer.status == 200 else outer.status
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(0 if status == 304 else len(data)))
                self.end_headers()
                if status != 304:
                    self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def answer(self, kind: str, body: Tree) -> bytes:
        if kind in self.bodies:
            return self.bodies[kind]
        wanted = body.get("resource_names", [])
        items = [
            {"@type": names.url(KINDS[kind]), **each}
            for each in self.resources[kind]
            if not wanted or each.get("name", each.get("cluster_name")) in wanted
        ]
        return json.dumps({"version_info": self.version, "resources": items}).encode()

    def change(self, **resources: list[Tree]) -> None:
        self.resources.update(resources)
        self.version = str(int(self.version) + 1)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def server() -> Iterator[RestServer]:
    found = RestServer()
    yield found
    found.stop()


def source() -> Tree:
    config = {
        "api_type": "REST",
        "transport_api_version": "V3",
        "cluster_names": ["xds"],
        "refresh_delay": "0.05s",
        "request_timeout": "5s",
    }
    return {"api_config_source": config, "resource_api_version": "V3"}


@pytest.fixture
def router(server: RestServer) -> Iterator[FollowingRouter]:
    server.resources = dict(made.world(1, source=source()))
    with connect(made.bootstrap(made.server_cluster(server.port, http2=False), source=source())) as router:
        yield router.ready(10)


def port(router: FollowingRouter) -> object:
    decision = router.route("x", "/", route_config="r")
    endpoint = router.pick(decision) if decision.kind == "forward" else None
    return endpoint.port if endpoint is not None else decision.reason


def test_polls_bring_changes(server: RestServer, router: FollowingRouter) -> None:
    assert port(router) == 1
    server.change(endpoints=[made.endpoints("c", 2)])
    until(lambda: port(router) == 2)
    assert server.asked["endpoints"][0]["resource_names"] == ["c"]
    assert server.asked["endpoints"][0]["node"]["id"] == "n"
    assert server.asked["endpoints"][0]["type_url"] == names.url(names.CLUSTER_LOAD_ASSIGNMENT)
    until(lambda: server.asked["endpoints"][-1]["version_info"] == server.version)


def test_a_refused_answer_keeps_the_version(server: RestServer, router: FollowingRouter) -> None:
    clusters = [*server.resources["clusters"], {"name": "bad", "type": "EDS"}]
    server.change(endpoints=[made.endpoints("c", 2)], clusters=clusters)
    until(lambda: port(router) == 2)
    asked = server.asked["clusters"]
    count = len(asked)
    until(lambda: len(asked) > count + 1)
    assert asked[-1]["version_info"] == "1"
    assert not any("error_detail" in each for each in asked)
    assert any("bad" in each.error for each in router.status().feeds)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff\xfe", b'{"resources": [{}]}', b'{"nonsense": 1}', b"[" * 5000]
)
def test_garbage_changes_nothing(server: RestServer, router: FollowingRouter, body: bytes) -> None:
    server.version = "9"
    server.bodies["endpoints"] = body
    until(lambda: any(each.error for each in router.status().feeds))
    assert port(router) == 1
    del server.bodies["endpoints"]
    server.change(endpoints=[made.endpoints("c", 2)])
    until(lambda: port(router) == 2)


def test_a_failing_server_is_asked_again(server: RestServer, router: FollowingRouter) -> None:
    server.status = 503
    until(lambda: all("status 503" in each.error for each in router.status().feeds))
    assert port(router) == 1
    server.status = 200
    server.change(endpoints=[made.endpoints("c", 2)])
    until(lambda: port(router) == 2)

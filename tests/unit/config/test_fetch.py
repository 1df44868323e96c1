"""Pages as sources: what they say is read, and one that is dead, slow, huge or no configuration is a clear error."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

import fastroute
from fastroute.cli.route import route
from fastroute.cli.simulate import simulate
from fastroute.cli.validate import validate
from fastroute.config.fetch import fetch
from fastroute.errors import ParseError

ROUTES = {
    "name": "r",
    "virtual_hosts": [
        {"name": "v", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "blue"}}]}
    ],
}
ENDPOINT = {"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": 80}}}}
CLUSTER = {
    "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "name": "blue",
    "load_assignment": {"cluster_name": "blue", "endpoints": [{"lb_endpoints": [ENDPOINT]}]},
}
DUMP = {"resources": [{"@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration", **ROUTES}, CLUSTER]}


class Page(BaseHTTPRequestHandler):
    """Answers by its path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answer: Callable[[], None] = getattr(self, self.path.strip("/").partition("?")[0])
        answer()

    def say(self, body: bytes, length: int | None = None, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body) if length is None else length))
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def config_dump(self) -> None:
        self.say(json.dumps(DUMP).encode())

    def missing(self) -> None:
        self.say(b"no such page", status=404)

    def html(self) -> None:
        self.say(b"<html>hello</html>")

    def empty(self) -> None:
        self.say(b"")

    def short(self) -> None:
        self.say(b"{}", length=10)

    def huge(self) -> None:
        self.say(b" " * 200_000)

    def silent(self) -> None:
        time.sleep(1)
        self.say(b"{}")

    def dripping(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        for _ in range(20):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.05)
        self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def refusal(url: str, **bounds: float) -> str:
    with pytest.raises(ParseError) as caught:
        fetch(url, **bounds)  # type: ignore[arg-type]
    assert caught.value.where is not None
    assert caught.value.where.file == url
    assert caught.value.remedy
    return caught.value.message


def test_pages_without_an_answer(site: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert "Connection refused" in refusal(f"http://127.0.0.1:{taken.getsockname()[1]}/config_dump")
    assert refusal(f"{site}/missing") == "the page answers 404 Not Found"
    assert refusal(f"{site}/short") == "the page ends 8 bytes too early"
    assert refusal(f"{site}/huge", largest=100_000) == "the page is larger than 100000 bytes"
    assert refusal(f"{site}/silent", silence=0.1) == "the page does not answer in time"
    assert refusal(f"{site}/dripping", whole=0.3) == "the page does not answer in time"
    assert "cannot be fetched" in refusal("http://[::1/")
    assert "cannot be fetched" in refusal("http:///nothing")


@pytest.mark.parametrize("page", ["html", "empty"])
def test_what_is_no_configuration(site: str, page: str) -> None:
    with pytest.raises(ParseError) as caught:
        fastroute.load(f"{site}/{page}")
    assert str(caught.value).startswith(f"{site}/{page}:1:1: ")


def test_a_page_is_a_source_of_every_command(site: str) -> None:
    url = f"{site}/config_dump?include_eds"
    found = CliRunner().invoke(route, [url, "http://a/x"])
    assert "cluster        blue" in found.output
    assert "10.0.0.1:80" in found.output
    verdict = CliRunner().invoke(validate, [url])
    assert verdict.exit_code == 0
    assert f"{url}: Envoy takes it" in verdict.output
    assert "10.0.0.1:80" in CliRunner().invoke(simulate, [url, "http://a/x"]).output


def test_verdicts_on_pages_that_say_nothing(site: str) -> None:
    found = CliRunner().invoke(validate, [f"{site}/missing", f"{site}/html"])
    assert found.exit_code == 1
    assert f"{site}/missing: error[file]: the page answers 404 Not Found" in found.output
    assert f"{site}/html:1:1: error[" in found.output
    assert CliRunner().invoke(validate, ["nothing.json"]).exit_code == 2
    assert CliRunner().invoke(route, ["nothing.json", "http://a/"]).exit_code == 2

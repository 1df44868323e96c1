"""Clients and upstreams see the same of the example proxy and of the real Envoy, by the same bootstrap.

Not compared is what only a proxy knows: `date`, `server`, `x-envoy-upstream-service-time`, and `x-request-id`, which is
random. `connection` and the framing are each connection's own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.echo import EchoServer, Received
from support.envoy import Envoy, require_binary
from support.http1 import HttpClient, Response, render
from support.ports import free_ports
from support.shared import ROOT

pytestmark = pytest.mark.envoy

EXAMPLE = ROOT / "examples" / "proxy"
KNOWN_TO_THE_PROXY = {"date", "server", "x-request-id", "x-envoy-upstream-service-time", "connection"}
FRAMING = {"content-length", "transfer-encoding"}
SHOP = b"shop.example.com"
JSON = (b"content-type", b"application/json")


class Upstream(EchoServer):
    """Waits where the path says slow."""

    def _answer(self, status: int, received: Received) -> bytes:
        if " /slow" in received.line:
            time.sleep(0.5)
        return super()._answer(status, received)


@dataclass
class Bed:
    """Both proxies, on ports of their own, and their upstreams."""

    clients: dict[str, HttpClient]
    items: Upstream
    copies: EchoServer


def bootstrap(port: int, items: int, copies: int, down: int) -> dict[str, Any]:
    """The example's bootstrap with other ports."""
    text = (EXAMPLE / "bootstrap.yaml").read_text(encoding="utf-8")
    for old, new in ((10000, port), (9001, items), (9002, copies), (9003, down)):
        assert f"port_value: {old}}}" in text
        text = text.replace(f"port_value: {old}}}", f"port_value: {new}}}")
    made: dict[str, Any] = yaml.safe_load(text)
    return made


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    require_binary()
    ours, theirs, down = free_ports(3)
    path = tmp_path_factory.mktemp("proxy") / "bootstrap.json"
    with Upstream("items") as items, EchoServer("copies") as copies:
        path.write_text(json.dumps(bootstrap(ours, items.port, copies.port, down)), encoding="utf-8")
        process = started(path)
        try:
            with Envoy(bootstrap(theirs, items.port, copies.port, down)):
                clients = {"ours": HttpClient(ours), "theirs": HttpClient(theirs)}
                yield Bed(clients, items, copies)
                for client in clients.values():
                    client.close()
        finally:
            process.terminate()
            process.communicate(timeout=10)


def started(path: Path) -> subprocess.Popen[str]:
    """The example proxy, once it serves."""
    command = [sys.executable, str(EXAMPLE / "proxy.py"), str(path)]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": ""}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "serving\n"
    return process


def seen_by_client(response: Response, *, body: bool = True) -> dict[str, Any]:
    """What is compared of a response; that of the echo tells of the request, which is compared by itself."""
    skip = KNOWN_TO_THE_PROXY | FRAMING
    pairs = [(name.decode(), value.decode("latin-1")) for name, value in response.headers]
    headers = sorted(pair for pair in pairs if pair[0] not in skip)
    return {"status": response.status, "headers": headers, "body": response.body if body else b""}


def seen_by_upstream(received: Received) -> dict[str, Any]:
    """What is compared of a request."""
    pairs = [(name.lower(), value) for name, value in received.headers]
    headers = sorted(pair for pair in pairs if pair[0] not in KNOWN_TO_THE_PROXY)
    return {"line": received.line, "headers": headers, "body": received.body}


def take(seen: dict[str, Any], name: str) -> str:
    """Take a header out of what an upstream saw."""
    value = dict(seen["headers"])[name]
    seen["headers"] = [pair for pair in seen["headers"] if pair[0] != name]
    return str(value)


def both(bed: Bed, raw: bytes, script: tuple[Any, ...] = ()) -> tuple[Any, Any, list[Any]]:
    """What clients and upstream saw by our proxy, and by Envoy, and the requests that we sent upstream."""
    found = []
    requests: list[Any] = []
    for name in ("ours", "theirs"):
        before = len(bed.items.requests)
        bed.items.script(*script)
        response = bed.clients[name].send(raw)
        sent = [seen_by_upstream(each) for each in bed.items.requests[before:]]
        requests = requests or sent
        found.append((seen_by_client(response, body=response.header("x-upstream") is None), sent))
    return found[0], found[1], requests


GRPC = (b"content-type", b"application/grpc")
ORIGIN = (b"origin", b"http://shop.example.com")
PUT = (b"access-control-request-method", b"PUT")
SECRET = [(b"X-Secret", b"s"), (b"te", b"gzip"), (b"x-a", b"1"), (b"x-a", b"2")]
FORWARDED = [(b"x-forwarded-for", b"1.2.3.4"), (b"x-envoy-retry-on", b"5xx")]
CHUNKS = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
LONG = b"x" * 70_000
REQUESTS: dict[str, bytes] = {
    "a rewritten path": render("GET", b"/api/items?page=2", SHOP),
    "a path of another case": render("GET", b"/API/items", SHOP),
    "an encoded slash": render("GET", b"/api/a%2Fb%20c?x=%2F&x=+", SHOP),
    "two slashes and dots": render("GET", b"//api/../api/./b//c", SHOP),
    "a host that is rewritten": render("GET", b"/api/items", SHOP, [(b"X-User", b"ann")]),
    "near that user": render("GET", b"/api/items", SHOP, [(b"x-user", b"anna")]),
    "headers that go": render("GET", b"/api/x", SHOP, SECRET),
    "headers of a proxy": render("GET", b"/api/x", SHOP, FORWARDED),
    "a body": render("POST", b"/api/items", SHOP, [JSON], b'{"a": 1}'),
    "a long body": render("PUT", b"/api/items", SHOP, [], LONG),
    "a body in chunks": render("POST", b"/api/items", SHOP, [(b"transfer-encoding", b"chunked")]) + CHUNKS,
    "no body": render("POST", b"/api/items", SHOP),
    "DELETE": render("DELETE", b"/api/items", SHOP),
    "TRACE": render("TRACE", b"/api/items", SHOP),
    "PATCH": render("PATCH", b"/api/items", SHOP),
    "an empty host": render("GET", b"/", b""),
    "an absolute target": render("GET", b"http://shop.example.com/api/x", None),
    "HEAD": render("HEAD", b"/api/items", SHOP),
    "a redirect": render("GET", b"/old?a=b", SHOP),
    "a redirect to TLS": render("GET", b"/x?y", b"secure.example.com"),
    "a direct response": render("GET", b"/health", SHOP),
    "HEAD of a direct response": render("HEAD", b"/health", SHOP),
    "an unknown host": render("GET", b"/", b"other.example.com"),
    "no host": render("GET", b"/", None),
    "no route": render("GET", b"/none", SHOP),
    "gRPC without a route": render("POST", b"/none", SHOP, [GRPC]),
    "a fault": render("GET", b"/broken", SHOP),
    "a preflight": render("OPTIONS", b"/open/x", SHOP, [ORIGIN, PUT]),
    "a preflight of a stranger": render("OPTIONS", b"/open/x", SHOP, [(b"origin", b"http://x.com"), PUT]),
    "another origin's request": render("GET", b"/open/x", SHOP, [ORIGIN]),
    "nothing listens": render("GET", b"/down", SHOP),
    "no endpoint": render("GET", b"/empty", SHOP),
    "no endpoint for gRPC": render("POST", b"/empty", SHOP, [GRPC]),
    "too slow": render("GET", b"/slow", SHOP),
    "a wrong method": render("get", b"/", SHOP),
    "a wrong header": render("GET", b"/", SHOP, [(b"a b", b"c")]),
    "an upgrade": render("GET", b"/api/x", SHOP, [(b"connection", b"upgrade"), (b"upgrade", b"websocket")]),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_the_same_as_envoy(bed: Bed, name: str) -> None:
    ours, theirs, _ = both(bed, REQUESTS[name])
    assert ours == theirs


SCRIPTS: dict[str, tuple[tuple[Any, ...], int]] = {
    "the second is fine": ((503, 200), 2),
    "a connection is closed": (("reset", 200), 2),
    "the last stands": ((503, 500, 502), 3),
    "not found is final": ((404,), 1),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_retries(bed: Bed, name: str) -> None:
    script, attempts = SCRIPTS[name]
    ours, theirs, requests = both(bed, render("POST", b"/retry", SHOP, [JSON], b"{}"), script)
    for _, sent in (ours, theirs):
        left = [int(take(each, "x-envoy-expected-rq-timeout-ms")) for each in sent]
        assert left[0] == 15_000
        assert all(15_000 >= each > 10_000 for each in left[1:]), left
    assert ours == theirs
    counts = [dict(each["headers"])["x-envoy-attempt-count"] for each in requests]
    assert counts == [f"{number}" for number in range(1, attempts + 1)]


def test_copies(bed: Bed) -> None:
    ours, theirs, _ = both(bed, render("POST", b"/copied", SHOP, [JSON], b"{}"))
    assert ours == theirs
    deadline = time.monotonic() + 10
    while len(bed.copies.requests) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    first, second = (seen_by_upstream(each) for each in bed.copies.requests)
    assert first == second
    assert dict(first["headers"])["host"] == "shop.example.com-shadow"


def test_a_connection_is_kept(bed: Bed) -> None:
    raws = [REQUESTS["a rewritten path"], REQUESTS["a direct response"], REQUESTS["a redirect"]]
    assert [each.status for each in bed.clients["ours"].send_all(raws)] == [200, 200, 302]

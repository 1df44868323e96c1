"""What requests cost the real Envoy: the CPU time of its process, not the time that the client waits.

    with RouteCost(matches, one, asked, host) as cost:
        cost.whole()     CPU nanoseconds a request, over the next few of those asked
        cost.one()       the same with the table of the single route `one`

One process has two listeners: one with the whole table, one with a single route that takes every request. Both are
asked on keep-alive connections; what they share (codec, filters, socket) cancels out in the difference, which is
what matching costs. Each route of the table answers with its number, which is asserted. Not pipelined: Envoy closes
connections on which the next request is there before its own answer is out.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.envoy import Envoy

from rigs.scale import SMOKE

MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
ANSWERED = b"HTTP/1.1 200 OK"
Request = tuple[str, Any]


def _listener(name: str, matches: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A listener whose routes have an answer of Envoy's own, their number, in place of an upstream."""
    routes = [
        {"match": match, "direct_response": {"status": 200, "body": {"inline_string": str(number)}}}
        for number, match in enumerate(matches)
    ]
    hosts = [{"name": "v", "domains": ["*"], "routes": routes}]
    manager = {
        "@type": MANAGER,
        "stat_prefix": name,
        "route_config": {"name": name, "virtual_hosts": hosts},
        "http_filters": [{"name": "router", "typed_config": ROUTER}],
    }
    chain = {"filters": [{"name": "hcm", "typed_config": manager}]}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return {"name": name, "address": address, "filter_chains": [chain]}


def _raw(request: Request, host: str) -> bytes:
    path, headers = request
    lines = [f"GET {path} HTTP/1.1", f"host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers if name != "content-length"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class RouteCost:
    """An Envoy with a route for each of `matches`, and beside it one route that takes all that is asked."""

    def __init__(
        self, matches: Sequence[dict[str, Any]], one: dict[str, Any], asked: Sequence[tuple[int, Request]], host: str
    ) -> None:
        self.asked = cycle([(number, _raw(request, host)) for number, request in asked])
        listeners = [_listener("whole", matches), _listener("one", [one])]
        self.envoy = Envoy({"static_resources": {"listeners": listeners}})
        self.count = 1 if SMOKE else max(25, min(400, 1_000_000 // len(matches)))

    def __enter__(self) -> Self:
        self.envoy.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.envoy.stop()

    def whole(self) -> float:
        """CPU nanoseconds of a whole request on the whole table."""
        return self._ask("whole")

    def one(self) -> float:
        """CPU nanoseconds of a whole request on the table of one route."""
        return self._ask("one")

    def cpu(self) -> int:
        """Nanoseconds of CPU that all threads of the process have had."""
        tasks = Path(f"/proc/{self.envoy.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)

    def _ask(self, listener: str) -> float:
        with socket.create_connection(("127.0.0.1", self.envoy.port(listener)), timeout=60) as client:
            self._request(client, listener)
            before = self.cpu()
            for _ in range(self.count):
                self._request(client, listener)
            return (self.cpu() - before) / self.count

    def _request(self, client: socket.socket, listener: str) -> None:
        number, raw = next(self.asked)
        body = f"\r\n\r\n{number if listener == 'whole' else 0}".encode()
        client.sendall(raw)
        received = b""
        while not _complete(received) and (more := client.recv(1 << 16)):
            received += more
        if not received.startswith(ANSWERED) or not received.endswith(body):
            raise AssertionError(f"Envoy did not take route {number}: {received[-300:]!r}")


def _complete(received: bytes) -> bool:
    """Whether the whole answer is there."""
    head, end, body = received.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= int(head.partition(b"content-length: ")[2].partition(b"\r")[0])

"""What a request costs the real Envoy: the CPU time of its process, not the time that the client waits.

    with RouteCost(routes, asked, one) as cost:
        cost.matching()      ns a request that matching takes beside a table of one route

One process has two listeners: one with the whole table, one with the single route that the request takes. Requests
go to each in turn on keep-alive connections, and the difference of the cheapest rounds is taken: what both share
(codec, filters, socket) cancels out. Not pipelined: Envoy closes connections on which the next request is there
before its own answer is out.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.envoy import Envoy

ROUNDS = 7
MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
ANSWERED = b"HTTP/1.1 200 OK"


def _answering(route: dict[str, Any]) -> dict[str, Any]:
    """The route with an answer of Envoy's own in place of an upstream."""
    return {"match": route["match"], "direct_response": {"status": 200}}


def _listener(name: str, routes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    hosts = [{"name": "v", "domains": ["*"], "routes": [_answering(route) for route in routes]}]
    manager = {
        "@type": MANAGER,
        "stat_prefix": name,
        "route_config": {"name": name, "virtual_hosts": hosts},
        "http_filters": [{"name": "router", "typed_config": ROUTER}],
    }
    chain = {"filters": [{"name": "hcm", "typed_config": manager}]}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return {"name": name, "address": address, "filter_chains": [chain]}


class RouteCost:
    """An Envoy with the table `routes`, and beside it the one route `number` alone."""

    def __init__(self, routes: Sequence[dict[str, Any]], number: int, request: tuple[str, Any], host: str) -> None:
        path, headers = request
        lines = [f"GET {path} HTTP/1.1", f"host: {host}", *(f"{name}: {value}" for name, value in headers)]
        lines = [line for line in lines if not line.startswith("content-length")]
        self.request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        listeners = [_listener("whole", routes), _listener("one", [routes[number]])]
        self.envoy = Envoy({"static_resources": {"listeners": listeners}})
        self.count = max(25, min(400, 1_000_000 // len(routes)))

    def __enter__(self) -> Self:
        self.envoy.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.envoy.stop()

    def cpu(self) -> int:
        """Nanoseconds of CPU that all threads of the process have had."""
        tasks = Path(f"/proc/{self.envoy.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)

    def ask(self, listener: str) -> float:
        """CPU nanoseconds a request."""
        with socket.create_connection(("127.0.0.1", self.envoy.port(listener)), timeout=60) as client:
            self._request(client)
            before = self.cpu()
            for _ in range(self.count):
                self._request(client)
            return (self.cpu() - before) / self.count

    def _request(self, client: socket.socket) -> None:
        client.sendall(self.request)
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            more = client.recv(1 << 16)
            received += more
            if not more or not received.startswith(ANSWERED[: len(received)]):
                raise AssertionError(f"Envoy did not take the route: {received[-300:]!r}")

    def whole(self) -> float:
        """CPU nanoseconds of a whole request on the whole table."""
        return min(self.ask("whole") for _ in range(ROUNDS))

    def matching(self) -> float:
        """CPU nanoseconds a request that matching takes beside a table of one route."""
        pairs = [(self.ask("whole"), self.ask("one")) for _ in range(ROUNDS)]
        return max(min(whole for whole, _ in pairs) - min(one for _, one in pairs), 1.0)

"""An Envoy before an echo upstream, and the same request decided by actions: what reached whom, compared.

    bed = ActionBed(); bed.start()
    bed.load(route_configuration)            both sides; returns whether both took it
    bed.compare(requests)                    -> the differences, each a readable text
    bed.stop()

The upstream answers with the status in `x-status` and the headers in `x-answer` (`name=value`, separated by
`|`), and echoes what it received. Each route is found by its virtual host (one domain each) and by the first
path segment, so that no routing is involved: only what follows from the route.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastroute.api import names
from fastroute.compile.context import Context
from fastroute.compile.hcm import compile_hcm
from fastroute.compile.routes import compile_table
from fastroute.config.resources import Resource
from fastroute.core.deciding import route
from fastroute.core.request import Context as RequestContext
from fastroute.errors import ConfigError
from support.echo import EchoServer, Received
from support.envoy import SwapRefusedError, parse
from support.http1 import Response, render
from support.http_envoy import HttpEnvoy, named_hosts

UPSTREAMS = ("up0", "up1", "up2")
UNCOMPARED_RESPONSE = frozenset(
    (b"date", b"server", b"x-envoy-upstream-service-time", b"connection", b"transfer-encoding", b"content-length")
)
TELLING = ("@type", "local_reply_config")
TIMED = (
    "grpc-timeout",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-stream-duration-ms",
)
PLAIN = {"generate_request_id": False, "local_reply_config": {}}
INTERNAL = {
    **PLAIN,
    "use_remote_address": True,
    "skip_xff_append": True,
    "internal_address_config": {"cidr_ranges": [{"address_prefix": "127.0.0.0", "prefix_len": 8}]},
}


class Upstream(EchoServer):
    """Answers as the request asks for."""

    def _answer(self, status: int, received: Received) -> bytes:
        fields = dict(received.headers)
        body = json.dumps({"line": received.line, "headers": received.headers}).encode()
        answer = [part.partition("=") for part in fields.get("x-answer", "").split("|") if part]
        lines = [f"HTTP/1.1 {fields.get('x-status', status)} Scripted", f"content-length: {len(body)}"]
        lines += [f"x-upstream: {self.name}", *(f"{name}: {value}" for name, _, value in answer)]
        head = "\r\n".join([*lines, "", ""]).encode()
        return head if received.line.startswith("HEAD ") else head + body


@dataclass(frozen=True)
class Sent:
    """One request; `internal` sends it to the listener that trusts it."""

    path: str
    host: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    internal: bool = False

    @property
    def raw(self) -> bytes:
        """The bytes on the wire."""
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers]
        return render(self.method, self.path.encode("latin-1"), self.host.encode("latin-1"), pairs)


def _cluster(name: str, upstream: Upstream) -> dict[str, Any]:
    endpoints = [{"lb_endpoints": [upstream.endpoint]}]
    return {
        "name": name,
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
    }


class ActionBed:
    """Both sides under one roof."""

    upstream_class: Any = Upstream
    runtime: Mapping[str, Any] = {}

    def __init__(self) -> None:
        self.upstreams = [self.upstream_class(name) for name in UPSTREAMS]
        self.listeners = self.managers()
        self.envoy = HttpEnvoy(self.listeners, clusters=self._clusters(), bootstrap=self._bootstrap())
        self.table: Any = None
        self.compiled = {name: self._manager(name) for name in self.listeners}

    def managers(self) -> dict[str, dict[str, Any]]:
        """The listeners: fields of their connection managers."""
        return {"plain": PLAIN, "internal": INTERNAL}

    def _bootstrap(self) -> dict[str, Any]:
        layer = {"name": "test", "static_layer": self.runtime}
        return {"layered_runtime": {"layers": [layer]}} if self.runtime else {}

    def _manager(self, listener: str) -> Any:
        fields = {
            key: value for key, value in self.envoy.manager(self.listeners[listener]).items() if key not in TELLING
        }
        message = parse(fields, names.HTTP_CONNECTION_MANAGER)
        return compile_hcm(message, Context(Resource("hcm", message)), "")

    def _clusters(self) -> list[dict[str, Any]]:
        plain = [_cluster(each.name, each) for each in self.upstreams]
        return [*plain, {**_cluster("ring", self.upstreams[0]), "lb_policy": "RING_HASH"}]

    def start(self) -> None:
        """Start upstreams and Envoy."""
        for each in self.upstreams:
            each.__enter__()
        self.envoy.start()

    def stop(self) -> None:
        """Stop Envoy and the upstreams."""
        self.envoy.stop()
        for each in self.upstreams:
            each.__exit__(None, None, None)

    def load(self, configuration: Mapping[str, Any]) -> tuple[str, str]:
        """Load a route configuration on both sides; the refusals, empty where it was taken."""
        ours = self._compile(configuration)
        try:
            self.envoy.swap(configuration)
        except SwapRefusedError as error:
            return str(error), ours
        return "", ours

    def _compile(self, configuration: Mapping[str, Any]) -> str:
        message: Any = named_hosts(parse(configuration, names.ROUTE_CONFIGURATION))
        try:
            self.table = compile_table(message, self._context(message), "", None)
        except ConfigError as error:
            return str(error)
        return ""

    def _context(self, message: Any) -> Context:
        return Context(Resource("table", message), runtime=self.runtime)

    def decide(self, sent: Sent) -> Any:
        """Our decision about a request."""
        return route(
            self.table,
            sent.host.encode("latin-1"),
            sent.path.encode("latin-1"),
            sent.method,
            [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.headers],
            random=0,
            context=RequestContext(source=("127.0.0.1", 1234), destination=("127.0.0.1", 80)),
            manager=self.compiled["internal" if sent.internal else "plain"],
        )

    def compare(self, requests: Sequence[Sent]) -> list[str]:
        """What differs, as readable texts."""
        differences = []
        for listener in ("plain", "internal"):
            chosen = [sent for sent in requests if sent.internal == (listener == "internal")]
            client = self.envoy.client(listener)
            for sent, response in zip(chosen, client.send_all([each.raw for each in chosen]), strict=True):
                differences += self._differences(sent, response)
        return differences

    def given(self) -> Sequence[tuple[bytes, bytes]]:
        """What every response of an upstream has and the decision is told; nobody compares it."""
        return ()

    def _differences(self, sent: Sent, response: Response) -> Iterable[str]:
        decision = self.decide(sent)
        timed = decision.kind == "forward" and any(name in TIMED for name, _ in sent.headers)
        if timed and response.header("x-upstream") is None:
            return  # a real timeout came first
        ours = decided(sent, decision, self.given())
        theirs = observed(response, local=ours["kind"] != "forward")
        compared = set(ours) & set(theirs) if sent.method == "HEAD" else set(ours) - {"kind"}
        for name in sorted(compared):
            if ours[name] != theirs.get(name):
                where = f"{decision.virtual_host}, route {decision.index}"
                yield f"{name}: {_difference(theirs.get(name), ours[name])}\n  {sent}\n  {where}"


def _difference(theirs: Any, ours: Any) -> str:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        wrong = [name for name in sorted({*theirs, *ours}) if theirs.get(name) != ours.get(name)]
        return "; ".join(f"{name} Envoy {theirs.get(name)!r}, ours {ours.get(name)!r}" for name in wrong)
    return f"Envoy {theirs!r}, ours {ours!r}"


def grouped(pairs: Iterable[tuple[Any, Any]], skip: frozenset[bytes] = frozenset()) -> dict[str, list[str]]:
    """Header values by name; the order of values of one name counts, that of names does not."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        if name not in skip:
            key = name.decode("latin-1") if isinstance(name, bytes) else name
            found[key].append(value.decode("latin-1") if isinstance(value, bytes) else value)
    return dict(found)


def observed(response: Response, *, local: bool) -> dict[str, Any]:
    """What Envoy did, from the response and the echo in it."""
    seen: dict[str, Any] = {
        "status": response.status,
        "response": grouped(response.headers, UNCOMPARED_RESPONSE),
        "location": response.header("location"),
    }
    if local:
        return {**seen, "body": response.body}
    if not response.body.startswith(b"{"):
        return seen
    echo = json.loads(response.body)
    method, _, rest = echo["line"].partition(" ")
    path = rest.rpartition(" ")[0]
    headers = [(name.lower(), value) for name, value in echo["headers"]]
    authority = [value for name, value in headers if name == "host"]
    rest = [(name, value) for name, value in headers if name not in ("host", "content-length", "transfer-encoding")]
    return {**seen, "method": method, "path": path, "authority": authority, "request": grouped(rest),
            "cluster": response.header("x-upstream")}  # fmt: skip


def decided(sent: Sent, decision: Any, also: Sequence[tuple[bytes, bytes]] = ()) -> dict[str, Any]:
    """What our decision says."""
    if decision.kind != "forward":
        return {
            "kind": decision.kind,
            "status": decision.status,
            "response": grouped(decision.downstream_headers(), UNCOMPARED_RESPONSE),
            "location": decision.location,
            "body": decision.body if sent.method != "HEAD" else b"",
        }
    upstream = decision.upstream_headers()
    fields = dict(upstream)
    answer = [part.partition(b"=") for part in fields.get(b"x-answer", b"").split(b"|") if part]
    status = int(fields.get(b"x-status", b"200"))
    given = [(b"x-upstream", decision.cluster.encode()), *((name, value) for name, _, value in answer), *also]
    return {
        "kind": "forward",
        "status": status,
        "cluster": decision.cluster,
        "method": decision.method,
        "path": decision.path,
        "authority": [decision.authority],
        "request": grouped(upstream, frozenset((b"content-length",))),
        "response": grouped(decision.downstream_headers(status, given), UNCOMPARED_RESPONSE),
    }

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

from google.protobuf import json_format

from fastroute.action.draft import JOINED_IN_REQUESTS, Headers
from fastroute.action.targets import ClusterHeader, Forward, Redirect, Respond, Weighted
from fastroute.api import names
from fastroute.api.pool import pool
from fastroute.compile.actions import compile_targets
from fastroute.compile.context import Context
from fastroute.config.resources import Resource
from fastroute.errors import ConfigError
from support.decided import FakeDecision
from support.echo import EchoServer, Received
from support.envoy import SwapRefusedError, parse
from support.http1 import Response, render
from support.http_envoy import HttpEnvoy, named_hosts

UPSTREAMS = ("up0", "up1", "up2")
UNCOMPARED_RESPONSE = frozenset(
    (b"date", b"server", b"x-envoy-upstream-service-time", b"connection", b"transfer-encoding", b"content-length")
)
_STRIPPED_FROM_EXTERNAL = frozenset(
    b"""
    x-envoy-retriable-status-codes x-envoy-retriable-header-names x-envoy-retry-on x-envoy-retry-grpc-on
    x-envoy-max-retries x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-timeout-ms
    x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-alt-response x-envoy-expected-rq-timeout-ms
    x-envoy-force-trace x-envoy-ip-tags x-envoy-original-url x-envoy-hedge-on-per-try-timeout
    x-envoy-upstream-stream-duration-ms x-envoy-internal
    """.split()
)
TIMED = ("grpc-timeout", "x-envoy-upstream-rq-timeout-ms", "x-envoy-upstream-rq-per-try-timeout-ms")
INTERNAL = {
    "use_remote_address": True,
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
        return "\r\n".join([*lines, "", ""]).encode() + body


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


def processed(sent: Sent) -> tuple[tuple[bytes, bytes], ...]:
    """The request headers behind the connection manager of the two listeners of the bed."""
    headers = Headers((), JOINED_IN_REQUESTS)
    for name, value in sent.headers:
        headers.add(name.lower().encode("latin-1"), value.strip().encode("latin-1"))
    if not sent.internal:
        for name in _STRIPPED_FROM_EXTERNAL:
            headers.remove(name)
    headers.remove(b"x-envoy-internal")
    if sent.internal:
        headers.add(b"x-forwarded-for", b"192.0.2.2")
        headers.set(b"x-envoy-internal", b"true")
        headers.set(b"x-forwarded-proto", b"http")
    elif headers.first(b"x-forwarded-proto") is None:
        headers.add(b"x-forwarded-proto", b"http")
    return tuple(headers.pairs)


class ActionBed:
    """Both sides under one roof."""

    upstream_class: Any = Upstream

    def __init__(self) -> None:
        self.upstreams = [self.upstream_class(name) for name in UPSTREAMS]
        plain = {"generate_request_id": False, "local_reply_config": {}}
        self.envoy = HttpEnvoy({"plain": plain, "internal": {**plain, **INTERNAL}}, clusters=self._clusters())
        self.targets: dict[tuple[str, str], tuple[Any, Any, Any]] = {}

    def _clusters(self) -> list[dict[str, Any]]:
        return [
            {
                "name": each.name,
                "connect_timeout": "5s",
                "load_assignment": {"cluster_name": each.name, "endpoints": [{"lb_endpoints": [each.endpoint]}]},
            }
            for each in self.upstreams
        ]

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
        ctx = Context(Resource("table", message))
        self.targets = {}
        try:
            for number, host in enumerate(message.virtual_hosts):
                for index, route in enumerate(host.routes):
                    path = f"virtual_hosts[{number}].routes[{index}]"
                    target = compile_targets(route, host, message, ctx, path, None)
                    self.targets[host.domains[0], f"r{index}"] = (route, host, target)
        except ConfigError as error:
            return str(error)
        return ""

    def compare(self, requests: Sequence[Sent]) -> list[str]:
        """What differs, as readable texts."""
        differences = []
        for listener in ("plain", "internal"):
            chosen = [sent for sent in requests if sent.internal == (listener == "internal")]
            client = self.envoy.client(listener)
            for sent, response in zip(chosen, client.send_all([each.raw for each in chosen]), strict=True):
                differences += self._differences(sent, response)
        return differences

    def _differences(self, sent: Sent, response: Response) -> Iterable[str]:
        key = (sent.host, sent.path.lstrip("/").replace("?", "/").replace("#", "/").split("/")[0].lower())
        route, host, target = self.targets[key]
        if response.header("x-upstream") is None and any(name in TIMED for name, _ in sent.headers):
            return  # a real timeout came first
        ours = decided(sent, route, host, target)
        theirs = observed(response, local=ours["kind"] != "forward")
        compared = set(ours) & set(theirs) if sent.method == "HEAD" else set(ours) - {"kind"}
        for name in sorted(compared):
            if ours[name] != theirs.get(name):
                shown = json.dumps(_json(route))
                yield f"{name}: {_difference(theirs.get(name), ours[name])}\n  {sent}\n  {shown}"


def _json(message: Any) -> Any:
    return json_format.MessageToDict(message, preserving_proto_field_name=True, descriptor_pool=pool())


def _difference(theirs: Any, ours: Any) -> str:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        wrong = [name for name in sorted({*theirs, *ours}) if theirs.get(name) != ours.get(name)]
        return "; ".join(f"{name} Envoy {theirs.get(name)!r}, ours {ours.get(name)!r}" for name in wrong)
    return f"Envoy {theirs!r}, ours {ours!r}"


def scheme_of(sent: Sent) -> bytes:
    """:scheme, from x-forwarded-proto when that is http or https (HC-46)."""
    proto = dict(processed(sent)).get(b"x-forwarded-proto", b"").lower()
    return proto if proto in (b"http", b"https") else b"http"


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


def decision_of(sent: Sent, route: Any, host: Any, cluster: str) -> FakeDecision:
    """The decision about a request, as the core would make it."""
    return FakeDecision(
        original_path=sent.path.encode("latin-1"),
        original_authority=sent.host.encode("latin-1"),
        original_method=sent.method.encode(),
        scheme=scheme_of(sent),
        headers=processed(sent),
        cluster=cluster,
        route=route.name,
        virtual_host=host.name,
        remote=("127.0.0.1", 0),
    )


def decided(sent: Sent, route: Any, host: Any, target: Any) -> dict[str, Any]:
    """What the action says."""
    cluster, action = _cluster(sent, target)
    decision = decision_of(sent, route, host, cluster)
    fields = dict(decision.headers)
    if isinstance(target, Redirect | Respond):
        location = action.location(decision)
        response = action.downstream_headers(decision, target.status, ())
        return {
            "kind": "local",
            "status": action.status_of(decision, target.status),
            "response": grouped(response, UNCOMPARED_RESPONSE),
            "location": None if location is None else location.decode("latin-1"),
            "body": action.body(decision) if sent.method != "HEAD" else b"",
        }
    upstream = action.upstream_headers(decision)
    answer = [part.partition(b"=") for part in dict(upstream).get(b"x-answer", b"").split(b"|") if part]
    status = int(dict(upstream).get(b"x-status", fields.get(b"x-status", b"200")))
    given = [(b"x-upstream", cluster.encode()), *((name, value) for name, _, value in answer)]
    return {
        "kind": "forward",
        "status": status,
        "cluster": cluster,
        "method": action.method(decision).decode(),
        "path": action.path(decision).decode("latin-1"),
        "authority": [action.authority(decision).decode("latin-1")],
        "request": grouped(upstream),
        "response": grouped(action.downstream_headers(decision, status, given), UNCOMPARED_RESPONSE),
    }


def _cluster(sent: Sent, target: Any) -> tuple[str, Any]:
    if isinstance(target, Forward):
        return target.cluster, target.action
    if isinstance(target, ClusterHeader):
        found = [value for name, value in sent.headers if name == target.name]
        return (found[0] if found else ""), target.action
    if isinstance(target, Weighted):
        value = int(dict(sent.headers)[target.header_name]) % target.total
        for entry in target.entries:
            if value < entry.weight:
                return entry.cluster, entry.action
            value -= entry.weight
    return "", target.action

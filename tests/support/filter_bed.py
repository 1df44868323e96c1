"""A ManagerBed whose managers have filters in front of the router that change what passes them.

bed = FilterBed(seed); bed.start()
bed.load(configuration); bed.ask(requests, "m3")     -> the differences on one of the listeners `m0` …

A response whose body gRPC-Web told in grpc-message is read back, so that the echo in it can be compared.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from random import Random
from typing import Any
from urllib.parse import unquote_to_bytes

from support import manager_bed
from support.action_bed import Sent, Upstream
from support.action_routes import Maker
from support.echo import Received
from support.http1 import Response
from support.manager_bed import ManagerBed

TYPE = "type.googleapis.com/envoy.extensions.filters.http."
FILTER_CONFIG = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
ROUTER = {"name": "router", "typed_config": {"@type": TYPE + "router.v3.Router"}}
CONTENT_TYPES = (
    "application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text",
    "application/grpc-web-text+proto", "application/grpc-web", "application/grpc-web-text", "Application/grpc-web",
    "application/grpc-web;x", "application/grpc-web+json", "application/grpc-webx", "application/grpc",
    "application/grpc+proto", "text/plain", "application/grpc-web,application/grpc-web", "",
)  # fmt: skip
ANSWERED_TYPES = (
    "application/grpc", "application/grpc+x", "application/grpc-web", "application/grpc-web+proto ; q",
    "Application/GRPC-Web", "application/grpc-web-text", "application/grpc;x", "application/GRPC", "text/plain",
)  # fmt: skip
HEADERS = (
    ("accept", "application/grpc-web-text"), ("accept", "application/grpc-web-text+proto"),
    ("accept", "application/grpc-web-text,x"), ("accept", "application/grpc-web"), ("grpc-accept-encoding", "gzip"),
    ("te", "trailers"), ("te", "x"), ("grpc-timeout", "70S"), ("grpc-timeout", "70"),
    ("x-status", "403"), ("x-status", "429"), ("x-status", "201"),
)  # fmt: skip


INERT: dict[str, dict[str, Any]] = {
    "alternate_protocols_cache.v3.FilterConfig": {},
    "bandwidth_limit.v3.BandwidthLimit": {
        "stat_prefix": "b",
        "enable_mode": "REQUEST",
        "limit_kbps": 1_000_000,
    },
    "cors.v3.Cors": {},
    "grpc_stats.v3.FilterConfig": {"emit_filter_state": True},
    "on_demand.v3.OnDemand": {},
    "tap.v3.Tap": {"common_config": {"admin_config": {"config_id": "tap"}}},
}
"""Filters that change nothing, with fields that make them work. One that limits the bandwidth of responses holds bodies
back, and loses that of an answer to what is no HTTP, after which the connection is closed."""


def inert(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """One of those."""
    return {"name": kind, "typed_config": {"@type": TYPE + kind, **fields}}


def grpc_web(name: str = "web", **options: Any) -> dict[str, Any]:
    """A gRPC-Web filter."""
    return {"name": name, "typed_config": {"@type": TYPE + "grpc_web.v3.GrpcWeb"}, **options}


def filters(rng: Random) -> list[dict[str, Any]]:
    """The filters in front of the router."""
    fault = {"name": "envoy.filters.http.fault", "typed_config": {"@type": TYPE + "fault.v3.HTTPFault"}}
    chosen = [grpc_web(disabled=rng.random() < 0.1)]
    chosen += [fault] if rng.random() < 0.5 else []
    chosen += [grpc_web("web2")] if rng.random() < 0.1 else []
    chosen += [inert(kind, fields) for kind, fields in INERT.items() if rng.random() < 0.3]
    rng.shuffle(chosen)
    return chosen


class FramingUpstream(Upstream):
    """Answers gRPC with a frame around the echo, for those who count."""

    def _answer(self, status: int, received: Received) -> bytes:
        answer = super()._answer(status, received)
        if "content-type=application/grpc" not in dict(received.headers).get("x-answer", "").lower():
            return answer
        head, _, body = answer.partition(b"\r\n\r\n")
        framed = b"\0" + len(body).to_bytes(4, "big") + body
        lines = [line for line in head.split(b"\r\n") if not line.startswith(b"content-length")]
        return b"\r\n".join([*lines, b"content-length: %d" % len(framed), b"", b""]) + framed


class FilterBed(ManagerBed):
    """Listeners `m0` …, each with options and filters of its own."""

    upstream_class: Any = FramingUpstream

    def managers(self) -> dict[str, dict[str, Any]]:
        return {
            name: {**fields, "http_filters": [*filters(Random(number)), *fields.get("http_filters", [ROUTER])]}
            for number, (name, fields) in enumerate(super().managers().items())
        }

    def _differences(self, sent: Sent, response: Response) -> Iterable[str]:
        return super()._differences(sent, read_back(response))


def read_back(response: Response) -> Response:
    """The response with the echo as its body, where a filter told it otherwise."""
    message, body = response.header("grpc-message") or "", response.body
    headers = response.headers
    if message.startswith(("{", "%00")):
        body = unquote_to_bytes(message)
        headers = tuple(pair for pair in headers if pair[0] != b"grpc-message")
    if body.startswith(b"\0"):  # a frame; one with trailers may follow
        body = body[5 : 5 + int.from_bytes(body[1:5], "big")]
    return dataclasses.replace(response, headers=headers, body=body)


def requests(maker: Maker, configuration: dict[str, Any], count: int) -> list[Sent]:
    """Requests for the routes of a configuration, many of them of gRPC-Web or nearly so."""
    return [_webbed(maker, sent) for sent in manager_bed.requests(maker, configuration, count)]


def _webbed(maker: Maker, sent: Sent) -> Sent:
    rng, headers = maker.random, list(sent.headers)
    if maker.chance(0.8):
        headers = [pair for pair in headers if pair[0] != "content-type"]
        headers.append(("content-type", rng.choice(CONTENT_TYPES)))
    headers += [rng.choice(HEADERS) for _ in range(rng.choice((0, 1, 1, 2)))]
    textual = any(name == "accept" and "web-text" in value for name, value in headers)
    if textual:  # Envoy never ends a response as text that is gRPC and has no trailers
        headers = [pair for pair in headers if pair[0] != "x-answer"]
    if not textual and maker.chance(0.5) and not any(name == "x-answer" for name, _ in headers):
        extra = rng.choice(("", "|grpc-status=5", "|grpc-status=5|grpc-message=m", "|via=up"))
        headers.append(("x-answer", f"content-type={rng.choice(ANSWERED_TYPES)}{extra}"))
    method = "HEAD" if maker.chance(0.1) else sent.method
    return dataclasses.replace(sent, headers=tuple(headers), method=method)


def off(name: str) -> dict[str, Any]:
    """Settings of a route that disable a filter."""
    return json.loads(json.dumps({name: {"@type": FILTER_CONFIG, "disabled": True}}))  # type: ignore[no-any-return]

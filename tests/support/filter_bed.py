"""A ManagerBed whose managers have filters in front of the router that change what passes them.

bed = FilterBed(seed); bed.start()
bed.load(configuration); bed.ask(requests, "m3")     -> the differences on one of the listeners `m0` …

A response whose body gRPC-Web told in grpc-message is read back, so that the echo in it can be compared.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Iterable, Sequence
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
COMPRESSION = "type.googleapis.com/envoy.extensions.compression."
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
    "text/html ; x", "Text/HTML", "application/json", "image/svg+xml", "image/png", "text/js", "application/x-json",
)  # fmt: skip
HEADERS = (
    ("accept", "application/grpc-web-text"), ("accept", "application/grpc-web-text+proto"),
    ("accept", "application/grpc-web-text,x"), ("accept", "application/grpc-web"), ("grpc-accept-encoding", "gzip"),
    ("te", "trailers"), ("te", "x"), ("grpc-timeout", "70S"), ("grpc-timeout", "70"),
    ("accept-encoding", "gzip"), ("accept-encoding", "gzip;q=0"), ("accept-encoding", "br;q=1, gzip;q=0.5"),
    ("accept-encoding", "*"), ("accept-encoding", "identity, gzip"), ("accept-encoding", "gzip ; Q=.5,identity;q=.5"),
    ("accept-encoding", "GZIP"), ("accept-encoding", "x-gzip, gzip;q=x"), ("accept-encoding", "*;q=0.1,gzip;q=0"),
    ("accept-encoding", "gzip, br"), ("accept-encoding", ""), ("accept-encoding", "identity;q=0.1,,*;q=0.2"),
    ("content-encoding", "gzip"), ("content-encoding", "GZIP , br"), ("content-encoding", "br, gzip"),
    ("cache-control", "no-transform"), ("cache-control", "x, No-Transform"), ("cache-control", "no-transforms"),
    ("x-status", "403"), ("x-status", "429"), ("x-status", "201"),
)  # fmt: skip


INERT: dict[str, dict[str, Any]] = {
    "alternate_protocols_cache.v3.FilterConfig": {},
    "bandwidth_limit.v3.BandwidthLimit": {"stat_prefix": "b"},
    "cors.v3.Cors": {},
    "grpc_stats.v3.FilterConfig": {"emit_filter_state": True},
    "on_demand.v3.OnDemand": {},
    "tap.v3.Tap": {"common_config": {"admin_config": {"config_id": "tap"}}},
}
"""Filters that change nothing. One that limits the bandwidth of requests or responses holds bodies back, and Envoy may
lose them: that of an answer to what is no HTTP, after which it closes; the end of a request without one."""


def inert(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """One of those."""
    return {"name": kind, "typed_config": {"@type": TYPE + kind, **fields}}


EXTRA = (
    "|grpc-status=5", "|grpc-status=5|grpc-message=m", "|via=up", "|etag=x", "|etag=W/x", "|vary=q", "|vary=*",
    "|vary=x, accept-Encoding", "|cache-control=a,no-transform", "|content-encoding=gzip", "|content-encoding=br",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Bodied(Sent):
    """A request with a body; its headers tell the length."""

    body: bytes = b""

    @property
    def raw(self) -> bytes:
        return super().raw + self.body


def grpc_web(name: str = "web", **options: Any) -> dict[str, Any]:
    """A gRPC-Web filter."""
    return {"name": name, "typed_config": {"@type": TYPE + "grpc_web.v3.GrpcWeb"}, **options}


def filters(rng: Random) -> list[dict[str, Any]]:
    """The filters in front of the router."""
    fault = {"name": "envoy.filters.http.fault", "typed_config": {"@type": TYPE + "fault.v3.HTTPFault"}}
    chosen = [grpc_web(disabled=rng.random() < 0.1)]
    chosen += [fault] if rng.random() < 0.5 else []
    chosen += [grpc_web("web2")] if rng.random() < 0.1 else []
    chosen += [decompressor(rng)] if rng.random() < 0.4 else []
    chosen += [inert(kind, fields) for kind, fields in INERT.items() if rng.random() < 0.3]
    chosen += [header_filter(rng)] if rng.random() < 0.4 else []
    rng.shuffle(chosen)
    place = min(at for at, each in enumerate(chosen) if "grpc_web" in each["typed_config"]["@type"])
    if rng.random() < 0.5:
        chosen.insert(rng.randint(0, place), compressor(rng))
    return chosen


MUTATED = ("x-a", "x-b", "X-H", "content-type", "accept-encoding", "grpc-timeout", "accept", "x-envoy-max-retries")
MUTATED_RESPONSES = ("x-u", "X-H", "content-type", "vary", "cache-control", "etag")
MUTATIONS = ("v", "w", "gzip", "application/grpc-web", "text/plain", "no-transform", "", "100%%")


def mutations(rng: Random) -> dict[str, Any]:
    """Changes of a header mutation filter."""
    made: dict[str, Any] = {}
    for name, headers in (("request_mutations", MUTATED), ("response_mutations", MUTATED_RESPONSES)):
        made[name] = [mutation(rng, rng.choice(headers)) for _ in range(rng.choice((0, 1, 2, 3)))]
    return made


def mutation(rng: Random, name: str) -> dict[str, Any]:
    """One change."""
    if rng.random() < 0.3:
        return {"remove": name}
    option = {"header": {"key": name, "value": rng.choice(MUTATIONS)}, "append_action": rng.randrange(4)}
    return {"append": {**option, "keep_empty_value": rng.random() < 0.3}}


def header_filter(rng: Random) -> dict[str, Any]:
    """A header mutation filter."""
    fields = {"mutations": mutations(rng), "most_specific_header_mutations_wins": rng.random() < 0.5}
    return {"name": "headers", "typed_config": {"@type": TYPE + "header_mutation.v3.HeaderMutation", **fields}}


def header_setting(rng: Random) -> dict[str, Any]:
    """Settings of a route for it."""
    return {"headers": {"@type": TYPE + "header_mutation.v3.HeaderMutationPerRoute", "mutations": mutations(rng)}}


def flag(rng: Random) -> dict[str, Any]:
    """Fields with a flag of the runtime, or none."""
    return {"enabled": {"default_value": rng.random() < 0.6, "runtime_key": "none"}} if rng.random() < 0.4 else {}


def direction(rng: Random) -> dict[str, Any]:
    """CommonDirectionConfig."""
    made = flag(rng)
    if rng.random() < 0.5:
        made["min_content_length"] = rng.choice((0, 8, 12, 29, 32, 97, 100, 5000))
    if rng.random() < 0.3:
        made["content_type"] = rng.sample(("text/plain", "application/grpc-web+proto", "Text/HTML"), 2)
    return made


def compressor(rng: Random) -> dict[str, Any]:
    """A compressor, which is in front of gRPC-Web filters."""
    answers: dict[str, Any] = {"common_config": direction(rng)}
    for name in ("disable_on_etag_header", "weaken_etag_on_compress", "remove_accept_encoding_header"):
        answers[name] = rng.random() < 0.3
    if rng.random() < 0.3:
        answers["uncompressible_response_codes"] = [201, 403]
    fields: dict[str, Any] = {"compressor_library": library("compressor"), "response_direction_config": answers}
    if rng.random() < 0.5:
        fields["request_direction_config"] = {"common_config": direction(rng)}
    return {"name": "comp", "typed_config": {"@type": TYPE + "compressor.v3.Compressor", **fields}}


def decompressor(rng: Random) -> dict[str, Any]:
    """A decompressor."""
    asked: dict[str, Any] = {"common_config": {**flag(rng), "ignore_no_transform_header": rng.random() < 0.3}}
    if rng.random() < 0.4:
        asked["advertise_accept_encoding"] = rng.random() < 0.5
    answered = {"common_config": {**flag(rng), "ignore_no_transform_header": rng.random() < 0.3}}
    fields = {"decompressor_library": library("decompressor"), "request_direction_config": asked}
    fields["response_direction_config"] = answered
    return {"name": "decomp", "typed_config": {"@type": TYPE + "decompressor.v3.Decompressor", **fields}}


def library(kind: str) -> dict[str, Any]:
    """The library of a compressor or decompressor."""
    return {"name": "gzip", "typed_config": {"@type": f"{COMPRESSION}gzip.{kind}.v3.Gzip"}}


def compressor_setting(rng: Random) -> dict[str, Any]:
    """Settings of a route for the compressor."""
    remove = {} if rng.random() < 0.4 else {"remove_accept_encoding_header": rng.random() < 0.5}
    fields = {"disabled": True} if rng.random() < 0.4 else {"overrides": {"response_direction_config": remove}}
    return {"comp": {"@type": TYPE + "compressor.v3.CompressorPerRoute", **fields}}


class FramingUpstream(Upstream):
    """Answers gRPC with a frame around the echo, and compresses it where it is to say so."""

    def _answer(self, status: int, received: Received) -> bytes:
        answer = super()._answer(status, received)
        if received.line.startswith("HEAD "):
            return answer
        head, _, framed = answer.partition(b"\r\n\r\n")
        asked = dict(received.headers).get("x-answer", "").lower()
        if "content-type=application/grpc" in asked:
            framed = b"\0" + len(framed).to_bytes(4, "big") + framed
        if "content-encoding=gzip" in asked:
            framed = gzip.compress(framed)
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

    def given(self) -> Sequence[tuple[bytes, bytes]]:
        """Some length between the least ones that are drawn, as every echo has."""
        return ((b"content-length", b"300"),)

    def _differences(self, sent: Sent, response: Response) -> Iterable[str]:
        return super()._differences(sent, read_back(response))


def read_back(response: Response) -> Response:
    """The response with the echo as its body, where a filter told it otherwise."""
    message, body = response.header("grpc-message") or "", response.body
    headers = response.headers
    if message.startswith(("{", "%00", "%1F%8B")):
        body = unquote_to_bytes(message)
        headers = tuple(pair for pair in headers if pair[0] != b"grpc-message")
    while body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    if body.startswith(b"\0"):  # a frame; one with trailers may follow
        body = body[5 : 5 + int.from_bytes(body[1:5], "big")]
    return dataclasses.replace(response, headers=headers, body=body)


def requests(maker: Maker, configuration: dict[str, Any], count: int) -> list[Sent]:
    """Requests for the routes of a configuration, many of them of gRPC-Web or nearly so."""
    return [_webbed(maker, sent) for sent in manager_bed.requests(maker, configuration, count)]


def _webbed(maker: Maker, sent: Sent) -> Sent:
    rng, headers = maker.random, [pair for pair in sent.headers if pair[0].lower() != "x-envoy-retry-on"]
    if maker.chance(0.8):
        headers = [pair for pair in headers if pair[0] != "content-type"]
        headers.append(("content-type", rng.choice(CONTENT_TYPES)))
    headers += [rng.choice(HEADERS) for _ in range(rng.choice((0, 1, 1, 2)))]
    textual = any(name == "accept" and "web-text" in value for name, value in headers)
    if textual:  # Envoy never ends a response as text that is gRPC and has no trailers
        headers = [pair for pair in headers if pair[0] != "x-answer"]
    if not textual and maker.chance(0.5) and not any(name == "x-answer" for name, _ in headers):
        extra = "".join({each.partition("=")[0]: each for each in rng.sample(EXTRA, rng.randrange(3))}.values())
        if any(name == "content-type" and "grpc-web" in value for name, value in headers):
            extra = extra.replace("|content-encoding=gzip", "")  # decompressed and told in a header, it never ends
        told = f"content-type={rng.choice(ANSWERED_TYPES)}" if maker.chance(0.7) else "x-q=1"
        headers.append(("x-answer", told + extra))
    method = "HEAD" if maker.chance(0.1) else sent.method
    if method == "POST" and maker.chance(0.6):
        body = b"a" * rng.choice((0, 8, 12, 28, 32, 96, 100, 200))  # base64 for whoever takes it to be
        headers.append(("content-length", str(len(body))))
        return Bodied(sent.path, sent.host, method, tuple(headers), body=body)
    return dataclasses.replace(sent, headers=tuple(headers), method=method)


def off(name: str) -> dict[str, Any]:
    """Settings of a route that disable a filter."""
    return json.loads(json.dumps({name: {"@type": FILTER_CONFIG, "disabled": True}}))  # type: ignore[no-any-return]

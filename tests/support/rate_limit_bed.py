"""A rate limit service that writes down what it is asked, and an Envoy that asks it.

bed.asked(sent), bed.planned(sent)      the descriptors of one request, by Envoy and by its decision
"""

from __future__ import annotations

import queue
import random
from collections.abc import Mapping
from concurrent import futures
from dataclasses import replace
from typing import Any

import grpc

from fastroute.action.rate_limits import Descriptor
from fastroute.api import names, pool
from fastroute.compile.context import Context
from support.action_bed import PLAIN, ActionBed, Sent
from support.envoy import parse

METHOD = "envoy.service.ratelimit.v3.RateLimitService"
REQUEST = "envoy.service.ratelimit.v3.RateLimitRequest"
RESPONSE = "envoy.service.ratelimit.v3.RateLimitResponse"
FILTER = "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit"
HTTP2 = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
NODE = "the-node's-cluster"
STAGES = (0, 1)
RUNTIME = {"ratelimit.off.http_filter_enabled": 0, "ratelimit.on.http_filter_enabled": 100, "off": 0}

Seen = tuple[tuple[tuple[str, str], ...], tuple[int, str] | None]
"""Entries and limit of a descriptor."""


class RateLimitServer:
    """Takes every request; what was asked waits in `asked`."""

    def __init__(self) -> None:
        self.asked: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._server = grpc.server(futures.ThreadPoolExecutor(2))
        handler = grpc.unary_unary_rpc_method_handler(
            self._answer,
            request_deserializer=pool.message_class(REQUEST).FromString,
            response_serializer=pool.message_class(RESPONSE).SerializeToString,
        )
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(METHOD, {"ShouldRateLimit": handler}),)
        )
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    def _answer(self, request: Any, _context: grpc.ServicerContext) -> Any:
        self.asked.put(request)
        return parse({"overall_code": "OK"}, RESPONSE)

    def start(self) -> None:
        """Serve."""
        self._server.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop(None).wait()


class RateLimitBed(ActionBed):
    """An ActionBed with the rate limit filter before the router."""

    def __init__(self) -> None:
        self.service = RateLimitServer()
        super().__init__()

    runtime: Mapping[str, Any] = {
        "ratelimit.off.http_filter_enabled": 0,
        "ratelimit.on.http_filter_enabled": 100,
        "off": 0,
    }

    def managers(self) -> dict[str, dict[str, Any]]:
        service = {"grpc_service": {"envoy_grpc": {"cluster_name": "limits"}, "timeout": "5s"}}
        limits = {"rate_limit_service": {**service, "transport_api_version": "V3"}, "domain": "d", "timeout": "5s"}
        filters = [
            *(
                {"name": f"limits {stage}", "typed_config": {"@type": FILTER, **limits, "stage": stage}}
                for stage in STAGES
            ),
            {"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}},
        ]
        return {"plain": {**PLAIN, "http_filters": filters}}

    def _manager(self, listener: str) -> Any:
        with_limits, self.listeners[listener] = self.listeners[listener], PLAIN
        try:
            return super()._manager(listener)
        finally:
            self.listeners[listener] = with_limits

    def _bootstrap(self) -> dict[str, Any]:
        return {**super()._bootstrap(), "node": {"id": "n", "cluster": NODE}}

    def _context(self, message: Any) -> Context:
        return replace(super()._context(message), node_cluster=NODE)

    def _clusters(self) -> list[dict[str, Any]]:
        address = {"socket_address": {"address": "127.0.0.1", "port_value": self.service.port}}
        endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
        limits = {
            "name": "limits",
            "connect_timeout": "5s",
            "load_assignment": {"cluster_name": "limits", "endpoints": endpoints},
            "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": HTTP2,
                    "explicit_http_config": {"http2_protocol_options": {}},
                }
            },
        }
        return [*super()._clusters(), limits]

    def start(self) -> None:
        self.service.start()
        super().start()

    def stop(self) -> None:
        super().stop()
        self.service.stop()

    def asked(self, sent: Sent) -> list[list[Seen]]:
        """Send a request; the descriptors of each question that the service is asked about it."""
        self.envoy.client("plain").send(sent.raw)
        found = []
        while not self.service.asked.empty():
            found.append([_seen(each) for each in self.service.asked.get().descriptors])
        return found

    def planned(self, sent: Sent) -> list[list[Seen]]:
        """The same by our decision; descriptors for the end of the stream are left out."""
        made = [each for each in self.decide(sent).rate_limits if not each.on_stream_done]
        by_stage = [[_planned(each) for each in made if each.stage == stage] for stage in STAGES]
        return [each for each in by_stage if each]


def _planned(descriptor: Descriptor) -> Seen:
    limit = None if descriptor.limit is None else (descriptor.limit.requests, descriptor.limit.unit)
    return descriptor.entries, limit


def _seen(descriptor: Any) -> Seen:
    entries = tuple((entry.key, entry.value) for entry in descriptor.entries)
    limit = None
    if descriptor.HasField("limit"):
        unit = descriptor.limit.DESCRIPTOR.fields_by_name["unit"].enum_type.values_by_number[descriptor.limit.unit].name
        limit = (descriptor.limit.requests_per_unit, unit.lower())
    return entries, limit


HEADERS: list[dict[str, Any]] = [
    {"name": "x-a", "string_match": {"exact": "1"}},
    {"name": "x-b", "present_match": True},
    {"name": ":path", "string_match": {"prefix": "/a"}},
    {"name": "x-a", "present_match": True, "invert_match": True},
]
QUERIES: list[dict[str, Any]] = [
    {"name": "q", "string_match": {"exact": "a b"}},
    {"name": "q", "present_match": True},
    {"name": "none", "present_match": False},
]
FORMATS = ("v", "%REQ(x-a)%", "<%REQ(x-a)%>", "%REQ(x-none)%", "%ROUTE_NAME%", "%METADATA(ROUTE:ns:k)%", "100%%")
PATHS = (("ns", "k"), ("ns", "number"), ("ns", "struct", "x"), ("ns", "empty"), ("ns", "none"), ("none", "k"))
METADATA = {"filter_metadata": {"ns": {"k": "v", "number": 3, "struct": {"x": "y"}, "empty": ""}}}
NETWORKS = (("127.0.0.0", 8), ("10.0.0.0", 8), ("::", 0), ("127.0.0.1", 32), ("10.9.8.7", 32))


class LimitMaker:
    """Random rate limits of routes and virtual hosts, and requests for them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, probability: float) -> bool:
        """True as often as asked."""
        return self.random.random() < probability

    def action(self) -> dict[str, Any]:
        """One action."""
        pick = self.random.choice
        key = {"descriptor_key": "k"} if self.chance(0.5) else {}
        constant = {"descriptor_value": pick(("v", "%REQ(x-a)%", "50%")), **key}
        match pick(KINDS):
            case "request_headers":
                fields = {"header_name": pick(("x-a", "X-B", ":path", "x-none")), "descriptor_key": "h"}
                return {"request_headers": {**fields, "skip_if_absent": self.chance(0.5)}}
            case "query_parameters":
                fields = {"query_parameter_name": pick(("q", "none", "e")), "descriptor_key": "q"}
                return {"query_parameters": {**fields, "skip_if_absent": self.chance(0.5)}}
            case "masked_remote_address":
                return {
                    "masked_remote_address": {"v4_prefix_mask_len": pick((0, 8, 25, 32))} if self.chance(0.7) else {}
                }
            case "generic_key":
                return {"generic_key": {**constant, **({"default_value": "d"} if self.chance(0.2) else {})}}
            case "header_value_match":
                headers = [pick(HEADERS) for _ in range(pick((1, 2)))]
                return {"header_value_match": {**constant, "headers": headers, "expect_match": self.chance(0.7)}}
            case "query_parameter_value_match":
                listed = [pick(QUERIES) for _ in range(pick((1, 2)))]
                fields = {"query_parameters": listed, "expect_match": self.chance(0.7)}
                return {"query_parameter_value_match": {**constant, **fields}}
            case "metadata":
                names = pick(PATHS)
                steps = {"key": names[0], "path": [{"key": name} for name in names[1:]]}
                fields = {"descriptor_key": "m", "metadata_key": steps, "source": pick(("ROUTE_ENTRY", "DYNAMIC"))}
                fields |= {"default_value": "d"} if self.chance(0.3) else {}
                return {"metadata": {**fields, "skip_if_absent": self.chance(0.4)}}
            case "remote_address_match":
                ranges = [
                    {"address_prefix": a, "prefix_len": n} for a, n in self.random.sample(NETWORKS, pick((0, 1, 2)))
                ]
                matcher = {"ranges": ranges, "invert_match": self.chance(0.4)}
                fields = {"descriptor_value": pick(FORMATS), **key, "address_matcher": matcher}
                return {"remote_address_match": {**fields, **({"default_value": "d"} if self.chance(0.5) else {})}}
            case kind:
                return {kind: {}}

    def limit(self) -> dict[str, Any]:
        """One RateLimit."""
        made: dict[str, Any] = {"actions": [self.action() for _ in range(self.random.choice((1, 1, 2, 3)))]}
        if self.chance(0.2):
            made["stage"] = self.random.choice((0, 1, 2))
        if self.chance(0.2):
            made["disable_key"] = self.random.choice(("off", "on", "none"))
        if self.chance(0.2):
            made["limit"] = {"rate_limit": {"requests_per_unit": 7, "unit": self.random.choice(("SECOND", "YEAR"))}}
        if self.chance(0.2):
            made["hits_addend"] = {"number": 5}
        return made

    def limits(self) -> list[dict[str, Any]]:
        """Some of them."""
        return [self.limit() for _ in range(self.random.choice((0, 1, 2, 3)))]

    def configuration(self, routes: int = 10) -> dict[str, Any]:
        """One virtual host with limits, whose routes r0, r1, … have limits of their own."""
        made: list[dict[str, Any]] = []
        for number in range(routes):
            action = {"cluster": "up0", "rate_limits": self.limits(), "include_vh_rate_limits": self.chance(0.5)}
            match = {"path_separated_prefix": f"/r{number}"}
            made.append({"name": f"r{number}", "match": match, "route": action, "metadata": METADATA})
        host = {"name": "vh", "domains": ["h"], "routes": made, "rate_limits": self.limits()}
        return {"name": "table", "virtual_hosts": [host]}

    def request(self, number: int) -> Sent:
        """A request for a route."""
        options = {"x-a": ("1", "2", ""), "x-b": ("v",), "x-forwarded-for": ("10.9.8.7", "::1", "127.0.0.1,10.1.1.1")}
        headers = [(name, self.random.choice(values)) for name, values in options.items() if self.chance(0.5)]
        query = self.random.choice(("", "?q=a%20b", "?q=1&q=2", "?e=&q=%zz", "?none=1"))
        return Sent(f"/r{number}{query}", "h", headers=tuple(headers))


KINDS = (
    "source_cluster", "destination_cluster", "remote_address", "masked_remote_address", "request_headers",
    "query_parameters", "generic_key", "header_value_match", "query_parameter_value_match", "metadata",
    "remote_address_match",
)  # fmt: skip

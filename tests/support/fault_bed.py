"""Faults on both sides: which requests the fault filter delays and aborts, and which the action says it does.

Envoy tells by its response flags: DI for a delay, FI for an abort. Fractions are all or nothing, so that no
draw can differ.
"""

from __future__ import annotations

import copy
import random
from typing import Any

from support.action_bed import ActionBed, Sent

FAULT = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
NAME = "envoy.filters.http.fault"
FILTERS = [{"name": NAME, "typed_config": {"@type": FAULT}}, {"name": "router", "typed_config": {"@type": ROUTER}}]
FLAGS = {"header": {"key": "x-told-flags", "value": "%RESPONSE_FLAGS%"}, "append_action": 2}

Seen = tuple[int, bool, bool, str | None, bytes]
"""Status, delayed, aborted, gRPC status and body of an abort."""


class FaultBed(ActionBed):
    """An ActionBed with the fault filter before the router."""

    def managers(self) -> dict[str, dict[str, Any]]:
        """One listener; its local replies tell their flags."""
        return {"plain": {"generate_request_id": False, "http_filters": FILTERS}}

    def load(self, configuration: Any) -> tuple[str, str]:
        """Load it on both sides; Envoy's has a header with the response flags besides."""
        ours = self._compile(configuration)
        told = copy.deepcopy(configuration)
        told["response_headers_to_add"] = [FLAGS]
        self.envoy.swap(told)
        return "", ours

    def faults(self, requests: list[Sent]) -> list[tuple[Sent, Seen, Seen]]:
        """Every request with what Envoy did and what the action says."""
        responses = self.envoy.client("plain").send_all([sent.raw for sent in requests])
        return [(sent, observed(each), self.decided(sent)) for sent, each in zip(requests, responses, strict=True)]

    def decided(self, sent: Sent) -> Seen:
        """What the action injects."""
        decision = self.decide(sent)
        fault = decision.action.fault(decision, lambda: 12345)
        status = decision.status or 200
        if fault is None or fault.status is None:
            return (status, fault is not None, False, None, b"")
        grpc = ("content-type", "application/grpc") in sent.headers
        code = None if fault.grpc_status is None or not grpc else str(fault.grpc_status)
        return (fault.status, fault.delay is not None, True, code, b"" if grpc else fault.body)


def observed(response: Any) -> Seen:
    """What Envoy did."""
    flags = (response.header("x-told-flags") or "").split(",")
    aborted = "FI" in flags
    code = response.header("grpc-status") if aborted else None
    return (response.status, "DI" in flags, aborted, code, response.body if aborted else b"")


RUNTIME = {
    "fault.http.delay.fixed_delay_percent": 100,
    "fault.http.delay.fixed_duration_ms": 0,
    "fault.http.abort.http_status": 418,
    "fault.http.abort.grpc_status": "9",
    "fault.http.rate_limit.response_percent": 0,
    "fault.http.c1.delay.fixed_delay_percent": 0,
    "fault.http.c1.abort.abort_percent": {"numerator": 1_000_000, "denominator": "MILLION"},
    "fault.http..abort.abort_percent": 100,
    "fault": {"http": {"c2": {"abort": {"abort_percent": 100, "http_status": 404}, "delay": {"fixed_duration_ms": 2}}}},
    "fault.http.c3.abort.grpc_status": 7,
    "fault.http.c3.abort.abort_percent": 0,
    "own": {"all": 599, "none": 0, "status": 451, "odd": True, "text": "many", "below": -1},
}
KEYS = ("own.all", "own.none", "own.status", "own.odd", "own.text", "own.below", "own.absent", "own")
SHORT_KEYS = ("own.none", "own.text", "own.below", "own.absent", "fault.http.c2.delay.fixed_duration_ms")
RUNTIME_FIELDS = (
    "delay_percent_runtime", "abort_percent_runtime", "abort_http_status_runtime", "abort_grpc_status_runtime",
    "max_active_faults_runtime",
)  # fmt: skip


class RuntimeFaultBed(FaultBed):
    """A FaultBed with keys of the fault filter in its runtime."""

    runtime = RUNTIME


ABORTS: list[dict[str, Any]] = [{"http_status": 503}, {"http_status": 200}, {"grpc_status": 5}, {"header_abort": {}}]
MATCHERS: list[dict[str, Any]] = [
    {"name": "x-a", "string_match": {"exact": "v"}},
    {"name": "x-b", "present_match": True, "invert_match": True},
]


class FaultMaker:
    """Random faults at the three levels of plain routes."""

    def __init__(self, seed: int, *, keyed: bool = False) -> None:
        self.random = random.Random(seed)
        self.keyed = keyed

    def chance(self, probability: float) -> bool:
        """True as often as asked."""
        return self.random.random() < probability

    def percentage(self) -> dict[str, Any]:
        """All, nothing, or absent."""
        return self.random.choice(
            [{"percentage": {"numerator": 100}}, {"percentage": {"numerator": 100}}, {"percentage": {}}, {},
             {"percentage": {"numerator": 1_000_000, "denominator": "MILLION"}}, {"percentage": {"numerator": 101}}]
        )  # fmt: skip

    def fault(self) -> dict[str, Any]:
        """An HTTPFault."""
        made: dict[str, Any] = {"@type": FAULT}
        if self.chance(0.6):
            kind: dict[str, Any] = self.random.choice([{"fixed_delay": "0.001s"}, {"header_delay": {}}])
            made["delay"] = {**kind, **self.percentage()}
        if self.chance(0.6):
            kind = self.random.choice(ABORTS)
            made["abort"] = {**kind, **self.percentage()}
        if self.chance(0.2):
            made["upstream_cluster"] = self.random.choice(["up0", "up1"])
        if self.chance(0.2):
            made["downstream_nodes"] = ["n1", "n2"]
        if self.chance(0.3):
            made["headers"] = [self.random.choice(MATCHERS)]
        if self.keyed:
            made |= {field: self.random.choice(KEYS) for field in RUNTIME_FIELDS if self.chance(0.25)}
            if self.chance(0.25):
                made["delay_duration_runtime"] = self.random.choice(SHORT_KEYS)
            if self.chance(0.2):
                made["max_active_faults"] = self.random.choice([0, 1, 5])
        return made

    def settings(self) -> dict[str, Any]:
        """Per-filter configuration, or none."""
        if self.chance(0.3):
            return {}
        if self.chance(0.1):
            disabled = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True}
            return {"typed_per_filter_config": {NAME: disabled}}
        return {"typed_per_filter_config": {NAME: self.fault()}}

    def configuration(self, routes: int = 12) -> dict[str, Any]:
        """One virtual host with routes r0, r1, …"""
        made = [self.route(number) for number in range(routes)]
        host = {"name": "vh", "domains": ["h"], "routes": made, **self.settings()}
        return {"name": "table", "virtual_hosts": [host], **self.settings()}

    def route(self, number: int) -> dict[str, Any]:
        """A route to an upstream, or a direct response."""
        made: dict[str, Any] = {"match": {"path_separated_prefix": f"/r{number}"}, **self.settings()}
        if self.chance(0.2):
            return {**made, "direct_response": {"status": 207}}
        return {**made, "route": {"cluster": self.random.choice(["up0", "up1"])}}

    def request(self, number: int) -> Sent:
        """A request with fault headers now and then."""
        options = {
            "x-envoy-fault-delay-request": ["1", "2", "0", "x", "-1"],
            "x-envoy-fault-delay-request-percentage": ["0", "100", "1000", "x"],
            "x-envoy-fault-abort-request": ["404", "199", "600", "200", "x"],
            "x-envoy-fault-abort-grpc-request": ["3", "x", "17"],
            "x-envoy-fault-abort-request-percentage": ["0", "100", "x"],
            "x-envoy-downstream-service-node": ["n1", "n2", "n3", ""],
            "x-a": ["v", "w"],
            "x-b": ["v"],
        }
        if self.keyed:
            options["x-envoy-downstream-service-cluster"] = ["c1", "c2", "c3", "c4", ""]
        headers = [(name, self.random.choice(values)) for name, values in options.items() if self.chance(0.5)]
        return Sent(f"/r{number}", "h", "GET", tuple(headers))

    def requests(self, routes: int, each: int) -> list[Sent]:
        """`each` requests for every route."""
        return [self.request(number) for number in range(routes) for _ in range(each)]

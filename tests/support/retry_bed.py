"""Retries on both sides: how many attempts Envoy makes against a scripted upstream, and how many the plan allows.

A request's `x-script` lists what its attempts get, separated by spaces: a status, `STATUS;name=value` with a
header, `reset` for a connection closed without an answer, `slow` for an answer after Envoy's patience. The last
entry repeats. `x-id` tells requests apart.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from fastroute.action.retry import Outcome
from support.action_bed import ActionBed, Sent, Upstream
from support.echo import Received

SLOW = 0.3
STATUSES = ("200", "404", "409", "418", "425", "429", "500", "502", "503", "504", "599")
HEADERS = ("x-envoy-ratelimited=true", "grpc-status=14", "grpc-status=1", "grpc-status=13", "grpc-status=2", "x-why=v")
CONDITIONS = (
    "5xx", "gateway-error", "reset", "connect-failure", "envoy-ratelimited", "retriable-4xx", "refused-stream",
    "retriable-status-codes", "retriable-headers", "reset-before-request", "cancelled", "deadline-exceeded",
    "resource-exhausted", "unavailable", "internal", "nonsense", "", " 5xx ",
)  # fmt: skip


REQUEST_HEADERS = [
    {"name": "x-a", "string_match": {"exact": "v"}},
    {"name": ":method", "string_match": {"exact": "POST"}},
]


class Scripted(Upstream):
    """Plays the script of each request and counts its attempts."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.attempts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def _answer(self, status: int, received: Received) -> bytes:
        fields = dict(received.headers)
        script = fields.get("x-script", "200").split(" ")
        with self._lock:
            count = self.attempts[fields.get("x-id", "")]
            self.attempts[fields.get("x-id", "")] += 1
        step = script[min(count, len(script) - 1)]
        if step == "reset":
            raise ValueError("the script closes the connection")
        if step == "slow":
            time.sleep(SLOW)
            step = "200"
        code, _, header = step.partition(";")
        extra = f"{header.replace('=', ': ')}\r\n" if header else ""
        return f"HTTP/1.1 {code} Scripted\r\ncontent-length: 0\r\n{extra}\r\n".encode()


class RetryBed(ActionBed):
    """An ActionBed whose upstreams play scripts."""

    upstream_class = Scripted

    def attempts(self, requests: list[Sent]) -> list[tuple[Sent, tuple[int, int], tuple[int, int]]]:
        """Status and attempts of every request: Envoy's, then ours."""
        for each in self.upstreams:
            each.attempts.clear()
        observed = []
        for listener in ("plain", "internal"):
            chosen = [sent for sent in requests if sent.internal == (listener == "internal")]
            responses = self.envoy.client(listener).send_all([sent.raw for sent in chosen])
            observed += list(zip(chosen, responses, strict=True))
        counts = sum((each.attempts for each in self.upstreams), Counter())
        return [
            (sent, (response.status, counts[dict(sent.headers)["x-id"]]), self.planned(sent))
            for sent, response in observed
        ]

    def planned(self, sent: Sent) -> tuple[int, int]:
        """The status and the number of attempts that the plan leads to."""
        plan = self.decide(sent).retry
        script = dict(sent.headers)["x-script"].split(" ")
        attempt = 1
        while True:
            outcome = _outcome(script[min(attempt, len(script)) - 1])
            if plan is None or not plan.should_retry(outcome, attempt):
                break
            attempt += 1
        if outcome.reset is not None:
            return (504 if outcome.reset == "per-try-timeout" else 503), attempt
        return outcome.status or 0, attempt


def _outcome(step: str) -> Outcome:
    if step == "reset":
        return Outcome(reset="connection-termination")
    if step == "slow":
        return Outcome(reset="per-try-timeout")
    code, _, header = step.partition(";")
    name, _, value = header.partition("=")
    return Outcome(int(code), ((name.encode(), value.encode()),) if header else ())


class RetryMaker:
    """Random retry policies, and requests with scripts."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def chance(self, probability: float) -> bool:
        """True as often as asked."""
        return self.random.random() < probability

    def conditions(self) -> str:
        """A list of conditions."""
        return ",".join(self.random.choice(CONDITIONS) for _ in range(self.random.randint(0, 3)))

    def policy(self) -> dict[str, Any]:
        """A retry policy with short pauses."""
        made: dict[str, Any] = {
            "retry_on": self.conditions(),
            "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.002s"},
        }
        if self.chance(0.6):
            made["num_retries"] = self.random.randrange(4)
        if self.chance(0.4):
            made["retriable_status_codes"] = [int(self.random.choice(STATUSES)) for _ in range(2)]
        if self.chance(0.3):
            made["retriable_headers"] = [{"name": "x-why", "present_match": True}]
        if self.chance(0.2):
            made["retriable_request_headers"] = REQUEST_HEADERS
        return made

    def configuration(self, routes: int = 12) -> dict[str, Any]:
        """One virtual host whose routes r0, r1, … have policies of their own, or the host's."""
        host: dict[str, Any] = {"name": "vh", "domains": ["h"], "routes": [self.route(n) for n in range(routes)]}
        if self.chance(0.5):
            host["retry_policy"] = self.policy()
        return {"name": "table", "virtual_hosts": [host]}

    def route(self, number: int) -> dict[str, Any]:
        """A route to one of the upstreams."""
        action: dict[str, Any] = {"cluster": f"up{self.random.randrange(3)}"}
        if self.chance(0.75):
            action["retry_policy"] = self.policy()
        made: dict[str, Any] = {"match": {"path_separated_prefix": f"/r{number}"}, "route": action}
        if self.chance(0.2):
            option = {"header": {"key": "x-envoy-retry-on", "value": self.conditions() or "5xx"}}
            made["request_headers_to_add"] = [option]
        return made

    def step(self) -> str:
        """What one attempt gets."""
        if self.chance(0.15):
            return "reset"
        return self.random.choice(STATUSES) + (";" + self.random.choice(HEADERS) if self.chance(0.3) else "")

    def request(self, number: int) -> Sent:
        """A request with a script, and with retry headers now and then."""
        self.count += 1
        script = " ".join(self.step() for _ in range(self.random.randint(1, 4)))
        headers = [("x-script", script), ("x-id", f"{self.count}"), ("x-a", self.random.choice("vw"))]
        if self.chance(0.4):
            headers += self.overrides()
        return Sent(f"/r{number}", "h", self.random.choice(["GET", "POST"]), tuple(headers), self.chance(0.6))

    def overrides(self) -> list[tuple[str, str]]:
        """Retry headers."""
        options: Mapping[str, str] = {
            "x-envoy-retry-on": self.conditions(),
            "x-envoy-retry-grpc-on": self.conditions(),
            "x-envoy-max-retries": self.random.choice(["0", "1", "2", "x", "+1"]),
            "x-envoy-retriable-status-codes": self.random.choice(["418", "418,404", "x,418", " 418"]),
            "x-envoy-retriable-header-names": self.random.choice(["x-why", "x-none, X-Why", ""]),
        }
        return [(name, value) for name, value in options.items() if self.chance(0.4)]

    def requests(self, configuration: Mapping[str, Any], each: int) -> list[Sent]:
        """`each` requests for every route."""
        count = len(configuration["virtual_hosts"][0]["routes"])
        return [self.request(number) for number in range(count) for _ in range(each)]

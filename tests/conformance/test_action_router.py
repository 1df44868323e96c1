"""Options of the router filter and of its connection manager, compared with the live Envoy.

RA-25, RA-31  `suppress_envoy_headers` leaves out what tells the original path and host, and the timeout.
RA-61         The manager's `max_stream_duration` holds, and reaches grpc-timeout, where a route leaves its own open.
RA-63         `respect_expected_rq_timeout` takes the timeout of a proxy before this one.
RA-100        `retry_policy_typed_config` changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.action_bed import INTERNAL, PLAIN, ActionBed, Sent
from support.action_routes import Maker
from support.envoy import require_binary
from support.retry_bed import RetryBed

from fastroute.api import names

pytestmark = pytest.mark.envoy

EXPECTED = ("9001", "77777", "x", "-1", "+5000", "0", "18446744073709551616")


def router(**fields: Any) -> dict[str, Any]:
    """A connection manager whose router filter has these fields."""
    filters = [{"name": "router", "typed_config": {"@type": names.url(names.ROUTER), **fields}}]
    return {**INTERNAL, "http_filters": filters}


OPTIONS = {
    "quiet": router(suppress_envoy_headers=True),
    "expected": router(respect_expected_rq_timeout=True),
    "both": router(suppress_envoy_headers=True, respect_expected_rq_timeout=True),
    "limited": {**INTERNAL, "common_http_protocol_options": {"max_stream_duration": "2s"}},
    "unlimited": {**INTERNAL, "common_http_protocol_options": {"max_stream_duration": "0s"}},
}


class OptionsBed(ActionBed):
    """An ActionBed with one listener for each of the options; it is asked on the one that is `chosen`."""

    chosen = "quiet"

    def managers(self) -> dict[str, dict[str, Any]]:
        return {"plain": PLAIN, **OPTIONS}

    def decide(self, sent: Sent) -> Any:
        self.compiled["plain"] = self.compiled[self.chosen]
        return super().decide(sent)

    def ask(self, requests: list[Sent], option: str) -> list[str]:
        """What differs on the listener of an option."""
        self.chosen = option
        responses = self.envoy.client(option).send_all([each.raw for each in requests])
        return [
            text
            for sent, response in zip(requests, responses, strict=True)
            for text in self._differences(sent, response)
        ]


@pytest.fixture(scope="module")
def bed() -> Iterator[OptionsBed]:
    require_binary()
    made = OptionsBed()
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("option", OPTIONS)
def test_random_routes_under_options(bed: OptionsBed, option: str) -> None:
    for seed in range(500, 505):
        maker = Maker(seed)
        configuration = maker.configuration()
        assert bed.load(configuration) == ("", "")
        requests = []
        for sent in maker.requests(configuration, 6):
            headers = list(sent.headers)
            if maker.chance(0.4):
                headers.append(("x-envoy-expected-rq-timeout-ms", maker.random.choice(EXPECTED)))
            requests.append(Sent(sent.path, sent.host, sent.method, tuple(headers)))
        assert bed.ask(requests, option) == [], f"seed {seed}"


DURATIONS: tuple[dict[str, Any], ...] = (
    {},
    {"max_stream_duration": "0s"},
    {"max_stream_duration": "7s"},
    {"grpc_timeout_header_max": "0s"},
    {"grpc_timeout_header_max": "3s", "grpc_timeout_header_offset": "1s"},
)


@pytest.mark.parametrize("option", ["limited", "unlimited"])
def test_the_managers_stream_duration_is_told_where_the_route_leaves_its_own_open(bed: OptionsBed, option: str) -> None:
    routes: list[dict[str, Any]] = [
        {"match": {"prefix": f"/r{number}"}, "route": {"cluster": "up0", "max_stream_duration": duration}}
        for number, duration in enumerate(DURATIONS)
    ]
    routes.append({"match": {"prefix": "/"}, "route": {"cluster": "up0"}})
    host = {"name": "vh", "domains": ["h"], "routes": routes}
    assert bed.load({"name": "table", "virtual_hosts": [host]}) == ("", "")
    grpc = ("content-type", "application/grpc")
    kinds: tuple[tuple[tuple[str, str], ...], ...] = ((), (grpc,), *((grpc, ("grpc-timeout", t)) for t in ("5S", "x")))
    requests = [Sent(f"/r{n}", "h", headers=headers) for n in range(len(routes)) for headers in kinds]
    bed.chosen = option
    for sent in requests:
        response = bed.envoy.client(option).send(sent.raw)
        assert list(bed._differences(sent, response)) == []
    limits = [bed.decide(Sent(f"/r{n}", "h")).max_stream_duration for n in range(len(routes))]
    ours = 2.0 if option == "limited" else None
    assert limits == [ours, None, 7.0, ours, ours, ours]


TYPED = {"@type": "type.googleapis.com/envoy.config.route.v3.RetryPolicy", "retry_on": "5xx", "num_retries": 3}
PLAIN_POLICY = {"retry_on": "5xx", "num_retries": 1, "retry_back_off": {"base_interval": "0.001s"}}


def test_a_typed_retry_policy_changes_nothing() -> None:
    require_binary()
    bed = RetryBed()
    bed.start()
    try:
        for route in ({}, {"retry_policy": PLAIN_POLICY}):
            for host in ({}, {"retry_policy": PLAIN_POLICY}):
                action = {"cluster": "up0", "retry_policy_typed_config": TYPED, **route}
                routes = [{"match": {"prefix": "/"}, "route": action}]
                given = {"name": "vh", "domains": ["h"], "routes": routes, "retry_policy_typed_config": TYPED, **host}
                assert bed.load({"name": "table", "virtual_hosts": [given]}) == ("", "")
                sent = Sent("/", "h", headers=(("x-script", "500"), ("x-id", "1")))
                assert [(theirs, ours) for _, theirs, ours in bed.attempts([sent])] == [
                    ((500, 2), (500, 2)) if route or host else ((500, 1), (500, 1))
                ]
    finally:
        bed.stop()

"""Timeouts and pauses: RA-60 … RA-65, RA-101, RA-109."""

from __future__ import annotations

import pytest
from support.one_route import forward, request, target

from fastroute.action.retry import Outcome
from fastroute.action.timeouts import grpc_text, grpc_timeout

GRPC = (b"content-type", b"application/grpc")


def action(**fields):
    return target(forward(**fields)).action


def test_timeouts_of_a_route():
    assert action().timeout(request()) == 15.0
    assert action(timeout="0s").timeout(request()) is None
    assert action(timeout="1.5s").timeout(request()) == 1.5
    assert action(timeout="3s", max_stream_duration={"max_stream_duration": "9s"}).timeout(request()) is None
    assert action(idle_timeout="0s").idle_timeout(request()) == 0.0
    assert action().idle_timeout(request()) is None


def test_headers_override_timeouts():
    """RA-63."""
    assert action().timeout(request(b"/", (b"x-envoy-upstream-rq-timeout-ms", b"70"))) == 0.07
    assert action().timeout(request(b"/", (b"x-envoy-upstream-rq-timeout-ms", b"0"))) is None
    assert action().timeout(request(b"/", (b"x-envoy-upstream-rq-timeout-ms", b"x"))) == 15.0


def test_a_stream_duration_follows_the_grpc_timeout():
    """RA-61."""
    stream = {"max_stream_duration": "9s", "grpc_timeout_header_max": "5s", "grpc_timeout_header_offset": "1s"}
    found = action(max_stream_duration=stream)
    assert found.max_stream_duration(request()) == 9.0
    assert found.max_stream_duration(request(b"/", GRPC, (b"grpc-timeout", b"3S"))) == 2.0
    assert found.max_stream_duration(request(b"/", GRPC, (b"grpc-timeout", b"8S"))) == 4.0
    assert found.max_stream_duration(request(b"/", GRPC, (b"grpc-timeout", b"1S"))) == 0.0
    assert action().max_stream_duration(request()) is None


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [(b"1H", 3_600_000), (b"2M", 120_000), (b"3S", 3000), (b"4m", 4), (b"1500u", 2), (b"1500000n", 2), (b"007S", 7000),
     (b"123456789S", None), (b"1x", None), (b"S", None), (b"", None), (b"-1S", None)],
)  # fmt: skip
def test_reading_grpc_timeouts(text, milliseconds):
    """RA-62."""
    assert grpc_timeout(text) == milliseconds


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, b"0m"), (99_999_999, b"99999999m"), (100_000_000, b"100000S"), (10**12, b"16666666M")],
)
def test_writing_grpc_timeouts(milliseconds, text):
    assert grpc_text(milliseconds) == text


def test_pauses_grow_to_a_limit():
    """RA-101: 25, 50, 100, 200, 250 ms, and never the bound itself."""
    plan = action(retry_policy={"retry_on": "5xx", "num_retries": 9}).retry(request())
    bounds = [25, 50, 100, 200, 250, 250]
    assert [plan.backoff(n, bound - 1) for n, bound in enumerate(bounds, 1)] == [(b - 1) / 1000 for b in bounds]
    assert [plan.backoff(n, bound) for n, bound in enumerate(bounds, 1)] == [0.0] * 6


def test_a_doubled_pause_beyond_the_limit_is_the_limit():
    policy = {"retry_on": "5xx", "retry_back_off": {"base_interval": "0.125s", "max_interval": "0.251s"}}
    assert action(retry_policy=policy).retry(request()).backoff(2, 250) == 0.25


def test_a_reset_header_names_the_pause():
    """RA-109."""
    headers = [{"name": "Retry-After", "format": "SECONDS"}, {"name": "x-reset", "format": "UNIX_TIMESTAMP"}]
    policy = {"retry_on": "5xx", "rate_limited_retry_back_off": {"reset_headers": headers, "max_interval": "10s"}}
    plan = action(retry_policy=policy).retry(request())
    seconds = Outcome(503, ((b"retry-after", b"2"),))
    assert plan.backoff(1, 0, seconds) == 2.0
    assert plan.backoff(1, 999, seconds) == 2.999
    assert plan.backoff(1, 1000, seconds) == 2.0
    assert plan.backoff(1, 24, Outcome(503, ((b"retry-after", b"11"),))) == 0.024
    assert plan.backoff(1, 0, Outcome(503, ((b"x-reset", b"1005"),)), now=lambda: 1000.9) == 5.0
    assert plan.backoff(1, 24, Outcome(503, ((b"x-reset", b"1005"),))) == 0.024


def test_no_conditions_mean_no_plan():
    """RA-100."""
    assert action().retry(request()) is None
    assert action(retry_policy={"num_retries": 3}).retry(request()) is None
    assert action().retry(request(b"/", (b"x-envoy-retry-on", b"5xx"))).num_retries == 1


def test_a_per_try_timeout_below_the_whole_one_is_kept():
    """RA-64."""

    def per_try(**fields):
        return (
            action(retry_policy={"retry_on": "5xx", "per_try_timeout": "3s"}, **fields).retry(request()).per_try_timeout
        )

    assert per_try() == 3.0
    assert per_try(timeout="3s") is None
    assert per_try(timeout="0s") == 3.0

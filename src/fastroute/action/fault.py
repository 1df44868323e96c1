"""The fault filter's decision: a delay, an abort, or both.

FI-02  Gates, all of which must pass: `upstream_cluster`, `downstream_nodes`, `headers`.
FI-03  Delay and abort are independent draws; the delay is drawn first.
FI-04  The percentage defaults to 0; each draw takes a fresh random value, not the stream's.
FI-05  `header_delay` takes x-envoy-fault-delay-request; a percentage header can only lower the numerator.
FI-07  Runtime keys stand in for percentages, durations and statuses: see `fault_runtime.py`.
FI-08  With `max_active_faults` active nothing is injected; `response_rate_limit` is drawn first of all.
FI-06  An abort answers "fault filter abort" with an HTTP status, or a gRPC status under HTTP 200.
"""

from __future__ import annotations

from fastroute.action.decided import Decided, Pairs
from fastroute.action.fault_runtime import (
    ABORT_GRPC_STATUS,
    ABORT_HTTP_STATUS,
    ABORT_PERCENT,
    DELAY_DURATION,
    DELAY_PERCENT,
    MAX_ACTIVE_FAULTS,
    NO_RUNTIME,
    RATE_LIMIT_PERCENT,
    FaultRuntime,
)
from fastroute.action.fractions import NEVER, Fraction
from fastroute.action.headers import UINT64, first, request_values, unsigned
from fastroute.action.matchers import HeaderMatcher
from fastroute.records import record
from fastroute.types import RandomSource

ABORT_BODY = b"fault filter abort"
ABORT_REASON = "fault_filter_abort"


@record
class FaultDecision:
    """What is injected: `delay` in seconds, an abort with `status` (and `grpc_status` for gRPC), and a limit of
    `response_kilobytes` a second for the response.
    """

    delay: float | None = None
    status: int | None = None
    grpc_status: int | None = None
    body: bytes = b""
    reason: str = ""
    response_kilobytes: int | None = None


@record
class Delay:
    """FaultDelay: `milliseconds`, or the request header when it is None."""

    milliseconds: int | None
    fraction: Fraction = NEVER

    def duration(self, headers: Pairs) -> int | None:
        """The delay in milliseconds for a request with `headers`."""
        if self.milliseconds is not None:
            return self.milliseconds
        return unsigned(first(headers, b"x-envoy-fault-delay-request"))

    def percentage(self, headers: Pairs) -> Fraction:
        """The fraction of requests that are delayed."""
        if self.milliseconds is not None:
            return self.fraction
        return _lowered(self.fraction, headers, b"x-envoy-fault-delay-request-percentage")


@record
class Abort:
    """FaultAbort: an HTTP status, a gRPC status, or the request headers when both are None."""

    status: int | None = None
    grpc_status: int | None = None
    fraction: Fraction = NEVER

    def outcome(self, headers: Pairs) -> tuple[int, int | None] | None:
        """HTTP and gRPC status of the abort, None when the request names none."""
        if self.status is not None:
            return (self.status, None)
        if self.grpc_status is not None:
            return (200, self.grpc_status)
        status = unsigned(first(headers, b"x-envoy-fault-abort-request"))
        if status is not None and 200 <= status < 600:
            return (status, None)
        grpc = unsigned(first(headers, b"x-envoy-fault-abort-grpc-request"))
        return None if grpc is None else (200, grpc)

    def percentage(self, headers: Pairs) -> Fraction:
        """The fraction of requests that are aborted."""
        if self.status is not None or self.grpc_status is not None:
            return self.fraction
        return _lowered(self.fraction, headers, b"x-envoy-fault-abort-request-percentage")


def _lowered(fraction: Fraction, headers: Pairs, name: bytes) -> Fraction:
    asked = unsigned(first(headers, name), UINT64 >> 32)
    return fraction if asked is None else Fraction(min(asked, fraction.numerator), fraction.denominator)


@record
class RateLimit:
    """FaultRateLimit: `kilobytes` a second, or the request header when it is None."""

    kilobytes: int | None
    fraction: Fraction = NEVER

    def rate(self, headers: Pairs) -> int | None:
        """Kilobytes a second for a request with `headers`; None for no limit."""
        if self.kilobytes is not None:
            return self.kilobytes
        return unsigned(first(headers, b"x-envoy-fault-throughput-response")) or None

    def percentage(self, headers: Pairs) -> Fraction:
        """The fraction of responses that are limited."""
        if self.kilobytes is not None:
            return self.fraction
        return _lowered(self.fraction, headers, b"x-envoy-fault-throughput-response-percentage")


@record
class FaultPolicy:
    """A compiled HTTPFault; an empty one injects nothing (FI-01)."""

    delay: Delay | None = None
    abort: Abort | None = None
    rate_limit: RateLimit | None = None
    upstream_cluster: str = ""
    downstream_nodes: tuple[bytes, ...] = ()
    headers: tuple[HeaderMatcher, ...] = ()
    max_active: int = UINT64
    runtime: FaultRuntime = NO_RUNTIME

    def decide(
        self,
        cluster: str | None,
        request: Decided,
        random: RandomSource,
        active: int = 0,
        headers: Pairs | None = None,
    ) -> FaultDecision | None:
        """The fault for a request to `cluster` (None when it is not forwarded); draws from `random`.

        `active` are the faults that the filter injects at the moment; `headers` those that come to it, where filters
        in front change any.
        """
        headers = request.processed_headers() if headers is None else headers
        if not self._applies(cluster, headers):
            return None
        if not all(matcher.matches(request_values(request, headers, matcher.name)) for matcher in self.headers):
            return None
        if active >= self.runtime.number(MAX_ACTIVE_FAULTS, self.max_active):
            return None
        origin = first(headers, b"x-envoy-downstream-service-cluster")
        rate = self._rate(headers, random)
        delay = self._delay(headers, origin, random)
        abort = self._abort(headers, origin, random)
        if abort is not None:
            return FaultDecision(delay, *abort, body=ABORT_BODY, reason=ABORT_REASON, response_kilobytes=rate)
        return None if delay is None and rate is None else FaultDecision(delay, response_kilobytes=rate)

    def _applies(self, cluster: str | None, headers: Pairs) -> bool:
        if self.upstream_cluster and self.upstream_cluster != cluster:
            return False
        if self.downstream_nodes:
            return first(headers, b"x-envoy-downstream-service-node") in self.downstream_nodes
        return True

    def _rate(self, headers: Pairs, random: RandomSource) -> int | None:
        if self.rate_limit is None:
            return None
        share = self.runtime.fraction(RATE_LIMIT_PERCENT, self.rate_limit.percentage(headers))
        return self.rate_limit.rate(headers) if share.holds(random()) else None

    def _delay(self, headers: Pairs, origin: bytes | None, random: RandomSource) -> float | None:
        if self.delay is None:
            return None
        share = self.runtime.fraction(DELAY_PERCENT, self.delay.percentage(headers), origin)
        if not share.holds(random()):
            return None
        duration = self.delay.duration(headers)
        if duration is not None:
            duration = self.runtime.number(DELAY_DURATION, self.runtime.number(DELAY_DURATION, duration), origin)
        return duration / 1000 if duration else None

    def _abort(self, headers: Pairs, origin: bytes | None, random: RandomSource) -> tuple[int, int | None] | None:
        if self.abort is None:
            return None
        share = self.runtime.fraction(ABORT_PERCENT, self.abort.percentage(headers), origin)
        outcome = self.abort.outcome(headers) if share.holds(random()) else None
        if outcome is None:
            return None
        status, grpc_status = outcome
        if grpc_status is None:
            return (self.runtime.number(ABORT_HTTP_STATUS, status, origin), None)
        return (status, self.runtime.number(ABORT_GRPC_STATUS, grpc_status, origin))

"""The action of a route that forwards to a cluster."""

# ruff: noqa: ARG002  (every action answers the whole protocol)
from __future__ import annotations

from dataclasses import dataclass

from fastroute.action import retry
from fastroute.action.base import BaseAction
from fastroute.action.headers import request_values
from fastroute.action.protocol import Decided
from fastroute.action.timeouts import DEFAULT_TIMEOUTS, Timeouts


@dataclass(frozen=True, slots=True)
class ForwardAction(BaseAction):
    """RouteAction."""

    timeouts: Timeouts = DEFAULT_TIMEOUTS
    retry_policy: retry.RetryPolicy | None = None
    attempt_count: bool = False

    def timeout(self, decision: Decided) -> float | None:
        if self.timeouts.stream is not None or self.timeouts.timeout == 0:
            return None
        return self.timeouts.timeout / 1000

    def retry(self, decision: Decided) -> retry.RetryPlan | None:
        headers = decision.processed_headers()
        return retry.plan(
            self.retry_policy, headers, lambda matcher: matcher.matches(request_values(decision, headers, matcher.name))
        )

    def upstream_headers(self, decision: Decided) -> list[tuple[bytes, bytes]]:
        headers = list(decision.processed_headers())
        if self.attempt_count:
            headers = [
                *(pair for pair in headers if pair[0] != b"x-envoy-attempt-count"),
                (b"x-envoy-attempt-count", b"1"),
            ]
        return headers

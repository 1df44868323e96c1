"""Retries as a value: which outcomes are tried again, how often, and after which pause.

RA-101  n-th pause: random % min(base * 2^(n-1), max) milliseconds; base 25, max 10 * base.
RA-102  `retry_on` is a comma-separated list; unknown conditions are ignored.
RA-103  Request headers add conditions, status codes and header names; x-envoy-max-retries replaces the count.
RA-104  Without a match of `retriable_request_headers`, nothing is retried.
RA-105  x-envoy-ratelimited in a response decides alone; then 5xx, gateway-error, retriable-4xx, status
        codes, headers, gRPC status.
RA-106  A reset is retried by `reset`, `5xx` and `gateway-error`; a refused stream and a failed connection
        have their own conditions too; an overflow is never retried.
RA-109  A rate-limit reset header sets the pause itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from fastroute.action.decided import Pairs
from fastroute.action.headers import first, unsigned
from fastroute.action.matchers import HeaderMatcher
from fastroute.records import record

HTTP_CONDITIONS = frozenset(
    {
        "5xx", "gateway-error", "connect-failure", "envoy-ratelimited", "retriable-4xx", "refused-stream",
        "retriable-status-codes", "retriable-headers", "reset", "reset-before-request", "http3-post-connect-failure",
    }
)  # fmt: skip
GRPC_CONDITIONS = {"cancelled": 1, "deadline-exceeded": 4, "internal": 13, "resource-exhausted": 8, "unavailable": 14}
_CONNECTION_RESETS = frozenset({"local-connection-failure", "remote-connection-failure", "connection-timeout"})
TOO_EARLY = 425

Reset = Literal[
    "overflow",
    "local-connection-failure",
    "remote-connection-failure",
    "connection-timeout",
    "connection-termination",
    "local-reset",
    "remote-reset",
    "refused-stream",
    "per-try-timeout",
]


@record
class Outcome:
    """What an attempt came to: a response's status and headers, or the `reset` that took its place.

    `request_started` says whether anything was sent before the reset.
    """

    status: int | None = None
    headers: Pairs = ()
    reset: Reset | None = None
    request_started: bool = True


@record
class ResetHeader:
    """A response header that names the pause: in seconds, or as a Unix time."""

    name: bytes
    unix_time: bool = False


@record
class HostPredicate:
    """A retry host predicate: `previous_hosts`, `omit_canary_hosts` or `omit_host_metadata` with its criteria."""

    name: str
    metadata: tuple[tuple[str, object], ...] = ()


@record
class RetryPolicy:
    """A route's or virtual host's retry policy; times are milliseconds."""

    conditions: frozenset[str] = frozenset()
    num_retries: int = 1
    per_try_timeout: int = 0
    per_try_idle_timeout: int = 0
    base_interval: int = 25
    max_interval: int = 250
    status_codes: tuple[int, ...] = ()
    headers: tuple[HeaderMatcher, ...] = ()
    request_headers: tuple[HeaderMatcher, ...] = ()
    host_predicates: tuple[HostPredicate, ...] = ()
    host_attempts: int = 1
    previous_priorities: int | None = None
    reset_headers: tuple[ResetHeader, ...] = ()
    reset_max_interval: int = 300_000
    refresh_cluster: bool = False


NO_POLICY = RetryPolicy()


@record
class RetryPlan:
    """The retry policy of one request, its headers taken into account."""

    policy: RetryPolicy
    conditions: frozenset[str]
    num_retries: int
    status_codes: tuple[int, ...]
    headers: tuple[HeaderMatcher, ...]
    per_try_timeout: float | None = None
    hedge_on_per_try_timeout: bool = False
    clusters: tuple[str, ...] = ()

    def cluster(self, attempt: int) -> str | None:
        """The cluster of the `attempt`-th attempt; None for the one that the decision names.

        Only `refresh_cluster_on_retry` with priority groups changes it: group after group, and then
        the last one again and again (RA-06).
        """
        return self.clusters[min(attempt, len(self.clusters)) - 1] if self.clusters else None

    def should_retry(self, outcome: Outcome, attempt: int = 1) -> bool:
        """Whether the outcome of the `attempt`-th attempt (the first is 1) is tried again."""
        return attempt <= self.num_retries and self.is_retriable(outcome)

    def is_retriable(self, outcome: Outcome) -> bool:
        """Whether the outcome is one that the conditions name, whatever attempts remain."""
        if outcome.reset is not None:
            return self._reset_is_retriable(outcome.reset, outcome.request_started)
        return self._response_is_retriable(outcome.status or 0, outcome.headers)

    def backoff(
        self, attempt: int, random: int, outcome: Outcome | None = None, now: Callable[[], float] | None = None
    ) -> float:
        """Seconds to wait after the `attempt`-th attempt failed; `random` is an unsigned 64-bit value.

        `outcome` and `now` (Unix time) let a rate-limit reset header of the response decide (RA-109).
        """
        reset = self._reset_interval(outcome, now) if outcome is not None else None
        if reset is not None:
            return (reset + random % (reset >> 1)) / 1000
        interval, limit = self.policy.base_interval, self.policy.max_interval
        for _ in range(attempt - 1):
            interval = interval * 2 if interval < limit // 2 else limit
        return min(random % interval, limit) / 1000

    def _response_is_retriable(self, status: int, headers: Pairs) -> bool:
        on = self.conditions
        if first(headers, b"x-envoy-ratelimited") is not None:
            return "envoy-ratelimited" in on
        return (
            ("5xx" in on and 500 <= status < 600)
            or ("gateway-error" in on and status in (502, 503, 504))
            or ("retriable-4xx" in on and status == 409)
            or ("retriable-status-codes" in on and status in self.status_codes)
            or ("retriable-headers" in on and any(matcher.matches_list(headers) for matcher in self.headers))
            or self._grpc_is_retriable(headers)
        )

    def _grpc_is_retriable(self, headers: Pairs) -> bool:
        wanted = {code for name, code in GRPC_CONDITIONS.items() if name in self.conditions}
        return bool(wanted) and unsigned(first(headers, b"grpc-status")) in wanted

    def _reset_is_retriable(self, reset: Reset, request_started: bool) -> bool:
        on = self.conditions
        if reset == "overflow":
            return False
        return (
            "reset" in on
            or "5xx" in on
            or "gateway-error" in on
            or ("reset-before-request" in on and not request_started)
            or ("refused-stream" in on and reset == "refused-stream")
            or ("connect-failure" in on and reset in _CONNECTION_RESETS)
        )

    def _reset_interval(self, outcome: Outcome, now: Callable[[], float] | None) -> int | None:
        for header in self.policy.reset_headers:
            number = unsigned(first(outcome.headers, header.name))
            if number is None:
                continue
            if header.unix_time:
                if now is None:
                    continue
                number -= int(now())
            interval = number * 1000
            if 0 <= interval <= self.policy.reset_max_interval:
                return interval if interval > 1 else None
        return None


def conditions(text: str, known: frozenset[str] | dict[str, int]) -> frozenset[str]:
    """The known conditions of a comma-separated list."""
    return frozenset(token for token in (part.strip() for part in text.split(",")) if token in known)


def policy_conditions(text: str) -> frozenset[str]:
    """The conditions of `retry_on`, which names HTTP and gRPC conditions in one list."""
    return conditions(text, HTTP_CONDITIONS) | conditions(text, GRPC_CONDITIONS)


def plan(
    policy: RetryPolicy | None,
    headers: Pairs,
    matches_request: Callable[[HeaderMatcher], bool],
    *,
    per_try_timeout: int = 0,
    hedged: bool = False,
    clusters: tuple[str, ...] = (),
) -> RetryPlan | None:
    """The plan for a request whose headers are final; None when nothing can be retried (RA-100).

    `per_try_timeout` is in milliseconds, 0 for none; `clusters` are those of the attempts, if they differ.
    """
    base = policy or NO_POLICY
    on = first(headers, b"x-envoy-retry-on")
    grpc_on = first(headers, b"x-envoy-retry-grpc-on")
    if not base.conditions and on is None and grpc_on is None:
        return None
    active = base.conditions | _header_conditions(on, HTTP_CONDITIONS) | _header_conditions(grpc_on, GRPC_CONDITIONS)
    if base.request_headers and not any(matches_request(matcher) for matcher in base.request_headers):
        active = frozenset()
    asked = unsigned(first(headers, b"x-envoy-max-retries")) if active else None
    return RetryPlan(
        base,
        active,
        base.num_retries if asked is None else asked,
        base.status_codes + _header_codes(first(headers, b"x-envoy-retriable-status-codes")),
        base.headers + _header_names(first(headers, b"x-envoy-retriable-header-names")),
        per_try_timeout / 1000 if per_try_timeout else None,
        hedged,
        clusters,
    )


def _header_conditions(value: bytes | None, known: frozenset[str] | dict[str, int]) -> frozenset[str]:
    return frozenset() if value is None else conditions(value.decode("latin-1"), known)


def _header_codes(value: bytes | None) -> tuple[int, ...]:
    codes = (unsigned(part, 1 << 32) for part in (value or b"").split(b","))
    return tuple(code for code in codes if code is not None)


def _header_names(value: bytes | None) -> tuple[HeaderMatcher, ...]:
    names = (part.strip().lower() for part in (value or b"").split(b","))
    return tuple(HeaderMatcher(name) for name in names if name)

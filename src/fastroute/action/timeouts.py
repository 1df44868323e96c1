"""Timeouts of a forwarded request, and the headers that announce them to the upstream.

RA-60  `timeout` defaults to 15 s; 0 is infinite.
RA-61  With `max_stream_duration` present the timeout is not used at all; a gRPC request's own timeout,
       capped and shortened, limits the stream where `grpc_timeout_header_max` is set.
RA-62  `max_grpc_timeout` (deprecated) takes the timeout of gRPC requests from their header.
RA-63  x-envoy-upstream-rq-timeout-ms and x-envoy-upstream-rq-per-try-timeout-ms override, where the
       connection manager let them through; they are read before any header is added.
RA-64  A per-try timeout at or above the whole timeout is dropped; the upstream is told the smaller one.
"""

from __future__ import annotations

from fastroute.action.headers import UINT64, unsigned
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.draft import Headers

DEFAULT_TIMEOUT_MS = 15_000
EXPECTED = b"x-envoy-expected-rq-timeout-ms"
_GRPC_LIMIT = 99_999_999
_NANOSECONDS = {
    b"H": 3_600_000_000_000,
    b"M": 60_000_000_000,
    b"S": 1_000_000_000,
    b"m": 1_000_000,
    b"u": 1_000,
    b"n": 1,
}


@record
class StreamDuration:
    """RouteAction.MaxStreamDuration, in milliseconds; None where a field is absent."""

    maximum: int | None = None
    grpc_header_max: int | None = None
    grpc_header_offset: int | None = None

    def limit(self, grpc_timeout: int | None, otherwise: int) -> int | None:
        """Milliseconds that the stream may take, the manager's limit `otherwise`; None when there is none."""
        if grpc_timeout is None or self.grpc_header_max is None:
            return (otherwise if self.maximum is None else self.maximum) or None
        limit = min(grpc_timeout, self.grpc_header_max) if self.grpc_header_max else grpc_timeout
        return max(limit - (self.grpc_header_offset or 0), 0)

    def seconds(self, headers: Headers, otherwise: int = 0) -> float | None:
        """The limit in seconds for a request with `headers`; 0.0 at once, None for none."""
        limit = self.limit(grpc_timeout(headers.first(b"grpc-timeout")), otherwise)
        return None if limit is None else limit / 1000


@record
class Timeouts:
    """The timeouts of one route in milliseconds; None where Envoy's default or the manager's holds."""

    timeout: int = DEFAULT_TIMEOUT_MS
    idle: int | None = None
    flush: int | None = None
    stream: StreamDuration | None = None
    max_grpc: int | None = None
    grpc_offset: int | None = None

    def whole(self, headers: Headers, *, grpc: bool) -> int:
        """The timeout of all attempts in milliseconds before header overrides, 0 for none."""
        if self.stream is not None:
            return 0
        if not grpc or self.max_grpc is None:
            return self.timeout
        asked = grpc_timeout(headers.first(b"grpc-timeout")) or 0
        if self.grpc_offset is not None and self.grpc_offset < asked:
            asked -= self.grpc_offset
        return self.max_grpc if self.max_grpc and (asked == 0 or asked > self.max_grpc) else asked


DEFAULT_TIMEOUTS = Timeouts()


@record
class Times:
    """What holds for one request, in milliseconds; 0 for none."""

    whole: int
    per_try: int


def announce(
    timeouts: Timeouts,
    headers: Headers,
    per_try: int,
    *,
    grpc: bool,
    hedged: bool,
    quiet: bool = False,
    expected: bool = False,
    stream_limit: int = 0,
    limited: bool = False,
) -> Times:
    """Compute the timeouts, and put them into the request headers for the upstream.

    `per_try` is the retry policy's, `grpc` whether the request is gRPC, `hedged` whether per-try timeouts hedge;
    `quiet` leaves x-envoy-expected-rq-timeout-ms out (`suppress_envoy_headers`), `expected` lets it come in
    (`respect_expected_rq_timeout`); `stream_limit` is the connection manager's `max_stream_duration`;
    `limited` says that
    `limit_stream` did its part before the filters, which may have changed the request since.
    """
    if grpc and not limited:
        limit_stream(timeouts, headers, stream_limit)
    times = _times(timeouts, headers, per_try, grpc=grpc, expected=expected)
    told = times.whole if hedged or not times.per_try else times.per_try
    if told:
        told = min(told, times.whole) if times.whole else told
        if not quiet:
            headers.set(EXPECTED, b"%d" % told)
        if grpc and timeouts.stream is None and timeouts.max_grpc is not None:
            headers.set(b"grpc-timeout", grpc_text(told))
    return times


def limit_stream(timeouts: Timeouts, headers: Headers, otherwise: int) -> None:
    """Tell the limit of a gRPC request's stream in its grpc-timeout, as the connection manager does."""
    if timeouts.stream is None:
        return
    limit = timeouts.stream.limit(grpc_timeout(headers.first(b"grpc-timeout")), otherwise)
    if limit is not None:
        headers.set(b"grpc-timeout", grpc_text(limit))
    elif otherwise:
        headers.remove(b"grpc-timeout")  # the route lifts the manager's limit, and the header goes with it


def _times(timeouts: Timeouts, headers: Headers, per_try: int, *, grpc: bool, expected: bool) -> Times:
    whole = timeouts.whole(headers, grpc=grpc)
    announced = headers.first(EXPECTED) if expected else None
    if announced is not None:
        whole = _override(announced, whole)
    else:
        whole = _override(headers.first(b"x-envoy-upstream-rq-timeout-ms"), whole)
        headers.remove(b"x-envoy-upstream-rq-timeout-ms")
    per_try = _override(headers.first(b"x-envoy-upstream-rq-per-try-timeout-ms"), per_try)
    headers.remove(b"x-envoy-upstream-rq-per-try-timeout-ms")
    return Times(whole, 0 if whole and per_try >= whole else per_try)


def _override(value: bytes | None, default: int) -> int:
    number = unsigned(value, UINT64)
    return default if number is None else number


def grpc_timeout(value: bytes | None) -> int | None:
    """The milliseconds of a grpc-timeout header, rounded up; None when it is absent or malformed."""
    if not value or value[-1:] not in _NANOSECONDS:
        return None
    number = unsigned(value[:-1], _GRPC_LIMIT + 1)
    return None if number is None else -(-number * _NANOSECONDS[value[-1:]] // 1_000_000)


def grpc_text(milliseconds: int) -> bytes:
    """A grpc-timeout header: milliseconds, or the next unit whose number has at most eight digits."""
    if milliseconds <= _GRPC_LIMIT:
        return b"%dm" % milliseconds
    number, units = milliseconds // 1000, b"SMH"
    for unit in units[:2]:
        if number <= _GRPC_LIMIT:
            return b"%d%c" % (number, unit)
        number //= 60
    return b"%dH" % min(number, _GRPC_LIMIT)

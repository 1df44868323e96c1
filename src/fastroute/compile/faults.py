"""HTTPFault messages to `fastroute.action.fault`.

Refused by Envoy: a fixed delay that is not positive, an HTTP status outside 200…599, a delay or abort
without a kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastroute.action.fault import Abort, Delay, FaultPolicy, RateLimit
from fastroute.action.fault_runtime import (
    ABORT_GRPC_STATUS,
    ABORT_HTTP_STATUS,
    ABORT_PERCENT,
    DELAY_DURATION,
    DELAY_PERCENT,
    MAX_ACTIVE_FAULTS,
    NO_RUNTIME,
    PREFIX,
    RATE_LIMIT_PERCENT,
    FaultRuntime,
)
from fastroute.action.headers import UINT64
from fastroute.compile.action_matchers import compile_headers
from fastroute.compile.context import Context
from fastroute.compile.durations import milliseconds
from fastroute.compile.fractions import fraction
from fastroute.compile.runtime import flat_keys, override_of, runtime_integer

T = TypeVar("T")

_RUNTIME_FIELDS = {
    "delay_percent_runtime": DELAY_PERCENT,
    "delay_duration_runtime": DELAY_DURATION,
    "abort_percent_runtime": ABORT_PERCENT,
    "abort_http_status_runtime": ABORT_HTTP_STATUS,
    "abort_grpc_status_runtime": ABORT_GRPC_STATUS,
    "max_active_faults_runtime": MAX_ACTIVE_FAULTS,
    "response_rate_limit_percent_runtime": RATE_LIMIT_PERCENT,
}
_HANDLED = (
    "delay",
    "abort",
    "response_rate_limit",
    "upstream_cluster",
    "downstream_nodes",
    "headers",
    "max_active_faults",
    *_RUNTIME_FIELDS,
)
_INERT = ("disable_downstream_cluster_stats", "filter_metadata")


def compile_fault(message: Any, ctx: Context, path: str) -> FaultPolicy:
    """The policy of `message`, an HTTPFault at `path`."""
    ctx.only(message, path, _HANDLED, _INERT)
    return FaultPolicy(
        delay=_part(message, "delay", _delay, ctx, path),
        abort=_part(message, "abort", _abort, ctx, path),
        rate_limit=_part(message, "response_rate_limit", _rate_limit, ctx, path),
        upstream_cluster=message.upstream_cluster,
        downstream_nodes=tuple(node.encode() for node in message.downstream_nodes),
        headers=compile_headers(message.headers, ctx, f"{path}.headers"),
        max_active=message.max_active_faults.value if message.HasField("max_active_faults") else UINT64,
        runtime=_runtime(message, ctx),
    )


def _part(message: Any, field: str, make: Callable[[Any, Context, str], T], ctx: Context, path: str) -> T | None:
    if not message.HasField(field):
        return None
    return ctx.attempt(None, make, getattr(message, field), ctx, f"{path}.{field}")


def _delay(message: Any, ctx: Context, path: str) -> Delay:
    ctx.only(message, path, ("fixed_delay", "header_delay", "percentage"))
    kind = message.WhichOneof("fault_delay_secifier")
    if kind is None:
        raise ctx.reject(path, "fault_delay_secifier is required")
    if kind == "header_delay":
        return Delay(None, fraction(message.percentage))
    fixed = message.fixed_delay
    if (fixed.seconds, fixed.nanos) <= (0, 0):
        raise ctx.reject(f"{path}.fixed_delay", "value must be greater than 0s")
    return Delay(milliseconds(fixed, ctx, f"{path}.fixed_delay"), fraction(message.percentage))


def _abort(message: Any, ctx: Context, path: str) -> Abort:
    ctx.only(message, path, ("http_status", "grpc_status", "header_abort", "percentage"))
    kind, percentage = message.WhichOneof("error_type"), fraction(message.percentage)
    if kind is None:
        raise ctx.reject(path, "error_type is required")
    if kind == "http_status":
        if not 200 <= message.http_status < 600:
            raise ctx.reject(f"{path}.http_status", "value must be inside range [200, 600)")
        return Abort(status=message.http_status, fraction=percentage)
    return Abort(grpc_status=message.grpc_status if kind == "grpc_status" else None, fraction=percentage)


def _rate_limit(message: Any, ctx: Context, path: str) -> RateLimit:
    ctx.only(message, path, ("fixed_limit", "header_limit", "percentage"))
    kind = message.WhichOneof("limit_type")
    if kind is None:
        raise ctx.reject(path, "limit_type is required")
    if kind == "header_limit":
        return RateLimit(None, fraction(message.percentage))
    if message.fixed_limit.limit_kbps < 1:
        raise ctx.reject(f"{path}.fixed_limit.limit_kbps", "value must be greater than or equal to 1")
    return RateLimit(message.fixed_limit.limit_kbps, fraction(message.percentage))


def _runtime(message: Any, ctx: Context) -> FaultRuntime:
    """The runtime keys that a request may ask for."""
    keys = {name: getattr(message, field) for field, name in _RUNTIME_FIELDS.items() if getattr(message, field)}
    asked = [key for key in flat_keys(ctx.runtime) if key.startswith(PREFIX)] if ctx.runtime else []
    asked += keys.values()
    if not asked:
        return NO_RUNTIME
    shares = {key: override_of(ctx.runtime, key) for key in asked}
    numbers = {key: runtime_integer(ctx.runtime, key) for key in asked}
    return FaultRuntime(
        {key: share for key, share in shares.items() if share is not None},
        {key: number for key, number in numbers.items() if number is not None},
        keys,
    )

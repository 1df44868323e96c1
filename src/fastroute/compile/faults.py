"""HTTPFault messages to `fastroute.action.fault`.

Refused by Envoy: a fixed delay that is not positive, an HTTP status outside 200…599, a delay or abort
without a kind.
"""

from __future__ import annotations

from typing import Any

from fastroute.action.fault import Abort, Delay, FaultPolicy
from fastroute.compile.action_matchers import compile_headers
from fastroute.compile.context import Context
from fastroute.compile.durations import milliseconds
from fastroute.compile.fractions import fraction
from fastroute.compile.runtime import runtime_value

_HANDLED = ("delay", "abort", "upstream_cluster", "downstream_nodes", "headers")
_INERT = ("disable_downstream_cluster_stats", "filter_metadata")
_RUNTIME_PREFIX = "fault.http."


def compile_fault(message: Any, ctx: Context, path: str) -> FaultPolicy:
    """The policy of `message`, an HTTPFault at `path`."""
    ctx.only(message, path, _HANDLED, _INERT)
    if any(f"{key}.".startswith(_RUNTIME_PREFIX) for key in ctx.runtime) or runtime_value(ctx.runtime, "fault.http"):
        raise ctx.unsupported(path, "runtime keys of the fault filter (fault.http.…) are not supported")
    return FaultPolicy(
        delay=_delay(message.delay, ctx, f"{path}.delay") if message.HasField("delay") else None,
        abort=_abort(message.abort, ctx, f"{path}.abort") if message.HasField("abort") else None,
        upstream_cluster=message.upstream_cluster,
        downstream_nodes=tuple(node.encode() for node in message.downstream_nodes),
        headers=compile_headers(message.headers, ctx, f"{path}.headers"),
    )


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

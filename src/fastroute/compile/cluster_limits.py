"""Circuit breakers and outlier detection of a cluster.

Rules:
- CB-01 of two thresholds for one priority the first counts; a priority without one has the defaults.
- CB-02 per_host_thresholds limit connections of a host, which nobody makes here: inert.
- OD-01 fields that are not set have Envoy's defaults; the maximum time is at least the base time.
"""

from __future__ import annotations

from fastroute.core.circuit_breakers import Breaker
from fastroute.core.outlier import DEFAULTS, Detector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context
    from fastroute.core.clusters import Cluster

_LIMITS = {
    "max_connections": "connections",
    "max_pending_requests": "pending",
    "max_requests": "requests",
    "max_retries": "retries",
    "max_connection_pools": "pools",
}
_PRIORITIES = ("default", "high")


def add_limits(cluster: Cluster, message: Any, ctx: Context, previous: Cluster | None) -> None:
    """Give a cluster its breakers and its detector; counts of the previous cluster live on."""
    cluster.breakers = _breakers(message.circuit_breakers, ctx)
    if previous is not None:
        for name, breaker in previous.breakers.items():
            same = cluster.breakers[name]
            if (same.limits, same.retry_budget) == (breaker.limits, breaker.retry_budget):
                cluster.breakers[name] = breaker
    if message.HasField("outlier_detection"):
        cluster.detector = Detector(cluster, _settings(message.outlier_detection, ctx))


def _breakers(message: Any, ctx: Context) -> dict[str, Breaker]:
    ctx.only(message, "circuit_breakers", ("thresholds",), inert=("per_host_thresholds",))
    found: dict[str, Breaker] = {}
    for index, threshold in enumerate(message.thresholds):
        path = f"circuit_breakers.thresholds[{index}]"
        ctx.only(threshold, path, (*_LIMITS, "priority", "retry_budget"), inert=("track_remaining",))
        limits = {kind: getattr(threshold, name).value for name, kind in _LIMITS.items() if threshold.HasField(name)}
        budget = _budget(threshold.retry_budget) if threshold.HasField("retry_budget") else None
        found.setdefault(_PRIORITIES[threshold.priority], Breaker(limits, retry_budget=budget))
    return {name: found.get(name) or Breaker() for name in _PRIORITIES}


def _budget(message: Any) -> tuple[float, int]:
    percent = message.budget_percent.value if message.HasField("budget_percent") else 20.0
    least = message.min_retry_concurrency.value if message.HasField("min_retry_concurrency") else 3
    return percent, least


def _settings(message: Any, ctx: Context) -> dict[str, float | bool]:
    ctx.only(message, "outlier_detection", DEFAULTS)
    found: dict[str, float | bool] = {}
    for descriptor, value in message.ListFields():
        if descriptor.name not in DEFAULTS:
            continue
        if descriptor.name == "split_external_local_origin_errors":
            found[descriptor.name] = value
        elif descriptor.message_type.name == "Duration":
            found[descriptor.name] = value.seconds + value.nanos / 1e9
        else:
            found[descriptor.name] = value.value
    return found

"""Client-side weighted round robin: weights out of load reports (LB-83)."""

from collections.abc import Iterable, Mapping
from typing import final

from fastroute.core.clusters import Cluster
from fastroute.core.endpoint import Endpoint

@final
class Load:
    """The reports of one host."""

    def __new__(cls) -> Load: ...

def weight_of(rps: float, utilization: float, eps: float = 0.0, penalty: float = 1.0) -> int:
    """The weight that a report gives; 0 when it gives none."""

def utilization_of(
    named: Mapping[str, float], metrics: Iterable[str], application: float = 0.0, cpu: float = 0.0
) -> float:
    """The utilization that counts."""

def report_load(
    cluster: Cluster,
    host: Endpoint,
    *,
    now: float,
    rps: float,
    eps: float = 0.0,
    cpu: float = 0.0,
    application: float = 0.0,
    named: Mapping[str, float] | Iterable[tuple[str, float]] = (),
) -> None:
    """A load report of a host (ORCA): requests and errors a second, utilizations from 0 to 1."""

def update_weights(cluster: Cluster, now: float) -> None:
    """Compute the weights anew; Envoy does so every weight_update_period."""

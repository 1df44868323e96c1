"""Outlier detection: ejecting hosts by what they answered (OD-01 to OD-04)."""

from collections.abc import Mapping
from typing import Literal, final

from fastroute.core.clusters import Cluster
from fastroute.core.endpoint import Endpoint
from fastroute.types import RandomSource

DEFAULTS: Mapping[str, float | bool]
"""Envoy's settings, by the names of the OutlierDetection fields; times in seconds."""

@final
class Monitor:
    """What is counted of one host."""

    consecutive_5xx: int
    consecutive_gateway: int
    consecutive_local: int
    ejected_at: float
    jitter: float
    backoff: int
    ejections: int

@final
class Detector:
    """Outlier detection of one cluster, fed with results and with the time in seconds.

    `random` is needed where a setting makes an ejection or its length random.
    """

    settings: Mapping[str, float | bool]
    def __new__(cls, cluster: Cluster, settings: Mapping[str, float | bool] | None = None) -> Detector: ...
    def report(self, host: Endpoint, status: int, *, now: float, random: RandomSource | None = None) -> None:
        """A host answered with an HTTP status."""
    def report_local(
        self,
        host: Endpoint,
        result: Literal["connect-failed", "timeout", "reset", "success"],
        *,
        now: float,
        random: RandomSource | None = None,
    ) -> None:
        """Something happened to a request without an answer, or a connection was made."""
    def tick(self, now: float, random: RandomSource | None = None) -> bool:
        """Let hosts return and judge rates, once an interval; False when the interval has not passed."""
    def checked(self, host: Endpoint) -> None:
        """An active health check of the host succeeded: it returns unless told otherwise."""
    @property
    def ejected(self) -> list[Endpoint]:
        """The hosts that are ejected now."""

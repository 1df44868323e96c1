"""Runtime keys of the fault filter (FI-07), as they were when the configuration was compiled.

Each value has a key: the field `*_runtime` of the fault, or a default one. A request with the header
x-envoy-downstream-service-cluster, be it empty, has keys with that cluster's name instead. What has no key comes from
the configuration; a duration without the cluster's key comes from the first one before.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastroute.action.fractions import Fraction
from fastroute.records import record

PREFIX = "fault.http."
DELAY_PERCENT = "delay.fixed_delay_percent"
DELAY_DURATION = "delay.fixed_duration_ms"
ABORT_PERCENT = "abort.abort_percent"
ABORT_HTTP_STATUS = "abort.http_status"
ABORT_GRPC_STATUS = "abort.grpc_status"
MAX_ACTIVE_FAULTS = "max_active_faults"
RATE_LIMIT_PERCENT = "rate_limit.response_percent"


@record
class FaultRuntime:
    """The keys that the runtime has: as fractions, and as numbers; `keys` renames default ones."""

    fractions: Mapping[str, Fraction]
    numbers: Mapping[str, int]
    keys: Mapping[str, str]

    def fraction(self, name: str, default: Fraction, cluster: bytes | None = None) -> Fraction:
        """The percentage `name` for a request out of `cluster`, if it names one."""
        return self.fractions.get(self._key(name, cluster), default) if self.fractions else default

    def number(self, name: str, default: int, cluster: bytes | None = None) -> int:
        """The duration, status or count `name` for a request out of `cluster`, if it names one."""
        return self.numbers.get(self._key(name, cluster), default) if self.numbers else default

    def _key(self, name: str, cluster: bytes | None) -> str:
        if cluster is not None:
            return f"{PREFIX}{cluster.decode('utf-8', 'replace')}.{name}"
        return self.keys.get(name) or PREFIX + name


NO_RUNTIME = FaultRuntime({}, {}, {})

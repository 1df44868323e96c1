"""What every action answers, forwarding or not: levels, metadata, faults, headers of the response."""

# ruff: noqa: ARG002  (every action answers the whole protocol)
from __future__ import annotations

import itertools
from collections.abc import Mapping

from fastroute.action import filters
from fastroute.action.draft import JOINED_IN_RESPONSES, Draft, Headers
from fastroute.action.format import Supply, Template, Values
from fastroute.action.levels import Levels
from fastroute.action.policies import NO_HOST_POLICIES, HostPolicies
from fastroute.core.hashing import xxh64
from fastroute.records import field, record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from fastroute.action import cors
    from fastroute.action.decided import Decided, Pairs
    from fastroute.action.fault import FaultDecision
    from fastroute.action.mirrors import Mirror
    from fastroute.action.notes import StepFields
    from fastroute.action.rate_limits import Descriptor
    from fastroute.action.redirects import InternalRedirectPolicy
    from fastroute.action.retry import RetryPlan
    from fastroute.types import RandomSource

FAULT_FILTER = ("envoy.filters.http.fault", "envoy.extensions.filters.http.fault.v3.HTTPFault")
CORS_FILTER = ("envoy.filters.http.cors", "envoy.extensions.filters.http.cors.v3.Cors")


def installed(decision: Decided, wanted: tuple[str, str]) -> list[str]:
    """The names under which the filter `wanted` (its usual name and its type) is installed.

    Per-filter configuration goes by these names (RA-90). Where no connection manager is known, the filter
    is taken to be installed under its usual name.
    """
    filters = decision.http_filters
    return [wanted[0]] if filters is None else [name for name, kind in filters if kind == wanted[1]]


def draws(decision: Decided) -> RandomSource:
    """Values that are independent of each other and of the stream's random value, but made of it (FI-04)."""
    seeds = itertools.count(1)
    return lambda: xxh64(decision.random.to_bytes(8, "little"), next(seeds))


@record
class BaseAction:
    """The answers of a route that forwards nothing; forwarding overrides most of them."""

    levels: Levels = field(default_factory=Levels)
    route_metadata: Mapping[str, object] = field(default_factory=dict)
    operation: str | None = None
    host: HostPolicies = NO_HOST_POLICIES
    forwards: ClassVar[bool] = False

    def method(self, decision: Decided) -> bytes:
        return decision.original_method

    def path(self, decision: Decided) -> bytes | None:
        return decision.original_path

    def authority(self, decision: Decided) -> bytes:
        return decision.original_authority

    def location(self, decision: Decided) -> bytes | None:
        return None

    def body(self, decision: Decided) -> bytes:
        return b""

    def timeout(self, decision: Decided) -> float | None:
        return None

    def idle_timeout(self, decision: Decided) -> float | None:
        return None

    def max_stream_duration(self, decision: Decided) -> float | None:
        return None

    def retry(self, decision: Decided) -> RetryPlan | None:
        return None

    def hash(self, decision: Decided) -> int | None:
        return None

    def hash_cookies(self, decision: Decided) -> tuple[bytes, ...]:
        return ()

    def selection_hash(self, decision: Decided) -> int | None:
        return None

    def mirrors(self, decision: Decided) -> tuple[Mirror, ...]:
        return ()

    def fault(self, decision: Decided, random: RandomSource | None = None, active: int = 0) -> FaultDecision | None:
        draw = random if random is not None else draws(decision)
        for name in installed(decision, FAULT_FILTER):
            setting = self.levels.setting(name)
            policy = setting.fault if setting is not None and not setting.disabled else None
            if policy is None:
                continue
            headers = filters.passed(decision, self.levels, before=(name, FAULT_FILTER[1])).headers.pairs
            found = policy.decide(decision.cluster, decision, draw, active, headers)
            if found is not None:
                return found
        return None

    def priority(self, decision: Decided) -> str:
        return "default"

    def metadata(self, decision: Decided) -> Mapping[str, object]:
        return self.route_metadata

    def metadata_match(self, decision: Decided) -> Mapping[str, object]:
        return {}

    def rate_limits(self, decision: Decided) -> tuple[Descriptor, ...]:
        return ()

    def cors(self, decision: Decided) -> cors.CorsPolicy | None:
        return None

    def virtual_cluster(self, decision: Decided) -> str | None:
        return None

    def internal_redirect(self, decision: Decided) -> InternalRedirectPolicy | None:
        return None

    def filter_config(self, decision: Decided, name: str) -> object:
        setting = self.levels.setting(name)
        return None if setting is None or setting.disabled else setting.value

    def decorator(self, decision: Decided) -> str | None:
        return self.operation

    def upgrade(self, name: bytes) -> bool | None:
        return None

    def refused(self, cluster: str | None) -> BaseAction:
        """What answers in place of this, which would have led to `cluster`, where the request is no allowed upgrade."""
        from fastroute.action.denied import DeniedAction

        return DeniedAction.of(self, cluster, b"")

    def upstream_headers(self, decision: Decided, operators: Supply | None = None) -> list[tuple[bytes, bytes]]:
        return []

    def downstream_headers(
        self, decision: Decided, status: int, headers: Pairs, operators: Supply | None = None
    ) -> list[tuple[bytes, bytes]]:
        return list(headers)

    def explain_steps(self, decision: Decided) -> tuple[StepFields, ...]:
        return ()

    def arrived(self, decision: Decided) -> Draft:
        """The request as the router gets it, after the filters in front."""
        return filters.passed(decision, self.levels)

    def route_request(self, decision: Decided) -> Draft:
        """The request after the route's own changes, without those of the router filter."""
        return self.arrived(decision)

    def route_response(self, decision: Decided, headers: Pairs) -> list[tuple[bytes, bytes]]:
        """The response headers after the route's own changes, and no others."""
        response = Headers(headers, JOINED_IN_RESPONSES)
        request = self.route_request(decision)
        self.mutate_response(response, Values(decision, request.first, metadata=self.format_metadata()))
        return response.pairs

    def format_metadata(self) -> Mapping[str, Mapping[str, object]]:
        """What `%METADATA(kind:…)%` can name."""
        return {"ROUTE": self.route_metadata, "VIRTUAL_HOST": self.host.metadata}

    def mutate_response(self, response: Headers, values: Values) -> None:
        """Apply the response header mutations of all levels (RA-73)."""
        with_response = replace(values, response=response.first)

        def render(template: Template) -> bytes:
            return template.render(with_response)

        for level in self.levels.application_order():
            level.response.apply(response, render)

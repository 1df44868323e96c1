"""What an action answers: the lazy values of a decision.

The core's `Decision` finds the route and holds the request as it was decided. Everything that follows
from the route is asked of the route's action, with the decision as the only argument:

    decision.path            is  action.path(decision)
    decision.filter_config(n) is action.filter_config(decision, n)

Text of requests and responses is `bytes`; names from the configuration are `str`; times are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fastroute.action.cors import CorsPolicy
    from fastroute.action.decided import Decided, Pairs
    from fastroute.action.fault import FaultDecision
    from fastroute.action.format import Supply
    from fastroute.action.levels import Levels
    from fastroute.action.mirrors import Mirror
    from fastroute.action.notes import StepFields
    from fastroute.action.rate_limits import Descriptor
    from fastroute.action.redirects import InternalRedirectPolicy
    from fastroute.action.retry import RetryPlan
    from fastroute.types import RandomSource


class Action(Protocol):
    """What a route, or an entry of its weighted clusters, does with a request."""

    @property
    def levels(self) -> Levels:
        """Header mutations and filter settings of the route and what is above it."""
        ...

    def method(self, decision: Decided) -> bytes:
        """The method that the upstream sees."""
        ...

    def path(self, decision: Decided) -> bytes | None:
        """The path with its query that the upstream sees; None for CONNECT."""
        ...

    def authority(self, decision: Decided) -> bytes:
        """The authority that the upstream sees; with `auto_host_rewrite` the endpoint decides it later."""
        ...

    def location(self, decision: Decided) -> bytes | None:
        """The Location header of a local reply, None when it has none."""
        ...

    def body(self, decision: Decided) -> bytes:
        """The body of a local reply; empty for a forwarded request."""
        ...

    def timeout(self, decision: Decided) -> float | None:
        """Seconds until the upstream must have answered (504 otherwise); None for never."""
        ...

    def idle_timeout(self, decision: Decided) -> float | None:
        """Seconds without activity on the stream, if the route sets them; 0.0 for never, None for the manager's."""
        ...

    def max_stream_duration(self, decision: Decided) -> float | None:
        """Seconds that the stream may take in all, by the route or the connection manager; None for any."""
        ...

    def retry(self, decision: Decided) -> RetryPlan | None:
        """How failed attempts are repeated; None when they are not."""
        ...

    def hash(self, decision: Decided) -> int | None:
        """The 64-bit hash of the route's hash policies; None when none applies."""
        ...

    def hash_cookies(self, decision: Decided) -> tuple[bytes, ...]:
        """The set-cookie values of cookies that `hash` made up.

        The client is given them only where the cluster balances by hash (RING_HASH, MAGLEV): no other
        balancer asks for the hash. They are therefore not among `downstream_headers`.
        """
        ...

    def selection_hash(self, decision: Decided) -> int | None:
        """The hash that picks among weighted clusters: taken before the request was rewritten."""
        ...

    def mirrors(self, decision: Decided) -> tuple[Mirror, ...]:
        """The clusters that get a copy of this request."""
        ...

    def fault(self, decision: Decided, random: RandomSource | None = None, active: int = 0) -> FaultDecision | None:
        """The fault that the route's own fault configuration injects.

        Its draws come from `random`; without it they follow from the stream's random value. `active` are the faults
        that the filter injects at the moment, for `max_active_faults`.
        """
        ...

    def priority(self, decision: Decided) -> str:
        """`default` or `high`: which circuit breakers and connection pools are used."""
        ...

    def metadata(self, decision: Decided) -> Mapping[str, object]:
        """The metadata of the route: filter name to plain values."""
        ...

    def metadata_match(self, decision: Decided) -> Mapping[str, object]:
        """The `envoy.lb` criteria that choose the subset of endpoints, merged, sorted by key."""
        ...

    def rate_limits(self, decision: Decided) -> tuple[Descriptor, ...]:
        """The rate-limit descriptors that the request produces."""
        ...

    def cors(self, decision: Decided) -> CorsPolicy | None:
        """The CORS policy in force; None without one."""
        ...

    def virtual_cluster(self, decision: Decided) -> str | None:
        """The first matching virtual cluster, `other` when none matches, None when there are none."""
        ...

    def internal_redirect(self, decision: Decided) -> InternalRedirectPolicy | None:
        """How redirects of the upstream are followed; None when they are passed on."""
        ...

    def filter_config(self, decision: Decided, name: str) -> object:
        """The most specific configuration for the HTTP filter `name`, as plain values; None without one."""
        ...

    def decorator(self, decision: Decided) -> str | None:
        """The operation name of the route's decorator."""
        ...

    def upgrade(self, name: bytes) -> bool | None:
        """Whether the route itself enables the upgrade `name`; None when it does not say."""
        ...

    def refused(self, cluster: str | None) -> Action:
        """What stands for this action, which leads to `cluster`, where an upgrade is refused: 403 without a text."""
        ...

    def upstream_headers(self, decision: Decided, operators: Supply | None = None) -> list[tuple[bytes, bytes]]:
        """The request headers that reach the upstream; `operators` supplies format operators unknown here."""
        ...

    def downstream_headers(
        self, decision: Decided, status: int, headers: Pairs, operators: Supply | None = None
    ) -> list[tuple[bytes, bytes]]:
        """The response headers that reach the client, for a response of the upstream or a local reply."""
        ...

    def explain_steps(self, decision: Decided) -> tuple[StepFields, ...]:
        """Each rewrite and header change with its level: (stage, subject, verdict, reason, rule)."""
        ...

"""The action of a route that forwards to a cluster.

RA-33  Order of the changes to a request: timeout headers and attempt count, the weighted-cluster entry's
       mutations and host, the header mutations of the other levels, the host rewrite, the path rewrite.
RA-63  Timeout headers are read before header mutations, retry headers after them (RA-103).
"""

# ruff: noqa: ARG002  (every action answers the whole protocol)
from __future__ import annotations

from collections.abc import Mapping

from fastroute.action import filters, metadata, rewrites
from fastroute.action.base import CORS_FILTER, BaseAction, installed
from fastroute.action.draft import JOINED_IN_RESPONSES, Draft, Headers, draft
from fastroute.action.format import Supply, Template, Values
from fastroute.action.headers import is_grpc, speaks_grpc
from fastroute.action.local_reply import finish
from fastroute.action.notes import Notes
from fastroute.action.policies import NO_POLICIES, Policies
from fastroute.action.router_options import DEFAULT_ROUTER
from fastroute.action.timeouts import DEFAULT_TIMEOUTS, Timeouts, Times, announce, limit_stream
from fastroute.records import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from fastroute.action import cors, mirrors, rate_limits, retry
    from fastroute.action.decided import Decided, Pairs
    from fastroute.action.notes import StepFields
    from fastroute.action.redirects import InternalRedirectPolicy

ATTEMPT_COUNT = b"x-envoy-attempt-count"
ALT_STAT_NAME = b"x-envoy-upstream-alt-stat-name"
_CONSUMED = frozenset(
    (
        b"x-envoy-retry-on",
        b"x-envoy-retry-grpc-on",
        b"x-envoy-max-retries",
        b"x-envoy-hedge-on-per-try-timeout",
        b"x-envoy-retriable-header-names",
        b"x-envoy-retriable-status-codes",
        b"x-envoy-upstream-rq-per-try-timeout-ms",
        b"x-envoy-upstream-rq-timeout-alt-response",
        b"x-envoy-upstream-stream-duration-ms",
    )
)
"""Headers that the router reads after the mutations and that never reach the upstream."""


_NOT_FORWARDED = (b"connection", b"proxy-connection", b"transfer-encoding", b"upgrade", b"server")
"""Response headers that the connection manager takes away, or replaces by its own."""
_SWITCHING_PROTOCOLS = 101


def _resend(headers: Headers, whole: int, decision: Decided) -> None:
    """What the router of a copy does to its headers; `whole` is the timeout of the request in milliseconds."""
    options = decision.router_options or DEFAULT_ROUTER
    headers.remove(ALT_STAT_NAME)
    hedged = headers.first(b"x-envoy-hedge-on-per-try-timeout") == b"true"
    quiet, expected = options.suppress_envoy_headers, options.respect_expected_timeout
    grpc = is_grpc(headers.pairs)  # a copy has a path: CONNECT is never copied
    announce(Timeouts(whole), headers, 0, grpc=grpc, hedged=hedged, quiet=quiet, expected=expected)
    headers.remove_all(_CONSUMED)


def _nothing(_template: Template) -> bytes:
    """What rewrites without format operators render."""
    return b""


@record
class ForwardAction(BaseAction):
    """RouteAction."""

    timeouts: Timeouts = DEFAULT_TIMEOUTS
    retry_policy: retry.RetryPolicy | None = None
    policies: Policies = NO_POLICIES
    entry_host: bytes = b""
    criteria: Mapping[str, object] = field(default_factory=dict)
    forwards: ClassVar[bool] = True

    def arrived(self, decision: Decided) -> Draft:
        return filters.passed(decision, self.levels, prepare=lambda headers: self._limit(decision, headers))

    def _limit(self, decision: Decided, headers: Headers) -> None:
        """What the connection manager does for gRPC before any filter runs."""
        if speaks_grpc(decision):
            limit_stream(self.timeouts, headers, (decision.router_options or DEFAULT_ROUTER).max_stream_duration)

    # Rewritten request

    def path(self, decision: Decided) -> bytes | None:
        path, rewrite = decision.original_path, self.policies.path
        if rewrite is None or path is None:
            return path
        if isinstance(rewrite, rewrites.FormatRewrite):
            return self._finalise(decision)[0].path
        return rewrite.rewrite(path, _nothing) or path

    def authority(self, decision: Decided) -> bytes:
        if self.policies.host is None:
            return self.entry_host or decision.original_authority
        if isinstance(self.policies.host, rewrites.HostLiteral):
            return self.policies.host.host
        return self._finalise(decision)[0].authority

    def upstream_headers(self, decision: Decided, operators: Supply | None = None) -> list[tuple[bytes, bytes]]:
        return self._sent(decision, operators).headers.pairs

    def _values(self, decision: Decided, request: Draft, operators: Supply | None) -> Values:
        return Values(
            decision,
            request.first,
            metadata=self.format_metadata(),
            virtual_cluster=self._named_virtual_cluster(decision),
            supply=operators,
        )

    def _named_virtual_cluster(self, decision: Decided) -> str | None:
        """The virtual cluster as operators see it: the catch-all has no name there.

        Without a cluster the router answers before it looks for one (PIPE-04).
        """
        name = self.virtual_cluster(decision) if decision.cluster is not None else None
        if name is None:
            return None
        from fastroute.action.virtual_clusters import OTHER

        return None if name == OTHER else name

    def _sent(self, decision: Decided, operators: Supply | None = None) -> Draft:
        request, _ = self._finalise(decision, operators)
        request.headers.remove_all(_CONSUMED)
        return request

    def route_request(self, decision: Decided) -> Draft:
        request = self.arrived(decision)
        self._mutate(decision, request, None, None)
        return request

    def _finalise(
        self, decision: Decided, operators: Supply | None = None, notes: Notes | None = None
    ) -> tuple[Draft, Times]:
        request = self.arrived(decision)
        request.headers.remove(ALT_STAT_NAME)
        times = self._announce(decision, request.headers)
        if self.host.attempt_count:
            request.headers.set(ATTEMPT_COUNT, b"1")
            if notes is not None:
                notes.added(ATTEMPT_COUNT, b"1", "include_request_attempt_count of the virtual host", "RA-114")
        self._mutate(decision, request, operators, notes)
        return request, times

    def _mutate(self, decision: Decided, request: Draft, operators: Supply | None, notes: Notes | None) -> None:
        values = self._values(decision, request, operators)

        def render(template: Template) -> bytes:
            return template.render(values)

        for level in self.levels.application_order():
            level.request.apply(request.headers, render, notes.of_level(level.name) if notes is not None else None)
            if level is self.levels.entry and self.entry_host:
                request.authority = self.entry_host
        self._rewrite(request, values, notes)

    def _announce(self, decision: Decided, headers: Headers) -> Times:
        options = decision.router_options or DEFAULT_ROUTER
        hedged = self._hedged(headers)
        headers.remove(b"x-envoy-hedge-on-per-try-timeout")
        per_try = self.retry_policy.per_try_timeout if self.retry_policy is not None else 0
        return announce(
            self.timeouts,
            headers,
            per_try,
            grpc=decision.original_path is not None and is_grpc(headers.pairs),
            hedged=hedged,
            quiet=options.suppress_envoy_headers,
            expected=options.respect_expected_timeout,
            stream_limit=options.max_stream_duration,
            limited=bool(options.filters),
        )

    def _hedged(self, headers: Headers) -> bool:
        asked = headers.first(b"x-envoy-hedge-on-per-try-timeout")
        return asked == b"true" if asked in (b"true", b"false") else self.policies.hedge_on_per_try_timeout

    def _rewrite(self, request: Draft, values: Values, notes: Notes | None) -> None:
        policies = self.policies
        keep = not (values.decision.router_options or DEFAULT_ROUTER).suppress_envoy_headers
        if policies.host is not None:
            host = policies.host.rewrite(request, lambda template: template.render(values))
            if host:
                if notes is not None:
                    notes.rewritten("authority", request.authority, host, policies.host_field, "RA-30")
                rewrites.set_host(request, host, append_forwarded=policies.append_forwarded_host, keep_original=keep)
        if policies.path is not None and request.path is not None:
            path = policies.path.rewrite(request.path, lambda template: template.render(values))
            if path:
                if notes is not None:
                    notes.rewritten("path", request.path, path, policies.path_field, "RA-21")
                rewrites.set_path(request, path, keep_original=keep)

    # Times and attempts

    def timeout(self, decision: Decided) -> float | None:
        whole = self._announce(decision, self.arrived(decision).headers).whole
        return whole / 1000 if whole else None

    def idle_timeout(self, decision: Decided) -> float | None:
        return None if self.timeouts.idle is None else self.timeouts.idle / 1000

    def max_stream_duration(self, decision: Decided) -> float | None:
        limit = (decision.router_options or DEFAULT_ROUTER).max_stream_duration
        if self.timeouts.stream is None:
            return limit / 1000 if limit else None
        return self.timeouts.stream.seconds(draft(decision).headers, limit)

    def retry(self, decision: Decided) -> retry.RetryPlan | None:
        from fastroute.action import retry

        hedged = self._hedged(self.arrived(decision).headers)
        request, times = self._finalise(decision)
        return retry.plan(
            self.retry_policy,
            request.headers.pairs,
            lambda matcher: matcher.matches(request.values(matcher.name)),
            per_try_timeout=times.per_try,
            hedged=hedged,
            clusters=self._clusters(decision),
        )

    def _clusters(self, decision: Decided) -> tuple[str, ...]:
        """The clusters of the attempts, where they differ (RA-06)."""
        groups, policy = self.policies.groups, self.retry_policy
        if groups is None or policy is None or not policy.refresh_cluster:
            return ()
        return groups.clusters(decision, self)

    # Choice of the endpoint

    def hash(self, decision: Decided) -> int | None:
        if not self.policies.hash:
            return None
        from fastroute.action.hashes import Sent, evaluate

        request = Sent(decision, self._changed(decision), lambda: self._sent(decision))
        return evaluate(self.policies.hash, decision, request).value

    def hash_cookies(self, decision: Decided) -> tuple[bytes, ...]:
        if not self.policies.hash:
            return ()
        from fastroute.action.hashes import Sent, evaluate

        request = Sent(decision, self._changed(decision), lambda: self._sent(decision))
        return evaluate(self.policies.hash, decision, request).cookies

    def selection_hash(self, decision: Decided) -> int | None:
        from fastroute.action.hashes import Sent, evaluate

        return evaluate(self.policies.hash, decision, Sent(decision, frozenset(), lambda: draft(decision))).value

    def _changed(self, decision: Decided) -> frozenset[bytes]:
        """The headers that filters and the route may change; those that begin with x-envoy- or x-forwarded- aside."""
        changed = {b"grpc-timeout", *filters.touched(decision, self.levels)}
        for level in self.levels.specific_first():
            changed.update(level.request.remove)
            changed.update([addition.name for addition in level.request.add])
        return frozenset(changed)

    def metadata_match(self, decision: Decided) -> Mapping[str, object]:
        return metadata.merged(self.criteria, decision.dynamic_metadata)

    def priority(self, decision: Decided) -> str:
        return self.policies.priority

    # Copies, limits, and the rest

    def mirrors(self, decision: Decided) -> tuple[mirrors.Mirror, ...]:
        policies = self.policies.mirrors or self.host.mirrors
        if not policies or decision.original_method == b"CONNECT":
            return ()
        from fastroute.action import mirrors

        request, times = self._finalise(decision)
        request.headers.remove_all(_CONSUMED)
        return mirrors.chosen(policies, decision, request, lambda headers: _resend(headers, times.whole, decision))

    def rate_limits(self, decision: Decided) -> tuple[rate_limits.Descriptor, ...]:
        if not self.policies.rate_limits and not self.host.rate_limits:
            return ()
        from fastroute.action import rate_limits

        own = rate_limits.descriptors(self.policies.rate_limits, decision, self.format_metadata())
        if self.policies.rate_limits and not self.policies.include_host_rate_limits:
            return own
        return own + rate_limits.descriptors(self.host.rate_limits, decision, self.format_metadata())

    def virtual_cluster(self, decision: Decided) -> str | None:
        if not self.host.virtual_clusters:
            return None
        from fastroute.action.virtual_clusters import name_of

        return name_of(self.host.virtual_clusters, self.arrived(decision).values)

    def cors(self, decision: Decided) -> cors.CorsPolicy | None:
        names = installed(decision, CORS_FILTER)
        if not names:
            return None
        from fastroute.action import cors

        settings = [setting.policy for _, setting in self.levels.settings(names[0])]
        levels = [policy for policy in settings if isinstance(policy, cors.CorsSetting)]
        levels = levels or [policy for policy in (self.policies.cors, self.host.cors) if policy is not None]
        asked = filters.passed(decision, self.levels, before=(names[0], CORS_FILTER[1]))
        return cors.merged(tuple(levels), decision, asked)

    def internal_redirect(self, decision: Decided) -> InternalRedirectPolicy | None:
        return self.policies.internal_redirect

    def upgrade(self, name: bytes) -> bool | None:
        return self.policies.upgrades.get(name.lower())

    # The answer

    def downstream_headers(
        self, decision: Decided, status: int, headers: Pairs, operators: Supply | None = None
    ) -> list[tuple[bytes, bytes]]:
        # Without a cluster the router answers before it changes the request (PIPE-04).
        request = self.arrived(decision) if decision.cluster is None else self._sent(decision, operators)
        response = Headers(headers, JOINED_IN_RESPONSES)
        if self.host.attempt_count_in_response and decision.cluster is not None:
            response.set(ATTEMPT_COUNT, b"1")
        self.mutate_response(response, self._values(decision, request, operators))
        if decision.cluster is None:
            finish(response, decision, decision.answered_status or status, b"")
        for name in _NOT_FORWARDED if status != _SWITCHING_PROTOCOLS else ():
            response.remove(name)
        return response.pairs

    def explain_steps(self, decision: Decided) -> tuple[StepFields, ...]:
        notes = Notes()
        self._finalise(decision, notes=notes)
        return tuple(notes.steps)

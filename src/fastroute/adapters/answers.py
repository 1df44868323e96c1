"""Whole responses that Envoy makes itself, for whoever has to send them.

    answer = own(decision)                       # a redirect, a direct response, a 404, a preflight, an injected abort
    if answer is not None:
        send(answer.status, answer.headers, answer.body)

Rules:
- Filters come before the router: an abort (`Decision.fault`), then a preflight that the CORS filter answers.
- A gRPC client gets 200 with grpc-status and grpc-message, and no body.
- A body has a length and, unless a route says otherwise, the type text/plain; HEAD gets the headers alone.
- Responses of the router itself (`failed`) have the header changes of the route, and those of CORS.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastroute.action.cors import CorsPolicy
from fastroute.action.draft import JOINED_IN_RESPONSES, Headers
from fastroute.action.fault import FaultDecision
from fastroute.action.forward import ATTEMPT_COUNT, ForwardAction
from fastroute.action.headers import speaks_grpc
from fastroute.action.local_reply import finish
from fastroute.core.decision import Decision
from fastroute.errors import FastrouteError
from fastroute.records import record

Pairs = Sequence[tuple[bytes, bytes]]


@record
class Answer:
    """A response: `headers` with lower-case names, without what the connection manager adds (`server`, `date`)."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


NO_HOST = Answer(400)
"""To a request without a Host; an empty one is routed."""


def own(decision: Decision, fault: FaultDecision | None = None) -> Answer | None:
    """Envoy's own answer to the request; None where it is forwarded.

    `fault` is `Decision.fault`, whose delay the caller has waited for. Raises FastrouteError where lenient loading
    let a route through that cannot be decided, and where filters of the connection manager change bodies.
    """
    if decision.reason == "undecidable":
        reasons = "; ".join(notice.line() for notice in decision.notices)
        raise FastrouteError(f"the request cannot be decided: {reasons}")
    if decision.router_options is not None and decision.router_options.filters:
        named = ", ".join(each.name for each in decision.router_options.filters)
        raise FastrouteError(f"the HTTP filters {named} change bodies, which this adapter does not; leave them out")
    if fault is not None and fault.status is not None:
        return _aborted(decision, fault.status, fault)
    policy = _cors(decision)
    if policy is not None and policy.answers:
        return Answer(200, tuple(with_cors(decision, _preflight(policy))))
    if decision.kind == "forward":
        return None
    return _whole(decision, decision.status, decision.downstream_headers(), decision.body)


def failed(decision: Decision, status: int, text: bytes, extra: Pairs = ()) -> Answer:
    """What the router answers in place of the upstream."""
    return _local(decision, status, text, decision.downstream_headers(status, extra))


def _aborted(decision: Decision, status: int, fault: FaultDecision) -> Answer:
    """An injected abort: a filter's, so that no attempt is counted."""
    made = [] if fault.grpc_status is None else [(b"grpc-status", b"%d" % fault.grpc_status)]
    action = decision.action
    if isinstance(action, ForwardAction):
        counted = action.host.attempt_count_in_response
        made = decision.downstream_headers(status, made)
        made = [pair for pair in made if not (counted and pair == (ATTEMPT_COUNT, b"1"))]
    return _local(decision, status, fault.body, made)


def _local(decision: Decision, status: int, text: bytes, headers: Pairs) -> Answer:
    response = Headers(headers, JOINED_IN_RESPONSES)
    finish(response, decision, status, text)
    if speaks_grpc(decision):
        status, text = 200, b""
    return _whole(decision, status, response.pairs, text)


def with_cors(decision: Decision, headers: Pairs) -> list[tuple[bytes, bytes]]:
    """The headers of a response, with those that the CORS filter sets."""
    policy = _cors(decision)
    if policy is None or not policy.allowed:
        return list(headers)
    made = [(b"access-control-allow-origin", policy.origin)]
    made += [(b"access-control-allow-credentials", b"true")] if policy.allow_credentials else []
    made += [(b"access-control-expose-headers", policy.expose_headers.encode())] if policy.expose_headers else []
    names = {name for name, _ in made}
    return [*(pair for pair in headers if pair[0] not in names), *made]


def _cors(decision: Decision) -> CorsPolicy | None:
    policy = decision.cors
    return policy if isinstance(policy, CorsPolicy) else None


def _preflight(policy: CorsPolicy) -> list[tuple[bytes, bytes]]:
    made = [
        ("allow-methods", policy.allow_methods),
        ("allow-headers", policy.allow_headers),
        ("max-age", policy.max_age),
        ("allow-credentials", "true" if policy.allow_credentials else ""),
        ("allow-private-network", "true" if policy.allow_private_network else ""),
    ]
    return [(b"access-control-" + name.encode(), value.encode()) for name, value in made if value]


def _whole(decision: Decision, status: int, headers: Pairs, body: bytes) -> Answer:
    return Answer(status, tuple(with_cors(decision, headers)), b"" if decision.original_method == b"HEAD" else body)

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
from fastroute.action.fault import FaultDecision
from fastroute.action.headers import first, is_grpc
from fastroute.action.respond import grpc_headers
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


def own(decision: Decision, fault: FaultDecision | None = None) -> Answer | None:
    """Envoy's own answer to the request; None where it is forwarded.

    `fault` is `Decision.fault`, whose delay the caller has waited for. Raises FastrouteError where lenient loading
    let a route through that cannot be decided.
    """
    if decision.reason == "undecidable":
        reasons = "; ".join(notice.line() for notice in decision.notices)
        raise FastrouteError(f"the request cannot be decided: {reasons}")
    if fault is not None and fault.status is not None:
        return failed(decision, fault.status, fault.body, grpc_status=fault.grpc_status)
    policy = _cors(decision)
    if policy is not None and policy.answers:
        return Answer(200, tuple(with_cors(decision, _preflight(policy))))
    return None if decision.kind == "forward" else _decided(decision)


def failed(
    decision: Decision, status: int, text: bytes, extra: Pairs = (), *, grpc_status: int | None = None
) -> Answer:
    """What the router, or a filter before it, answers in place of the upstream."""
    made: list[tuple[bytes, bytes]] = list(extra)
    grpc = is_grpc(decision.processed_headers())
    if grpc:
        made += [pair for pair in grpc_headers(status, text) if grpc_status is None or pair[0] != b"grpc-status"]
        made += [] if grpc_status is None else [(b"grpc-status", b"%d" % grpc_status)]
        status, text = 200, b""
    if decision.kind == "forward":
        made = decision.downstream_headers(status, made)
    return _complete(decision, status, with_cors(decision, made), text, grpc=grpc)


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


def _decided(decision: Decision) -> Answer:
    headers = decision.downstream_headers()
    grpc = is_grpc(decision.processed_headers()) and decision.plain_status != decision.status
    if decision.action is None and grpc:
        headers = grpc_headers(decision.plain_status, b"")
    if decision.location is not None and first(headers, b"location") is None:
        headers.append((b"location", decision.location.encode("latin-1")))
    return _complete(decision, decision.status, with_cors(decision, headers), decision.body, grpc=grpc)


def _complete(decision: Decision, status: int, headers: Pairs, body: bytes, *, grpc: bool) -> Answer:
    kept = [pair for pair in headers if pair[0] != b"content-length"]
    if body and not grpc:
        kept.append((b"content-length", b"%d" % len(body)))
        if first(kept, b"content-type") is None:
            kept.append((b"content-type", b"text/plain"))
    return Answer(status, tuple(kept), b"" if decision.original_method == b"HEAD" else body)

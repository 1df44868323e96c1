"""What follows from a case's request: the values that Envoy's tool compares.

The request is not processed by a connection manager: its headers are the test's, with x-forwarded-proto
(and :scheme) from `ssl` and x-envoy-internal from `internal`. Of the headers that reach the upstream, only
the route's own changes are made, none of the router's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastroute.check.cases import Case
from fastroute.check.tables import Route, Tables, number_of
from fastroute.core import deciding
from fastroute.core.hcm import HttpManager
from fastroute.core.processing import HeaderProcessing
from fastroute.core.request import Context
from fastroute.records import record

_UNPROCESSED = HttpManager(processing=HeaderProcessing(raw=True))

Pairs = list[tuple[str, str]]


@record
class Outcome:
    """The values, as text, and the headers after the route's changes.

    `covered` names what a matching test covers: the route and, for weighted clusters, the cluster; None
    where there is no route. `forwards` and `answers` say which values exist.
    """

    values: Mapping[str, str]
    request: Pairs
    response: Pairs
    covered: tuple[int, str] | None = None
    forwards: bool = False
    answers: bool = False


def outcome(case: Case, tables: Tables, routes: list[Route]) -> Outcome:
    """What the configuration does with the request of `case`."""
    scheme = "https" if case.ssl else "http"
    headers = [("x-forwarded-proto", scheme), *([("x-envoy-internal", "true")] if case.internal else []), *case.headers]
    decision = deciding.route(
        tables.table(case.runtime),
        case.authority,
        case.path,
        case.method,
        [pair for pair in headers if not pair[0].startswith(":")],
        scheme=scheme,
        random=case.random,
        context=Context(source=("127.0.0.1", 0), dynamic_metadata=case.metadata),
        manager=_UNPROCESSED,
    )
    number = number_of(decision.route)
    if number is None:
        return _without_route(decision, case)
    route = routes[number]
    if route.forwards:
        return _forwarded(decision, route, case)
    return _answered(decision, route)


def _without_route(decision: Any, case: Case) -> Outcome:
    if decision.kind != "redirect":
        return Outcome({}, _given(case), list(case.response))
    values = {"path_redirect": decision.location or "", "code_redirect": str(decision.status)}
    return Outcome(values, _given(case), list(case.response), (-1, ""), answers=True)


def _forwarded(decision: Any, route: Route, case: Case) -> Outcome:
    cluster = decision.cluster or ""
    weighted = route.message.route.WhichOneof("cluster_specifier") == "weighted_clusters"
    action = _action(decision)
    request = action.route_request(decision)
    values = {
        "cluster_name": cluster,
        "virtual_cluster_name": action.virtual_cluster(decision) or "",
        "virtual_host_name": route.host.name,
        "path_rewrite": _text(request.path or b""),
        "host_rewrite": _text(request.authority),
    }
    given = [(name.encode(), value.encode()) for name, value in case.response]
    response = action.route_response(decision, given)
    covered = (route.number, cluster if weighted else "")
    return Outcome(values, _pairs_of(request), _texts(response), covered, forwards=True)


def _answered(decision: Any, route: Route) -> Outcome:
    action = _action(decision)
    request = action.route_request(decision)
    location = action.new_uri(decision) if route.answers else b""
    values = {"path_redirect": _text(location), "code_redirect": str(decision.status)}
    body = action.body(decision)
    base = [(b"content-length", b"%d" % len(body)), (b"content-type", b"text/plain")] if body else []
    response = action.route_response(decision, base)
    return Outcome(values, _pairs_of(request), _texts(response), (route.number, ""), answers=route.answers)


def _action(decision: Any) -> Any:
    if decision.action is not None:
        return decision.action
    target = decision.entry.target
    return target.action if target.action is not None else target.entries[0].action


def _given(case: Case) -> Pairs:
    return [(":authority", case.authority), (":path", case.path), (":method", case.method), *case.headers]


def _pairs_of(request: Any) -> Pairs:
    pseudo = [(":authority", request.authority), (":path", request.path or b""), (":method", request.method)]
    return [*((name, _text(value)) for name, value in pseudo), *_texts(request.headers.pairs)]


def _texts(pairs: Any) -> Pairs:
    return [(_text(name), _text(value)) for name, value in pairs]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")

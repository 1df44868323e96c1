"""From a snapshot to the reference walk: which messages decide a request, and the request as values.

Without a chain a request meets an HTTP connection manager with Envoy's defaults, as in the core.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message

from fastroute.api.anys import unpack
from fastroute.api.names import HTTP_CONNECTION_MANAGER
from fastroute.api.pool import new
from fastroute.core.chain import Chain
from fastroute.core.decision import Decision
from fastroute.decision import Explanation, Step
from fastroute.reference import http
from fastroute.reference.manager import Tables
from fastroute.request import Connection, Request
from fastroute.snapshot import Snapshot
from fastroute.types import HeadersLike, StrOrBytes


def explain_request(
    snapshot: Snapshot,
    authority: StrOrBytes,
    path: StrOrBytes | None,
    method: StrOrBytes,
    headers: HeadersLike,
    *,
    scheme: StrOrBytes,
    chain: Chain | None,
    route_config: str | None,
    random: int,
    connection: Connection | None,
    dynamic_metadata: Mapping[str, object],
    filter_state: Mapping[str, str],
) -> Explanation:
    """The walk of a request; the arguments are those of `Router.route`."""
    request = Request(
        authority=_bytes(authority),
        path=None if path is None else _bytes(path),
        method=_bytes(method),
        headers=_pairs(headers),
        scheme=_bytes(scheme),
        random=random,
        connection=connection if chain is None else _connection_of(chain),
        dynamic_metadata=dynamic_metadata,
        filter_state=filter_state,
    )
    manager = _default_manager(snapshot, route_config) if chain is None else manager_of(snapshot, chain)
    tables = Tables(
        {resource.name: resource.message for resource in snapshot.resources.routes},
        [resource.message for resource in snapshot.resources.scoped_routes],
        _node(snapshot),
    )
    known = snapshot.clusters if snapshot.knows_clusters else None
    return http.handle(manager, request, tables=tables, runtime=snapshot.runtime, clusters=known)


def _node(snapshot: Snapshot) -> tuple[str, str] | None:
    if snapshot.resources.bootstrap is None:
        return None
    bootstrap: Any = snapshot.resources.bootstrap.message
    return bootstrap.node.cluster, bootstrap.node.id


def with_changes(explanation: Explanation, decision: Decision) -> Explanation:
    """The explanation with a step for each rewrite and header change, and the level that it came from.

    Method, path and authority become those that the upstream sees.
    """
    action = decision.action
    options, levels = decision.router_options, None if action is None else action.levels
    filtered = () if options is None else tuple(Step(*told) for told in options.filter_steps(decision, levels))
    own = () if action is None else tuple(Step(*fields) for fields in action.explain_steps(decision))
    seen = {"method": decision.method, "path": decision.path, "authority": decision.authority}
    return Explanation({**explanation.decision, **seen}, (*explanation.steps, *filtered, *own))


def undecided(decision: Decision) -> Explanation:
    """The explanation of a decision that comes to a route which lenient loading let through."""
    fields = {name: getattr(decision, name) for name in ("kind", "reason", "route", "index", "virtual_host")}
    subject = f"route {decision.index} {decision.route!r}" if decision.index >= 0 else decision.virtual_host
    step = Step("route", subject, "chosen", "it was reached, and what it does cannot be decided")
    return Explanation(fields, (step,), decision.notices)


def manager_of(snapshot: Snapshot, chain: Chain) -> Message:
    """The HttpConnectionManager message of an HTTP chain."""
    if chain.kind != "http":
        raise ValueError(f"no HTTP on this connection: its chain is of kind {chain.kind}")
    listener: Any = next(each.message for each in snapshot.resources.listeners if each.name == chain.listener)
    entry = listener.default_filter_chain if chain.index < 0 else listener.filter_chains[chain.index]
    return unpack(entry.filters[-1].typed_config)


def _default_manager(snapshot: Snapshot, route_config: str | None) -> Message:
    routes = {resource.name: resource.message for resource in snapshot.resources.routes}
    name = next(iter(routes)) if route_config is None and len(routes) == 1 else route_config
    if name is None or name not in routes:
        raise LookupError(f"no route configuration {name!r}; there are: {', '.join(sorted(routes)) or 'none'}")
    manager: Any = new(HTTP_CONNECTION_MANAGER)
    manager.route_config.CopyFrom(routes[name])
    made: Message = manager
    return made


def _connection_of(chain: Chain) -> Connection:
    return Connection(
        destination=chain.destination,
        source=chain.source,
        direct_source=chain.direct_source,
        transport_protocol=chain.transport_protocol,
        server_name=chain.server_name or None,
        application_protocols=chain.application_protocols,
        tls=chain.tls,
        local_address=chain.local_address,
    )


def _pairs(headers: HeadersLike) -> tuple[tuple[bytes, bytes], ...]:
    pairs: Any = headers.items() if isinstance(headers, Mapping) else headers
    return tuple((_bytes(name).lower(), _bytes(value)) for name, value in pairs or ())


def _bytes(text: StrOrBytes) -> bytes:
    return text.encode("utf-8") if isinstance(text, str) else text

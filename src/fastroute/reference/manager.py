"""The HTTP connection manager: what it does to a request around the route table.

- PIPE-02: codec; missing or foreign authority, method, path (400, 404); path normalisation; authority
  normalisation; early header mutations; hop-by-hop headers; addresses, scheme and sanitising; route
  resolution; upgrades; then filters and the router.
- PIPE-03: the route is chosen before any filter runs.
- PIPE-06: clusters are chosen with the route, on the headers as they are then.
- HC-05: QUERY needs a content type. HC-11: a path that does not start with "/" is a 404.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fastroute.records import field, record
from fastroute.reference import (
    authority,
    codec,
    connection_header,
    early_mutation,
    grpc_web,
    http_rbac,
    normalisation,
    sanitising,
    scopes,
    table,
    upgrades,
)
from fastroute.reference.stream import Message, Stream
from fastroute.reference.targets import Outcome, respond
from fastroute.request import Request


@record
class Tables:
    """Where the manager finds what it names: route configurations by name, and scopes by SRDS.

    `node` has the cluster and the id of Envoy's own node (`Bootstrap.node`), where they are known.
    """

    route_configurations: Mapping[str, Message] = field(default_factory=dict)
    scopes: Iterable[Message] = ()
    node: tuple[str, str] | None = None


def handle(manager: Message, tables: Tables, request: Request, stream: Stream) -> table.Decision:
    """The decision of a manager about a request; `stream` is fresh."""
    stream.node = tables.node
    refused = codec.refuse(manager, request, stream)
    snapped = None if refused else route_configuration(manager, tables, stream)
    refused = (
        refused or _plain_https(manager, request, stream) or _sanity(stream) or normalisation.normalise(manager, stream)
    )
    if refused is not None:
        return table.without_route(snapped, None, refused, stream)
    authority.normalise(manager, stream)
    if not manager.proxy_100_continue:
        connection_header.continue_by_itself(stream)
    early_mutation.apply(manager, stream)
    connection_header.strip_hop_by_hop(stream)
    sanitising.sanitise(manager, snapped, scheme_of(request), stream)
    return _resolve(manager, tables, stream)


def scheme_of(request: Request) -> bytes:
    """The scheme of the connection: https where TLS is known to be there, else what the request says."""
    known = request.connection
    encrypted = known is not None and (known.tls is not None or known.transport_protocol == "tls")
    return b"https" if encrypted else request.scheme


def _sanity(stream: Stream) -> Outcome | None:
    if stream.headers.first(b":authority") is None:
        stream.trace.add("sanity", "authority", "answered", "Connection names Host, which removes it: 400", "HC-01")
        return respond(400, "missing_host_header")
    refused = authority.refuse(stream)
    if refused is not None:
        return refused
    if stream.path is not None and not stream.path.startswith(b"/"):
        stream.trace.add("sanity", "path", "answered", "it does not start with '/': 404", "HC-11")
        return respond(404, "absolute_path_rejected")
    if stream.method == b"QUERY" and not stream.headers.first(b"content-type"):
        stream.trace.add("sanity", "QUERY", "answered", "it has no content type: 400", "HC-05")
        return respond(400, "query_missing_content_type")
    return None


def _plain_https(manager: Message, request: Request, stream: Stream) -> Outcome | None:
    plain = scheme_of(request) != b"https"
    trusts = manager.xff_num_trusted_hops > 0
    if plain and manager.use_remote_address.value and not trusts and stream.headers.first(b":scheme") == b"https":
        stream.trace.add("sanity", "target", "answered", "an https URL on a plain connection: 403", "HC-03")
        return respond(403, "http1.https_url_on_plaintext_connection", body=b"Forbidden")
    return None


def _resolve(manager: Message, tables: Tables, stream: Stream) -> table.Decision:
    chosen = route_configuration(manager, tables, stream)
    if chosen is None:
        unrouted = table.without_route(None, None, respond(404, "route_not_found"), stream)
        return _through_filters(manager, None, None, unrouted, stream)
    found: list[Message] = []

    def gate(route: Message | None, decided: Callable[[], Outcome]) -> Outcome:
        refused = upgrades.refuse(manager, route, stream)
        if refused is None and route is not None:
            found.append(route)
        return refused or decided()

    decision = table.decide(chosen, stream, gate)
    if decision["reason"] == "upgrade_failed":
        return decision
    return _through_filters(manager, chosen, found[0] if found else None, decision, stream)


def _through_filters(
    manager: Message, chosen: Message | None, route: Message | None, decision: table.Decision, stream: Stream
) -> table.Decision:
    """RBAC filters come first, wherever one of gRPC-Web is; a denial does not come to it."""
    judged = http_rbac.decide(manager, chosen, route, decision, stream)
    return grpc_web.answer(manager, chosen, route, judged, stream) if judged is decision else judged


def route_configuration(manager: Message, tables: Tables, stream: Stream) -> Message | None:
    """The route configuration in force for a request, or None where there is none."""
    match manager.WhichOneof("route_specifier"):
        case "route_config":
            return manager.route_config
        case "rds":
            return tables.route_configurations.get(manager.rds.route_config_name)
        case _:
            return _scoped(manager.scoped_routes, tables, stream)


def _scoped(scoped: Message, tables: Tables, stream: Stream) -> Message | None:
    inline = scoped.WhichOneof("config_specifier") == "scoped_route_configurations_list"
    listed = scoped.scoped_route_configurations_list.scoped_route_configurations if inline else tables.scopes
    scope = scopes.choose(scoped.scope_key_builder, listed, stream)
    if scope is None:
        return None
    if scope.HasField("route_configuration"):
        return scope.route_configuration
    return tables.route_configurations.get(scope.route_configuration_name)

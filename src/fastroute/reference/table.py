"""One route configuration: virtual host, TLS requirement, routes, action.

- VH-11: in the chosen virtual host: without x-forwarded-proto there is no route; then `require_tls`
  (ALL, or EXTERNAL_ONLY for a request without x-envoy-internal: true) redirects to https unless
  x-forwarded-proto is exactly "https"; then the matcher or the routes.
- VH-10: no virtual host, or no route in it: 404 route_not_found.
- RM-50: Envoy's own answer to a gRPC request has the status 200 on the wire, unless the codec gives it.
- VH-14: of a matcher tree's action the routes must still match; if none does: 404.
"""

from __future__ import annotations

from collections.abc import Callable

from fastroute.reference import matcher_tree, redirects, routes, targets, tls, virtual_hosts
from fastroute.reference.routes import Found
from fastroute.reference.stream import Message, Stream

EXTERNAL_ONLY, ALL = 1, 2

Decision = dict[str, object]
Gate = Callable[[Message | None, Callable[[], targets.Outcome]], targets.Outcome]


def _open_gate(_: Message | None, outcome: Callable[[], targets.Outcome]) -> targets.Outcome:
    return outcome()


def decide(route_configuration: Message, stream: Stream, gate: Gate = _open_gate) -> Decision:
    """The decision of a route configuration, as the fields of a Decision.

    `gate` is asked once a route is chosen, or the redirect to TLS (None), and may answer instead of it.
    """
    stream.plugins = route_configuration.cluster_specifier_plugins
    host = virtual_hosts.choose(route_configuration, stream)
    stream.host = host
    if host is None:
        return without_route(route_configuration, None, targets.respond(404, "route_not_found"), stream)
    if not stream.headers.first(b"x-forwarded-proto"):
        stream.trace.add("virtual host", host.name, "answered", "x-forwarded-proto is empty", "VH-11")
        return without_route(route_configuration, host, targets.respond(404, "route_not_found"), stream)
    if _requires_tls(host, stream):
        stream.trace.add("virtual host", host.name, "answered", "it requires TLS", "VH-11")
        return without_route(route_configuration, host, gate(None, lambda: _to_tls(stream)), stream)
    found = find(route_configuration, host, stream)
    if found is None:
        stream.trace.add("virtual host", host.name, "answered", "none of its routes matches", "VH-10")
        return without_route(route_configuration, host, targets.respond(404, "route_not_found"), stream)
    outcome = gate(found.route, lambda: targets.decide(found.route, stream))
    return _finish(route_configuration, host, found, outcome, stream)


def find(route_configuration: Message, host: Message, stream: Stream) -> Found | None:
    """The route of a virtual host that takes the request."""
    ignore = route_configuration.ignore_path_parameters_in_path_matching
    if host.HasField("matcher"):
        candidates = matcher_tree.routes(host.matcher, stream)
        found = routes.choose(candidates, stream, ignore_parameters=ignore)
        return found and Found(found.route, -1)
    return routes.choose(host.routes, stream, ignore_parameters=ignore)


def _to_tls(stream: Stream) -> targets.Outcome:
    return targets.respond(301, "direct_response", kind="redirect", location=redirects.tls_location(stream))


def _requires_tls(host: Message, stream: Stream) -> bool:
    if stream.headers.first(b"x-forwarded-proto") == b"https":
        return False
    internal = stream.headers.first(b"x-envoy-internal") == b"true"
    return bool(host.require_tls == ALL or (host.require_tls == EXTERNAL_ONLY and not internal))


def on_the_wire(outcome: targets.Outcome, stream: Stream) -> targets.Outcome:
    """An answer to a gRPC request has the status 200 and no body; grpc-status and grpc-message tell its own."""
    reason = str(outcome["reason"])
    if outcome["kind"] == "forward" or reason.startswith("http") or not tls.is_grpc(stream.headers):
        return outcome
    return {**outcome, "status": 200, "body": b""}


def without_route(
    route_configuration: Message | None, host: Message | None, outcome: targets.Outcome, stream: Stream
) -> Decision:
    """The decision where no route was chosen."""
    return _finish(route_configuration, host, None, outcome, stream)


def _finish(
    route_configuration: Message | None,
    host: Message | None,
    found: Found | None,
    outcome: targets.Outcome,
    stream: Stream,
) -> Decision:
    return {
        **on_the_wire(outcome, stream),
        "route": found.route.name if found else "",
        "index": found.place if found else -1,
        "virtual_host": host.name if host is not None else "",
        "route_config": route_configuration.name if route_configuration is not None else "",
        "method": stream.method,
        "path": stream.path,
        "authority": stream.authority,
    }

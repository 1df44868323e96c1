"""The HTTP RBAC filter, behind the choice of the route and before anything that the route does.

- NF-14: denied is 403 with a body; of `RBACPerRoute` the most specific replaces the filter's rules: that of the
  weighted-cluster entry, the route, the virtual host, the route configuration. An empty one lets everything pass.
- RA-90, RA-91: settings go by the filter's name; FilterConfig disables. Without a route there are none.
- PIPE-03: the router's own answers (404, redirects, direct responses) come after all filters.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.api.anys import type_url, unpack
from fastroute.api.names import HTTP_RBAC
from fastroute.api.pool import type_name
from fastroute.compile.plain import metadata
from fastroute.reference import rbac, table, targets
from fastroute.reference.arrival import Place, place
from fastroute.reference.stream import Message, Stream

PER_ROUTE = "envoy.extensions.filters.http.rbac.v3.RBACPerRoute"
FILTER_CONFIG = "envoy.config.route.v3.FilterConfig"
BODY = b"RBAC: access denied"


def decide(
    manager: Message, tables: Message, route: Message | None, decision: table.Decision, stream: Stream
) -> table.Decision:
    """The decision about a request whose route is `route`, or the denial in its place."""
    for each in manager.http_filters:
        if each.HasField("config_discovery") or type_name(type_url(each.typed_config)) != HTTP_RBAC:
            continue
        config = _in_force(each, list(_levels(tables, route, decision, stream)))
        if config is None:
            stream.trace.add("rbac", each.name, "kept", "it is disabled here", "NF-14")
            continue
        allowed, policy = rbac.decide(config, _subject(route, decision, stream))
        matched = f"the policy {policy!r} matches" if policy is not None else "no policy matches"
        if allowed:
            stream.trace.add("rbac", each.name, "kept", matched, "NF-11")
            continue
        stream.trace.add("rbac", each.name, "answered", f"{matched}: 403", "NF-14")
        reason = f"rbac_access_denied_matched_policy[{policy or 'none'}]"
        return {**decision, **table.on_the_wire(targets.respond(403, reason, body=BODY), stream)}
    return decision


def runs(
    installed: Message, tables: Message | None, route: Message | None, decision: table.Decision, stream: Stream
) -> bool:
    """Whether a filter sees the request: neither it nor the most specific of the settings that it has is disabled."""
    levels = _levels(tables, route, decision, stream) if tables is not None else ()
    setting = next((each for each in levels if installed.name in each.typed_per_filter_config), None)
    if setting is None:
        return not installed.disabled
    found: Message = unpack(setting.typed_per_filter_config[installed.name])
    return not (found.DESCRIPTOR.full_name == FILTER_CONFIG and found.disabled)


def _levels(tables: Message, route: Message | None, decision: table.Decision, stream: Stream) -> Iterator[Message]:
    """What has settings for filters, most specific first."""
    if route is None:
        return
    if route.route.HasField("weighted_clusters"):
        yield targets.weighted(route.route, stream)[0]
    yield route
    yield next(host for host in tables.virtual_hosts if host.name == decision["virtual_host"])
    yield tables


def _in_force(installed: Message, levels: list[Message]) -> Message | None:
    """The configuration that a filter goes by; None where it is disabled."""
    setting = next((each for each in levels if installed.name in each.typed_per_filter_config), None)
    if setting is None:
        return None if installed.disabled else unpack(installed.typed_config)
    found: Message = unpack(setting.typed_per_filter_config[installed.name])
    if found.DESCRIPTOR.full_name == FILTER_CONFIG:
        if found.disabled:
            return None
        found = unpack(found.config)
    return found.rbac if found.DESCRIPTOR.full_name == PER_ROUTE else unpack(installed.typed_config)


def _subject(route: Message | None, decision: table.Decision, stream: Stream) -> rbac.Subject:
    known = stream.connection
    of_route = None if route is None else metadata(route.metadata)
    if decision["kind"] == "redirect" and route is None:
        of_route = {}  # that of a virtual host that requires TLS
    nowhere: Place = (None, 0)
    if known is None:
        return rbac.Subject(
            nowhere, nowhere, nowhere, stream.client, "", None, stream.headers, stream.dynamic_metadata, of_route
        )
    return rbac.Subject(
        destination=place(known.destination),
        source=place(known.source),
        direct=place(known.direct_source or known.source),
        remote=stream.client,
        server_name=(known.server_name or "").encode("utf-8").decode("latin-1"),
        tls=known.tls,
        headers=stream.headers,
        metadata=stream.dynamic_metadata,
        route_metadata=of_route,
    )

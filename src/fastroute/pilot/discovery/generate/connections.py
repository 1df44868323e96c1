"""Filter chains for connections that are not HTTP: what VirtualServices' tls and tcp rules make of them.

For a port that passes the client's TLS through, tls rules give chains by server name; for the rest, tcp
rules by destination. Rules that do not speak of the port, or not of this workload, are left out. Where no
rule catches everything, a chain to the service's own cluster comes last; for a service outside the mesh on
a shared address it is bound to the service's server name or CIDRs.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.pilot.discovery.generate import filters
from fastroute.pilot.discovery.generate.destinations import Caller, cluster_of
from fastroute.pilot.discovery.generate.names import JSON, outbound
from fastroute.pilot.discovery.model.build import is_address
from fastroute.pilot.discovery.model.hosts import covers
from fastroute.pilot.discovery.model.rules import Rule
from fastroute.pilot.discovery.model.services import Port, Service
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.registry.traffic import L4Match, RouteDestination, TCPRoute, TLSMatch, TLSRoute


def chains_for(view: View, service: Service, port: Port, bind: str) -> Iterator[JSON]:
    """The chains of a service's port on the listener bound to `bind`."""
    rule = view.rule(service.host)
    ranges = [one for one in service.addresses if not is_address(one)] if bind == "0.0.0.0" else []
    complete = False
    if rule is not None:
        for chain in _by_rule(view, rule, service, port, ranges):
            complete = complete or "filter_chain_match" not in chain
            yield chain
    if not complete:
        yield _own(view, service, port, bind, ranges)


def _own(view: View, service: Service, port: Port, bind: str, ranges: list[str]) -> JSON:
    match = _match(ranges)
    if port.protocol.is_tls and service.origin.kind == "ServiceEntry" and bind == "0.0.0.0" and service.host != "*":
        match["server_names"] = [_server_name(service.host)]
    return _chain(view, match, [(outbound(port.number, service.host), 1)])


def _by_rule(view: View, rule: Rule, service: Service, port: Port, ranges: list[str]) -> Iterator[JSON]:
    spec = rule.origin.spec
    if port.protocol.is_tls:
        for tls in spec.tls:
            yield from _tls(view, rule, tls, service, port, ranges)
    else:
        for tcp in spec.tcp:
            yield from _tcp(view, rule, tcp, port, ranges)
            if not tcp.match:
                return


def _tls(view: View, rule: Rule, tls: TLSRoute, service: Service, port: Port, ranges: list[str]) -> Iterator[JSON]:
    for one in tls.match:
        if _concerns(view, one, port):
            match = _match(list(one.destination_subnets) or ranges)
            match["server_names"] = [_server_name(name) for name in one.sni_hosts if _belongs(name, service)]
            if match["server_names"]:
                yield _chain(view, match, _targets(view, rule, tls.route, port))


def _belongs(name: str, service: Service) -> bool:
    """A rule may speak of several hosts; on this service's listener only names that fit it count."""
    return service.origin.kind != "ServiceEntry" or covers(service.host, name) or covers(name, service.host)


def _tcp(view: View, rule: Rule, tcp: TCPRoute, port: Port, ranges: list[str]) -> Iterator[JSON]:
    for one in tcp.match or (L4Match(),):
        if _concerns(view, one, port):
            yield _chain(view, _match(list(one.destination_subnets) or ranges), _targets(view, rule, tcp.route, port))


def _concerns(view: View, match: TLSMatch | L4Match, port: Port) -> bool:
    return Caller.of(view).fits(match.source_labels, match.source_namespace, match.gateways) and (
        match.port is None or match.port == port.number
    )


def _targets(view: View, rule: Rule, route: tuple[RouteDestination, ...], port: Port) -> list[tuple[str, int]]:
    if len(route) == 1:
        return [(cluster_of(view, rule, route[0].destination, port.number), 1)]
    return [(cluster_of(view, rule, one.destination, port.number), int(one.weight)) for one in route if one.weight]


def _match(ranges: list[str]) -> JSON:
    if not ranges:
        return {}
    return {"prefix_ranges": [cidr(one) for one in ranges]}


def cidr(text: str) -> JSON:
    """`10.0.0.0/8`, or one address, as a CidrRange."""
    address, slash, length = text.partition("/")
    return {"address_prefix": address, "prefix_len": int(length) if slash else (128 if ":" in address else 32)}


def _server_name(host: str) -> str:
    """Envoy takes `*.suffix` and exact names."""
    return host.lower()


def _chain(view: View, match: JSON, targets: list[tuple[str, int]]) -> JSON:
    made: JSON = {"filter_chain_match": match} if match else {}
    made["filters"] = [filters.tcp_proxy(view, targets)]
    return made

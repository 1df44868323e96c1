"""Filter chains for connections that are not HTTP: what VirtualServices' tls and tcp rules make of them.

For a port that passes the client's TLS through, tls rules give chains by server name; for others, tcp rules
give chains by destination, up to the first that asks for none. Rules that do not speak of the port, or not
of this workload, are left out. Where no tls rule applies, or no tcp rule takes everything, a chain to the
service's own cluster comes last; for a service outside the mesh on a shared address it is bound to the
service's server name or CIDRs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fastroute.pilot.discovery.generate import filters, traffic
from fastroute.pilot.discovery.generate.destinations import Caller, cluster_of
from fastroute.pilot.discovery.generate.names import JSON, outbound
from fastroute.pilot.discovery.model.build import is_address
from fastroute.pilot.discovery.model.hosts import covers
from fastroute.pilot.discovery.model.rules import Rule
from fastroute.pilot.discovery.model.services import Port, Service
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.registry.policies import Tunnel
from fastroute.pilot.discovery.registry.traffic import L4Match, RouteDestination, TLSMatch


def chains_for(view: View, service: Service, port: Port, bind: str) -> list[JSON]:
    """The chains of a service's port on the listener bound to `bind`; no two with the same match."""
    rule = view.rule(service.host)
    ranges = [one for one in service.addresses if not is_address(one)] if bind == "0.0.0.0" else []
    found: list[JSON] = []
    if rule is not None and port.protocol.is_tls:
        found = _first_of_each(_by_tls(view, rule, service, port, ranges))
    elif rule is not None:
        found = list(_by_tcp(view, rule, port, ranges))
    if port.protocol.is_tls and found:
        return found
    own = _own(view, service, port, bind, ranges)
    return _first_of_each((*found, own))


def _first_of_each(chains: Iterable[JSON]) -> list[JSON]:
    found: list[JSON] = []
    for chain in chains:
        if all(one.get("filter_chain_match") != chain.get("filter_chain_match") for one in found):
            found.append(chain)
    return found


def _own(view: View, service: Service, port: Port, bind: str, ranges: list[str]) -> JSON:
    match = _match(ranges)
    if port.protocol.is_tls and service.origin.kind == "ServiceEntry" and bind == "0.0.0.0" and service.host != "*":
        match["server_names"] = [_server_name(service.host)]
    number = service.ports[0].number if len(service.ports) == 1 else port.number
    return _chain(view, match, [(outbound(number, service.host), 1)], said_by(view, service, ""))


def _by_tls(view: View, rule: Rule, service: Service, port: Port, ranges: list[str]) -> Iterator[JSON]:
    for tls in rule.origin.spec.tls:
        for one in tls.match:
            if tls.route and _concerns(view, one, port):
                match = _match(list(one.destination_subnets) or ranges)
                match["server_names"] = [_server_name(name) for name in one.sni_hosts if _belongs(name, service)]
                if match["server_names"]:
                    yield _chain(view, match, _targets(view, rule, tls.route, port), _said(view, rule, tls.route))


def _belongs(name: str, service: Service) -> bool:
    """A rule may speak of several hosts; on this service's listener only names that fit it count."""
    return service.origin.kind != "ServiceEntry" or covers(service.host, name) or covers(name, service.host)


def _by_tcp(view: View, rule: Rule, port: Port, ranges: list[str]) -> Iterator[JSON]:
    for tcp in rule.origin.spec.tcp:
        matches = [one for one in tcp.match or (L4Match(),) if _concerns(view, one, port)]
        if not tcp.route or not matches:
            continue
        everything = any(not one.destination_subnets for one in matches)
        subnets = ranges if everything else [subnet for one in matches for subnet in one.destination_subnets]
        yield _chain(view, _match(subnets), _targets(view, rule, tcp.route, port), _said(view, rule, tcp.route))
        if everything:
            return


def _concerns(view: View, match: TLSMatch | L4Match, port: Port) -> bool:
    return Caller.of(view).fits(match.source_labels, match.source_namespace, match.gateways) and (
        match.port is None or match.port == port.number
    )


def _targets(view: View, rule: Rule, route: tuple[RouteDestination, ...], port: Port) -> list[tuple[str, int]]:
    if len(route) == 1:
        return [(cluster_of(view, rule, route[0].destination, port.number), 1)]
    return [(cluster_of(view, rule, one.destination, port.number), int(one.weight)) for one in route if one.weight]


def _match(ranges: Sequence[str]) -> JSON:
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


def _said(view: View, rule: Rule, route: tuple[RouteDestination, ...]) -> JSON:
    """What policies say about connections of a route: with several destinations, those of the first without subset."""
    service = view.service(rule.qualify(route[0].destination.host, view.proxy.domain))
    return said_by(view, service, route[0].destination.subset if len(route) == 1 else "")


def said_by(view: View, service: Service | None, subset: str) -> JSON:
    """Time limits, hash policy and tunnel of the connections to a service."""
    policy = view.policy(service) if service is not None else None
    if policy is None:
        return {}
    said: JSON = {}
    rule = policy.spec.traffic_policy
    if rule is not None and rule.connection_pool is not None:
        tcp = rule.connection_pool.tcp
        limits = {"idle_timeout": tcp.idle_timeout, "max_downstream_connection_duration": tcp.max_connection_duration}
        said.update({name: str(value) for name, value in limits.items() if value is not None})
    narrow = policy.subset(subset) if subset else None
    what = traffic.settings(policy, narrow, 0)
    by = traffic.hashing(what)
    if by is not None and by.use_source_ip:
        said["hash_policy"] = [{"source_ip": {}}]
    tunnel = what.tunnel if narrow is None else narrow.traffic_policy and narrow.traffic_policy.tunnel
    if tunnel:
        said["tunneling_config"] = _tunnel(tunnel)
    return said


def _tunnel(tunnel: Tunnel) -> JSON:
    host = f"[{tunnel.target_host}]" if ":" in tunnel.target_host else tunnel.target_host
    made: JSON = {"hostname": f"{host}:{tunnel.target_port}"}
    return {**made, "use_post": True} if tunnel.protocol == "POST" else made


def _chain(view: View, match: JSON, targets: list[tuple[str, int]], said: JSON) -> JSON:
    made: JSON = {"filter_chain_match": match} if match else {}
    made["filters"] = [filters.tcp_proxy(view, targets, said)]
    return made

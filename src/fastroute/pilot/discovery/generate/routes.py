"""Route configurations of a sidecar.

Outbound, one for each name that a listener asks for:

- PORT: a virtual host for each service that has the port and speaks, or may speak, HTTP on it; on port 80
  also one for each host of a VirtualService that no service has;
- HOST:PORT: that service alone, for any domain;
- for a Sidecar's listener with a port of its own: that port, or the path of its socket. HTTP proxies and sockets
  have all ports of the services that they offer, told apart by the port in each domain.

Virtual hosts are sorted by name; the one for everything else (allow_any, block_all) comes last. Of two
equal domains, the first stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from fastroute.api.encode import Piece
from fastroute.pilot.discovery.findings import found
from fastroute.pilot.discovery.generate import actions, faults, matches, names, traffic
from fastroute.pilot.discovery.generate.destinations import Caller, elsewhere
from fastroute.pilot.discovery.generate.domains import domains, of_host
from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.model.hosts import covers
from fastroute.pilot.discovery.model.memory import Name
from fastroute.pilot.discovery.model.rules import Rule
from fastroute.pilot.discovery.model.scope import Offer
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.registry.traffic import HTTPMatch, HTTPRoute

BARE: Final = 80
"""The port of hosts that no service has."""


def route_names(listeners: Iterable[JSON]) -> list[str]:
    """The route configurations that listeners ask for, each once."""
    found_names: dict[str, None] = {}
    for listener in listeners:
        for chain in listener["filter_chains"]:
            for one in chain["filters"]:
                if "rds" in one["typed_config"]:
                    found_names[one["typed_config"]["rds"]["route_config_name"]] = None
    return list(found_names)


def route_configurations(view: View, wanted: Iterable[str]) -> list[JSON]:
    """The route configurations of the given names."""
    explicit = {route_name(offer): offer for offer in reversed(view.explicit)}
    return [_of_name(view, name, explicit.get(name)) for name in wanted]


def _of_name(view: View, name: str, offer: Offer | None) -> Piece:
    if offer is not None:
        return _offered(view.of(offer), offer, name)
    return view.remembered(("routes", name.rpartition(":")[0], name), lambda view: _configuration(view, name))


def _configuration(view: View, name: str) -> Piece:
    host, separator, port = name.rpartition(":")
    hosts = _one_service(view, host, int(port)) if separator else _all_services(view, int(name))
    return _made(view, name, hosts)


def _made(view: View, name: str, hosts: list[JSON], *, with_ports: bool = False) -> Piece:
    made: JSON = {"name": name, "virtual_hosts": hosts, "validate_clusters": False}
    if not (view.profile.domains_with_port or with_ports):
        made["ignore_port_in_host_matching"] = True
    return Piece(made)


def route_name(offer: Offer) -> str:
    """The name of the routes of a listener with a port of its own."""
    port = offer.listener.port
    return offer.listener.bind if offer.listener.is_socket or port is None else str(port.number)


def _offered(view: View, offer: Offer, name: str) -> Piece:
    if not offer.is_proxy:
        return _made(view, name, _all_services(view, int(name)))
    ports = sorted({port.number for service in offer.services for port in service.ports})
    hosts = [host for port in ports for host in _with_port(view, port)]
    hosts.sort(key=lambda one: str(one["name"]))
    return _made(view, name, _unique(view, name, [*hosts, _catch_all(view)]), with_ports=True)


def _with_port(view: View, port: int) -> Iterator[JSON]:
    """The virtual hosts of a port, as those see them who must name it; port 80 goes without saying."""
    for host in _hosts_of(view, port):
        bare = [one for one in host["domains"] if one.rpartition(":")[2] != str(port) or one.endswith("]")]
        named = [f"{one}:{port}" for one in bare]
        yield {**host, "domains": [*bare, *named] if port == BARE else named}


def _one_service(view: View, host: str, port: int) -> list[JSON]:
    def make(view: View) -> Piece:
        service = view.service(host)
        assert service is not None
        return Piece(_virtual_host(f"{host}:{port}", ["*"], routes_of(view, service, host, port)))

    return [view.remembered(("alone", host, port), make)]


def _all_services(view: View, port: int) -> list[JSON]:
    made = _hosts_of(view, port)
    if port == BARE:
        made.sort(key=lambda one: str(one["name"]))
    return _unique(view, str(port), [*made, _catch_all(view)])


def _hosts_of(view: View, port: int) -> list[JSON]:
    """Those of services are sorted already."""
    order = view.remembered(("order", "", port), lambda view: _order(view, port))
    made: list[JSON] = [*view.remembered_each(order, _of_service)]
    return [*made, *_of_bare_hosts(view)] if port == BARE else made


def _order(view: View, port: int) -> list[Name]:
    return sorted((("host", host, port) for host in view.with_port(port)), key=lambda name: f"{name[1]}:{port}")


def _unique(view: View, name: str, hosts: list[JSON]) -> list[JSON]:
    if _are_disjoint(view, name, hosts):
        return hosts
    seen: set[str] = set()
    return [one for host in hosts if (one := _without_duplicates(view, host, seen))["domains"]]


def _are_disjoint(view: View, name: str, hosts: list[JSON]) -> bool:
    """Whether each has domains that no other has; what was found out of the same domains is remembered."""
    domains = [one["domains"] for one in hosts]
    known = view.memory.disjoint if view.memory is not None else {}
    if known.get(name) == domains:
        return True
    folded = [domain.lower() for each in domains for domain in each]
    if len(set(folded)) != len(folded) or not all(domains):
        return False
    known[name] = domains
    return True


def _without_duplicates(view: View, host: JSON, seen: set[str]) -> JSON:
    folded = list(map(str.lower, host["domains"]))
    if seen.isdisjoint(folded):
        seen.update(folded)
        return host
    view.seen()
    kept = [domain for domain in host["domains"] if domain.lower() not in seen]
    lost = sorted(set(host["domains"]) - set(kept))
    for service in view.offered:
        if host["name"].startswith(f"{service.host}:"):
            message = f"the domains {', '.join(lost)} belong to another host already"
            view.findings.append(found("FR002", service.origin, message))
    seen.update(folded)
    return {**host, "domains": kept}


def _of_service(name: Name, view: View) -> Piece:
    _, host, number = name
    service = view.service(host)
    assert service is not None
    routes = routes_of(view, service, host, number)
    return Piece(_virtual_host(f"{host}:{number}", domains(view, service, number), routes))


def _of_bare_hosts(view: View) -> Iterator[JSON]:
    """Hosts of rules that no service has. Istio gives them port 80 and no other."""
    for rule in view.rules:
        for host in rule.hosts:
            if not _is_served(view, host):
                routes = list(_by_rule(view, rule, BARE))
                if routes:
                    yield _virtual_host(f"{host}:{BARE}", of_host(view, host, BARE), routes)


def _is_served(view: View, host: str) -> bool:
    if "*" in host:
        view.seen()
        return any(covers(host, service.host) for service in view.offered)
    return view.service(host) is not None


def _virtual_host(name: str, domain_list: list[str], routes: list[JSON]) -> JSON:
    return {"name": name, "domains": domain_list, "routes": routes, "include_request_attempt_count": True}


def _catch_all(view: View) -> JSON:
    if not view.allow_any:
        answer = {"name": names.BLOCK_ALL, "match": {"prefix": "/"}, "direct_response": {"status": 502}}
        return _virtual_host(names.BLOCK_ALL, ["*"], [answer])
    action: JSON = {"cluster": elsewhere(view)}
    actions.timing(view.profile, action, None)
    return _virtual_host(names.ALLOW_ANY, ["*"], [{"name": names.ALLOW_ANY, "match": {"prefix": "/"}, "route": action}])


def routes_of(view: View, service: Service, host: str, port: int) -> list[JSON]:
    """The routes to a service's port: those of its rule, else everything to its cluster."""
    rule = view.rule(host)
    routes = list(_by_rule(view, rule, port)) if rule is not None else []
    return routes or [_default(view, service, port)]


def _default(view: View, service: Service, port: int) -> JSON:
    action: JSON = {"cluster": names.outbound(port, service.host)}
    actions.timing(view.profile, action, None)
    by = traffic.hashing(traffic.settings(view.policy(service), None, port))
    if by is not None:
        action["hash_policy"] = [actions.hash_policy(by)]
    policy = actions.retry_policy(view.profile, view.mesh.default_http_retry_policy, hashing=by is not None)
    if policy is not None:
        action["retry_policy"] = policy
    operation = f"{service.host}:{port}/*"
    return {"name": "default", "match": {"prefix": "/"}, "route": action, "decorator": {"operation": operation}}


def _by_rule(view: View, rule: Rule, port: int) -> Iterator[JSON]:
    """The routes of a rule, up to the first that matches everything."""
    caller = Caller.of(view)
    for route in rule.http:
        for match in route.match or (matches.EVERYTHING,):
            if (match.port is None or match.port == port) and caller.fits(
                match.source_labels, match.source_namespace, match.gateways
            ):
                yield _route(view, rule, route, match, port)
                if matches.is_everything(match):
                    return


def _route(view: View, rule: Rule, route: HTTPRoute, match: HTTPMatch, port: int) -> JSON:
    made: JSON = {"match": matches.route_match(match)}
    if name := ".".join(part for part in (route.name, match.name) if part):
        made["name"] = name
    if match.stat_prefix:
        made["stat_prefix"] = match.stat_prefix
    if route.redirect is not None:
        made["redirect"] = actions.redirect(route.redirect, port)
    elif route.direct_response is not None:
        made["direct_response"] = actions.respond(route.direct_response)
    else:
        made["route"] = actions.forward(view, rule, route, port)
        made["decorator"] = {"operation": _operation(rule, made["route"], match, port)}
    origin = rule.origin
    path = names.rule_path(view.profile.rule_version, "virtual-service", origin.namespace, origin.name)
    made["metadata"] = names.metadata(config=path)
    made.update(actions.header_changes(route.headers))
    if len(route.route) == 1:
        _add_changes(made, actions.header_changes(route.route[0].headers))
    _filters(view, made, route)
    return made


def _add_changes(made: JSON, more: JSON) -> None:
    for key, changes in more.items():
        made[key] = [*made.get(key, ()), *changes]


def _filters(view: View, made: JSON, route: HTTPRoute) -> None:
    settings: JSON = {}
    if route.fault is not None and (fault := faults.fault(route.fault)) is not None:
        settings["envoy.filters.http.fault"] = fault
    if route.cors_policy is not None:
        policy = faults.cors(route.cors_policy)
        if view.profile.cors_in_action and "route" in made:
            made["route"]["cors"] = policy
        else:
            settings["envoy.filters.http.cors"] = names.typed(faults.CORS_POLICY, **policy)
    if settings:
        made["typed_per_filter_config"] = settings


def _operation(rule: Rule, action: JSON, match: HTTPMatch, port: int) -> str:
    """What traces call the route: the one destination, or the rule when there are several."""
    if "cluster" in action:
        _, number, _, host = action["cluster"].split("|")
        return f"{host}:{number}{matches.label(match)}"
    return f"{rule.origin.name}:{port}{matches.label(match)}"


def inbound_routes(view: View, name: str, cluster: str, port: int, host: str) -> JSON:
    """The routes inside an inbound chain: everything goes to one cluster."""
    action: JSON = {"cluster": cluster}
    actions.timing(view.profile, action, None)
    if view.profile.inbound_retry:
        policy = actions.inbound_retry_policy(view.mesh.default_http_retry_policy)
        if policy is not None:
            action["retry_policy"] = policy
    route: JSON = {"name": "default", "match": {"prefix": "/"}, "route": action}
    if host:
        route["decorator"] = {"operation": f"{host}:{port}/*"}
    virtual_host = {"name": f"inbound|http|{port}", "domains": ["*"], "routes": [route]}
    return {"name": name, "virtual_hosts": [virtual_host], "validate_clusters": False}

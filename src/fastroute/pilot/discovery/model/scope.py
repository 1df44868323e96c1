"""Which services a proxy sees.

- `exportTo` of a service limits who may see it.
- The Sidecar that applies is the oldest of the proxy's namespace whose selector fits, else its namespace's
  own without selector, else the root namespace's, else everything.
- `egress.hosts` are `NAMESPACE/HOST`: a name, `.` (the proxy's own), `*` (any), `~` (none).
- Of services with one host in several namespaces, the proxy's own namespace wins, then Kubernetes', then the oldest.
- A listener with a port of its own offers the services that have this port, and those on no other; one that is an
  HTTP proxy, or a Unix socket, offers them on all their ports. The listener without port offers the rest.
- A destination of an imported rule can be reached though its host is not imported, by that rule alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from fastroute.pilot.discovery.model.hosts import covers, exported
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.model.rules import Rule
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.model.workloads import selected
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.scopes import EgressListener, Sidecar

HTTP_PROXY: Final = "HTTP_PROXY"
PUBLIC: Final = ("*",)
EVERYTHING: Final = EgressListener(("*/*",))


@dataclass(frozen=True, slots=True)
class Offer:
    """What one egress listener offers."""

    listener: EgressListener
    services: tuple[Service, ...]
    rules: tuple[Rule, ...]

    @property
    def is_proxy(self) -> bool:
        """Whether the requests that it gets name the port themselves."""
        port = self.listener.port
        return self.listener.is_socket or (port is not None and port.protocol.upper() == HTTP_PROXY)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a proxy sees: all services that it can reach, and what its listeners offer."""

    services: tuple[Service, ...]
    explicit: tuple[Offer, ...]
    """Listeners with a port of their own."""
    rest: Offer | None
    """The listener for all other ports."""


def sidecar_of(registry: Registry, proxy: Proxy) -> Object[Sidecar] | None:
    """The Sidecar that applies to a proxy."""
    own = [one for one in registry.sidecars if one.namespace == proxy.namespace]
    for one in own:
        wanted = one.spec.workload_selector
        if wanted is not None and wanted.labels and selected(wanted.labels, proxy.labels):
            return one
    root = [one for one in registry.sidecars if one.namespace == registry.mesh.root_namespace]
    general = [
        one for one in (*own, *root) if one.spec.workload_selector is None or not one.spec.workload_selector.labels
    ]
    return general[0] if general else None


def visible(services: Iterable[Service], own: str) -> tuple[Service, ...]:
    """All services that a proxy of a namespace sees where no Sidecar says which."""
    return tuple(_one_for_each_host(_exported(services, own), own))


def _exported(services: Iterable[Service], own: str) -> list[Service]:
    return [one for one in services if one.export_to == PUBLIC or exported(one.export_to, one.namespace, own)]


def scope_of(
    services: Iterable[Service],
    rules: tuple[Rule, ...],
    proxy: Proxy,
    sidecar: Object[Sidecar] | None,
    everything: Callable[[], tuple[Service, ...]],
) -> Scope:
    """What `proxy` sees of all services and of the rules that are exported to it; `everything` is what is `visible`."""
    listeners = (sidecar.spec.egress if sidecar is not None else ()) or (EVERYTHING,)
    if listeners == (EVERYTHING,):
        found = everything()
        return Scope(found, (), Offer(EVERYTHING, found, rules))
    seen = _exported(services, proxy.namespace)
    offers = [_offer(one, seen, rules, proxy) for one in listeners]
    explicit = tuple(one for one in offers if one.listener.port is not None)
    rest = next((one for one in offers if one.listener.port is None), None)
    return Scope(tuple(_reachable(seen, offers, proxy)), explicit, rest)


def _offer(listener: EgressListener, seen: list[Service], rules: tuple[Rule, ...], proxy: Proxy) -> Offer:
    own = proxy.namespace
    found = [one for one in seen if imported(listener.hosts, one.namespace, one.host, own)]
    offered = tuple(_one_for_each_host(found, own))
    chosen = tuple(rule for rule in rules if _is_imported(rule, listener, own))
    offer = Offer(listener, offered, chosen)
    if listener.port is None or offer.is_proxy:
        return offer
    number = int(listener.port.number)
    with_port = tuple(_narrowed(one, {number}) for one in offered if one.port(number) is not None)
    return replace(offer, services=with_port)


def _is_imported(rule: Rule, listener: EgressListener, own: str) -> bool:
    return any(imported(listener.hosts, rule.origin.namespace, host, own) for host in rule.hosts)


def _narrowed(service: Service, numbers: set[int]) -> Service:
    """A service with some of its ports only."""
    kept = tuple(port for port in service.ports if port.number in numbers)
    return service if len(kept) == len(service.ports) else replace(service, ports=kept)


def _reachable(seen: list[Service], offers: list[Offer], proxy: Proxy) -> Iterator[Service]:
    """All that is offered, and what the rules of an offer lead to; in the order of the mesh."""
    whole = {(one.host, one.namespace): one for one in seen}
    ports: dict[tuple[str, str], set[int]] = {}
    for offer in offers:
        for one in offer.services:
            ports.setdefault((one.host, one.namespace), set()).update(port.number for port in one.ports)
    hosts = {host for host, _ in ports}
    for offer in offers:
        for host, number in _targets(offer.rules, proxy):
            one_service = _named(host, seen, proxy.namespace)
            if one_service is not None and host not in hosts:
                numbers = {number} if number else {port.number for port in one_service.ports}
                ports.setdefault((host, one_service.namespace), set()).update(numbers)
    narrowed = (_narrowed(one, ports[key]) for key, one in whole.items() if key in ports)
    return (one for one in narrowed if one.ports)


def _targets(rules: Iterable[Rule], proxy: Proxy) -> Iterator[tuple[str, int]]:
    for rule in rules:
        for one in rule.destinations():
            yield rule.qualify(one.host, proxy.domain), int(one.port.number) if one.port is not None else 0


def _named(host: str, seen: list[Service], own: str) -> Service | None:
    found = [one for one in seen if one.host == host]
    return min(found, key=lambda one: _rank(one, own), default=None)


def _rank(one: Service, own: str) -> tuple[bool, bool]:
    """Sorts services of one host: the one that counts first."""
    return one.namespace != own, one.origin.kind != "Service"


def imported(patterns: Iterable[str], namespace: str, host: str, own: str) -> bool:
    """Whether `NAMESPACE/HOST` patterns of a Sidecar take in a host; malformed patterns take in nothing."""
    for pattern in patterns:
        where, slash, name = pattern.partition("/")
        if not slash or "/" in name or where == "~":
            continue
        here = where == "*" or (own if where == "." else where) == namespace
        if here and (covers(name, host) or ("*" in host and covers(host, name))):
            return True
    return False


def _one_for_each_host(services: list[Service], own: str) -> Iterator[Service]:
    chosen: dict[str, Service] = {}
    for one in services:
        held = chosen.get(one.host)
        if held is None or _rank(one, own) < _rank(held, own):
            chosen[one.host] = one
    kept = {id(one) for one in chosen.values()}
    return (one for one in services if id(one) in kept)

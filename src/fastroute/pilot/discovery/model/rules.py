"""Which VirtualService and DestinationRule speak of a host, for one proxy.

VirtualServices: only those whose gateways contain `mesh` (the default) and which are exported to the
proxy's namespace. The most specific host wins; among equals the oldest.

DestinationRules: looked for in the proxy's namespace, then in the service's, then in the root namespace;
in each the most specific host wins. Several rules of one namespace for the same host are merged: subsets
are added up, and the first traffic policy counts. Rules with a workload selector hold in their own
namespace only, for the callers that they select.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from fastroute.pilot.discovery.model.delegates import with_delegates
from fastroute.pilot.discovery.model.hosts import covers, exported, most_specific, qualify
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.model.workloads import selected
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.policies import DestinationRule, Subset
from fastroute.pilot.discovery.registry.traffic import Destination, HTTPRoute, VirtualService

MESH: Final = "mesh"


@dataclass(frozen=True, slots=True)
class Rule:
    """A VirtualService as it applies: delegates in place, hosts in full."""

    origin: Object[VirtualService]
    hosts: tuple[str, ...]
    http: tuple[HTTPRoute, ...]

    def qualify(self, host: str, domain: str) -> str:
        """The full name of a host that this rule mentions."""
        return qualify(host, self.origin.namespace, domain)

    def destinations(self) -> Iterator[Destination]:
        """Everything that it leads to, mirrors among them."""
        for http in self.http:
            yield from (one.destination for one in http.route)
            yield from (one.destination for one in http.mirrors)
            if http.mirror is not None:
                yield http.mirror
        routes = (*(tls.route for tls in self.origin.spec.tls), *(tcp.route for tcp in self.origin.spec.tcp))
        yield from (one.destination for route in routes for one in route)


@dataclass(frozen=True, slots=True)
class Policy:
    """All that DestinationRules say about one host."""

    origin: Object[DestinationRule]
    spec: DestinationRule

    def subset(self, name: str) -> Subset | None:
        """The subset of that name."""
        return next((one for one in self.spec.subsets if one.name == name), None)


def virtual_services(registry: Registry, proxy: Proxy) -> tuple[Rule, ...]:
    """The rules that apply to a sidecar, oldest first."""
    found = []
    for one in registry.virtual_services:
        spec = one.spec
        exports = spec.export_to or registry.mesh.default_virtual_service_export_to
        if not spec.hosts or MESH not in (spec.gateways or (MESH,)):
            continue
        if exported(exports, one.namespace, proxy.namespace):
            hosts = tuple(qualify(host, one.namespace, proxy.domain).lower() for host in spec.hosts)
            found.append(Rule(one, hosts, tuple(with_delegates(registry, one))))
    return tuple(found)


class Rules:
    """Finds the rule that speaks of a host: exact names at once, wildcards one by one."""

    def __init__(self, found: tuple[Rule, ...], source: object = None) -> None:
        self.all, self.source = found, source
        self._exact: dict[str, Rule] = {}
        self._wild: dict[str, Rule] = {}
        for rule in found:
            for host in rule.hosts:
                (self._wild if "*" in host else self._exact).setdefault(host, rule)

    def of(self, host: str) -> Rule | None:
        """The most specific rule, the oldest among equals."""
        if host in self._exact:
            return self._exact[host]
        pattern = most_specific(self._wild, host)
        return self._wild[pattern] if pattern is not None else None

    def differing(self, other: Rules) -> set[str] | None:
        """The hosts of which other rules speak than in `other`; None if it may be any host."""
        if self._wild != other._wild:
            return None
        mine, theirs = self._exact, other._exact
        return {host for host in mine.keys() | theirs.keys() if mine.get(host) != theirs.get(host)}


class Policies:
    """Finds what DestinationRules say about services, to one caller."""

    def __init__(self, registry: Registry, proxy: Proxy) -> None:
        self._proxy, self._root = proxy, registry.mesh.root_namespace
        self.source = registry.destination_rules
        self._exact: dict[tuple[str, str], list[Object[DestinationRule]]] = {}
        self._wild: dict[str, list[Object[DestinationRule]]] = {}
        for one in registry.destination_rules:
            if _applies(registry, one, proxy):
                host = qualify(one.spec.host, one.namespace, proxy.domain)
                if host.startswith("*"):
                    self._wild.setdefault(one.namespace, []).append(one)
                else:
                    self._exact.setdefault((one.namespace, host), []).append(one)

    def of(self, service: Service) -> Policy | None:
        """The policy of the first namespace that has one."""
        for namespace in dict.fromkeys((self._proxy.namespace, service.namespace, self._root)):
            found = self._exact.get((namespace, service.host))
            if found is None:
                found = [one for one in self._wild.get(namespace, ()) if covers(one.spec.host, service.host)]
            if found:
                return _merge(found, self._proxy, service.host)
        return None

    def differing(self, other: Policies) -> set[str] | None:
        """The hosts of which other policies may speak than in `other`; None if it may be any host."""
        mine, theirs = {id(one): one for one in self.source}, {id(one): one for one in other.source}
        new = [one for key, one in (*mine.items(), *theirs.items()) if key not in mine or key not in theirs]
        hosts = {qualify(one.spec.host, one.namespace, self._proxy.domain) for one in new}
        return None if any(host.startswith("*") for host in hosts) else hosts


def _applies(registry: Registry, one: Object[DestinationRule], proxy: Proxy) -> bool:
    wanted = one.spec.workload_selector
    if wanted is not None and wanted.match_labels:
        return one.namespace == proxy.namespace and selected(wanted.match_labels, proxy.labels)
    exports = one.spec.export_to or registry.mesh.default_destination_rule_export_to
    return exported(exports, one.namespace, proxy.namespace)


def _merge(found: list[Object[DestinationRule]], proxy: Proxy, host: str) -> Policy:
    names = [qualify(one.spec.host, one.namespace, proxy.domain) for one in found]
    best = most_specific(names, host)
    same = [one for one, name in zip(found, names, strict=True) if name == best]
    selecting = [one for one in same if one.spec.workload_selector is not None]
    first, *rest = [*selecting, *(one for one in same if one not in selecting)]
    subsets = {subset.name: subset for one in reversed([first, *rest]) for subset in reversed(one.spec.subsets)}
    policy = next((one.spec.traffic_policy for one in (first, *rest) if one.spec.traffic_policy), None)
    ordered = tuple(subsets[name] for name in reversed(subsets))
    return Policy(first, replace(first.spec, subsets=ordered, traffic_policy=policy))

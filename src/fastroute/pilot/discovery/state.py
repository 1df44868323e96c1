"""The states of a mesh, one after another, and what each proxy is to have in the newest one.

Proxies that see the mesh alike share a `Scope`: their namespace, locality and so on are the same, and so are those
of their labels that any rule asks for. What a scope was sent is kept, and made anew only as far as what it was made
from has changed (see `model.view`); so is what a workload has of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from fastroute.api.encode import Piece
from fastroute.pilot.discovery.findings import Finding
from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.generated import TYPES, name_of, own, shared
from fastroute.pilot.discovery.layers import EMPTY, Holding, Layer, layer
from fastroute.pilot.discovery.model import build
from fastroute.pilot.discovery.model.distribution import SETTINGS
from fastroute.pilot.discovery.model.memory import Memory
from fastroute.pilot.discovery.model.proxy import Proxy, placed
from fastroute.pilot.discovery.model.services import Locality, Service
from fastroute.pilot.discovery.model.view import own_view, view
from fastroute.pilot.discovery.model.workloads import HOSTNAME
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.profiles import Profile

BUILT_FROM = ("Service", "Pod", "Endpoints", "EndpointSlice", "Node", "Namespace", "ServiceEntry", "WorkloadEntry")
"""The kinds of object that services are built from."""
ASKING = ("VirtualService", "DestinationRule", "Sidecar")
"""The kinds of object that ask for labels of callers."""
OWN = ("DestinationRule", "PeerAuthentication", "Sidecar")
"""The kinds of object that decide what a proxy has of its own, besides the services that it serves."""


@dataclass(slots=True)
class Made:
    """What was made last: pieces by kind and name, and the layers of them."""

    state: int = -1
    pieces: dict[str, dict[str, Piece]] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)
    sources: dict[str, Iterable[JSON]] = field(default_factory=dict)
    """What the pieces were taken from; the same list again holds nothing new."""
    inputs: object = None
    """What it was made from."""
    findings: tuple[Finding, ...] = ()

    def is_new(self, state: int, inputs: object) -> bool:
        """Note that this is looked at in a state; whether it must be made anew, since its inputs are others."""
        self.state = state
        if self.inputs is not None and self.inputs == inputs:
            return False
        self.inputs = inputs
        return True

    def take(self, resources: Mapping[str, Iterable[JSON]]) -> None:
        """Put newly made resources in the place of the last ones; equal ones stay, with their bytes.

        `layers` is another mapping only if one of them is another.
        """
        layers, pieces = dict(self.layers), dict(self.pieces)
        for kind in TYPES:
            if resources[kind] is self.sources.get(kind):
                continue
            self.sources[kind] = resources[kind]
            old, made = pieces.get(kind, {}), list(resources[kind])
            changed = _changed(old, made)
            if changed is None:
                pieces[kind] = {name: _piece(old.get(name), one) for one in made for name in (name_of(one),)}
                layers[kind] = layer(kind, pieces[kind], self.layers.get(kind, EMPTY))
            else:
                new = {name: _piece(old[name], one) for name, one in changed.items()}
                pieces[kind] = {**old, **new}
                layers[kind] = self.layers.get(kind, EMPTY).with_others(kind, new)
        self.pieces = pieces
        if layers != self.layers:
            self.layers = layers


def _changed(old: Mapping[str, Piece], made: list[JSON]) -> dict[str, JSON] | None:
    """Resources that are not the objects that were there, where all have the names and order that they had."""
    if len(old) != len(made):
        return None
    others = {name: one for (name, before), one in zip(old.items(), made, strict=True) if one is not before}
    return others if all(name_of(one) == name for name, one in others.items()) else None


def _piece(before: Piece | None, made: JSON) -> Piece:
    """The resource that was there, if it is equal."""
    if before is not None and (before is made or before == made):
        return before
    return made if isinstance(made, Piece) else Piece(made)


@dataclass(slots=True)
class Scope:
    """What proxies share."""

    proxy: Proxy
    """A proxy without what distinguishes the ones of a scope from each other."""
    memory: Memory = field(default_factory=Memory)
    made: Made = field(default_factory=Made)
    joined: Mapping[str, Layer] | None = None
    """The layers that `holdings` are made with."""
    holdings: dict[int, tuple[Mapping[str, Layer], Holding]] = field(default_factory=dict)
    """By the identity of what proxies have of their own, that and the newest holding with it."""

    def holding(self, mine: Mapping[str, Layer], state: int) -> Holding:
        """What a proxy is to have: the same object for all that have the same."""
        shared = self.made.layers
        if self.joined is not shared:
            self.joined, self.holdings = shared, {}
        found = self.holdings.get(id(mine))
        if found is not None and found[1].state == state:
            return found[1]
        layers = found[1].layers if found is not None else {kind: (shared[kind], mine[kind]) for kind in TYPES}
        made = Holding(layers, state)
        self.holdings[id(mine)] = (mine, made)
        return made


@dataclass(slots=True)
class Place:
    """Where a proxy stands: its scope, and what it has of its own."""

    located: Proxy
    scope: Scope
    own: Made = field(default_factory=Made)


class _Own(NamedTuple):
    """What one or more proxies have of their own."""

    layers: dict[str, Layer]
    pieces: dict[str, dict[str, Piece]]


class Mesh:
    """Holds the newest state. Not for several threads at once."""

    def __init__(self, profile: Profile, registry: Registry) -> None:
        self.profile = profile
        self.state = 0
        self.registry = registry
        self._kept = build.Kept()
        self.services = build.services(registry, kept=self._kept)
        self._own_state = 0
        """The last state in which something changed that proxies have of their own."""
        self._asked_by_rules = _asked_labels(registry)
        self._asked = self._asked_by_rules | frozenset(_preferences(self.services))
        self._scopes: dict[Proxy, Scope] = {}
        self._places: dict[Proxy, Place] = {}
        self._by_address = _by_address(self.services)
        self._own: dict[tuple[str, ...], _Own] = {}
        """What proxies have of their own, by the versions of its kinds."""

    def load(self, registry: Registry) -> None:
        """Begin another state. Services that are what they were stay the same objects."""
        before, self.registry = self.registry, registry
        self.state += 1
        built = registry.mesh != before.mesh or any(registry.of(kind) != before.of(kind) for kind in BUILT_FROM)
        if built:
            old = {(one.host, one.namespace): one for one in self.services}
            self.services = tuple(
                _held(old.get((one.host, one.namespace)), one) for one in build.services(registry, kept=self._kept)
            )
            self._by_address = _by_address(self.services)
        if registry.mesh != before.mesh or any(registry.of(kind) != before.of(kind) for kind in ASKING):
            self._asked_by_rules = _asked_labels(registry)
        self._asked, asked = self._asked_by_rules | frozenset(_preferences(self.services)), self._asked
        if built or asked != self._asked:
            self._move()
        if built or any(registry.of(kind) != before.of(kind) for kind in OWN):
            self._own_state = self.state

    def holding(self, proxy: Proxy) -> Holding:
        """What a proxy is to have in the newest state."""
        place = self._place(proxy)
        if place.scope.made.state != self.state:
            self._make(place.scope)
        if place.own.state < self._own_state:
            self._make_own(place)
        return place.scope.holding(place.own.layers, self.state)

    def forget(self, proxies: Iterable[Proxy]) -> None:
        """Keep only what these proxies need."""
        self._places = {one: self._place(one) for one in proxies}
        scopes = {id(place.scope): place.scope for place in self._places.values()}
        self._scopes = {one.proxy: one for one in scopes.values()}
        used = {id(place.own.layers) for place in self._places.values()}
        self._own = {key: one for key, one in self._own.items() if id(one.layers) in used}
        for scope in self._scopes.values():
            scope.holdings = {key: one for key, one in scope.holdings.items() if key in used}

    def findings(self) -> tuple[Finding, ...]:
        """What had to be left out or decided for any proxy, each once."""
        made = (*(one.made for one in self._scopes.values()), *(one.own for one in self._places.values()))
        return tuple(dict.fromkeys(finding for one in made for finding in one.findings))

    @property
    def scopes(self) -> int:
        """How many scopes there are."""
        return len(self._scopes)

    def _place(self, proxy: Proxy) -> Place:
        place = self._places.get(proxy)
        if place is None:
            located = self._located(proxy)
            place = self._places[proxy] = Place(located, self._scope(located))
        return place

    def _move(self) -> None:
        """Let proxies stand where they belong now."""
        for proxy, place in self._places.items():
            located = self._located(proxy)
            if located != place.located:
                place.own.inputs = None
            place.located, place.scope = located, self._scope(located)

    def _located(self, proxy: Proxy) -> Proxy:
        """A proxy that does not say where it is, is where its workload is."""
        if proxy.locality != Locality() and proxy.node and proxy.network:
            return proxy
        for service in self._by_address.get(proxy.address, ())[:1]:
            workload = next(one.workload for one in service.instances if one.workload.address == proxy.address)
            where = workload.locality if proxy.locality == Locality() else proxy.locality
            return replace(proxy, locality=where, labels=placed(proxy.labels, workload.network, workload.node))
        return proxy

    def _scope(self, located: Proxy) -> Scope:
        key = _Key.of(located, {name: value for name, value in located.labels.items() if name in self._asked})
        scope = self._scopes.get(key)
        if scope is None:
            scope = self._scopes[key] = Scope(key)
        return scope

    def _make(self, scope: Scope) -> None:
        registry = self.registry
        inputs = (self.services, registry.mesh, registry.virtual_services, registry.destination_rules)
        if scope.made.is_new(self.state, (*inputs, *self._policies())):
            seen = view(registry, scope.proxy, self.profile, self.services, scope.memory)
            scope.made.take(shared(seen))
            scope.made.findings = tuple(seen.findings)

    def _make_own(self, place: Place) -> None:
        nearby = self._by_address.get(place.located.address, ())
        inputs = (nearby, self.registry.mesh, self.registry.destination_rules, *self._policies())
        if place.own.is_new(self.state, inputs):
            seen = own_view(self.registry, place.located, self.profile, nearby)
            place.own.take(own(seen))
            place.own.findings = tuple(seen.findings)
            self._share(place.own)

    def _share(self, made: Made) -> None:
        """Let what another proxy has already take the place of what was made, if it is the same byte for byte."""
        held = self._own.setdefault(tuple(made.layers[kind].version for kind in TYPES), _Own(made.layers, made.pieces))
        if all(made.layers[kind].is_like(held.layers[kind]) for kind in TYPES):
            made.layers, made.pieces, made.sources = held.layers, held.pieces, {}

    def _policies(self) -> tuple[object, ...]:
        return (self.registry.peer_authentications, self.registry.sidecars)


class _Key(Proxy):
    """A proxy as the key of a scope: labels count, name and address do not."""

    @classmethod
    def of(cls, proxy: Proxy, labels: dict[str, str]) -> Proxy:
        return replace(proxy, name="", address="", service_account="", labels=_Labels(labels))


class _Labels(dict[str, str]):
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def _held(before: Service | None, now: Service) -> Service:
    """The object that was there, if it is equal."""
    return before if before is not None and before == now else now


def _by_address(services: Iterable[Service]) -> dict[str, tuple[Service, ...]]:
    """The services behind each workload's address, in their order."""
    found: dict[str, tuple[Service, ...]] = {}
    for service in services:
        for address in {one.workload.address for one in service.instances}:
            found[address] = (*found[address], service) if address in found else (service,)
    return found


def _asked_labels(registry: Registry) -> frozenset[str]:
    """The labels of callers that any rule asks for."""
    return frozenset((*_labels(registry), *_priorities(registry)))


def _preferences(services: Iterable[Service]) -> Iterator[str]:
    """The labels of callers that services ask for by themselves."""
    for one in services:
        if one.distribution:
            yield from SETTINGS[one.distribution].failover_priority
        if one.node_local:
            yield HOSTNAME


def _priorities(registry: Registry) -> Iterator[str]:
    """The labels that localities are put in order by."""
    yield from (entry.partition("=")[0] for entry in registry.mesh.locality_lb_setting.failover_priority)
    for rule in registry.destination_rules:
        for balancer in rule.spec.balancers():
            if balancer.locality_lb_setting is not None:
                yield from (entry.partition("=")[0] for entry in balancer.locality_lb_setting.failover_priority)


def _labels(registry: Registry) -> Iterator[str]:
    for rule in registry.virtual_services:
        spec: Any = rule.spec
        for route in (*spec.http, *spec.tls, *spec.tcp):
            for match in route.match:
                yield from match.source_labels
    for policy in registry.destination_rules:
        if policy.spec.workload_selector is not None:
            yield from policy.spec.workload_selector.match_labels
    for sidecar in registry.sidecars:
        if sidecar.spec.workload_selector is not None:
            yield from sidecar.spec.workload_selector.labels

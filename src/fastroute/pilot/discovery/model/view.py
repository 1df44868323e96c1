"""What one proxy sees of the mesh: the input of every generator.

What generators make of one service is remembered from one state of the mesh to the next: `remembered` notes which
services, rules and policies were looked at meanwhile, and gives the same result again as long as those are what they
were. Everything else that a generator reads (the mesh's settings, PeerAuthentications, the caller) belongs to the
memory as a whole: when it changes, all is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from fastroute.pilot.discovery.findings import Finding
from fastroute.pilot.discovery.model import build, mtls, scope
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.model.rules import Policies, Policy, Rule, Rules, virtual_services
from fastroute.pilot.discovery.model.scope import Offer
from fastroute.pilot.discovery.model.services import Instance, Service
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.registry.mesh import MeshConfig
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.scopes import OutboundTrafficPolicy, Sidecar
from fastroute.pilot.profiles import Profile

T = TypeVar("T")
EVERYTHING: Final = frozenset(("service", "policy", "rule"))
Key = tuple[str, str]
"""A question to a view: `service`, `policy` or `rule`, and a host."""


@dataclass(slots=True)
class Entry:
    """A remembered result: what was looked at, with what was found there; and the findings on the way."""

    reads: dict[Key, object]
    result: Any
    findings: tuple[Finding, ...]
    whats: frozenset[str]
    """The kinds of question that were asked."""


@dataclass(slots=True)
class Memory:
    """What is remembered between the states of a mesh, for proxies that see it alike."""

    context: object = None
    """All that a result may depend on besides its reads."""
    inputs: tuple[object, object, object] | None = None
    """Services, DestinationRules and VirtualServices of the last state."""
    changed: frozenset[str] = frozenset()
    """The kinds of question whose answers may be others than in the last state."""
    entries: dict[tuple[Any, ...], Entry] = field(default_factory=dict)
    answers: dict[Key, object] = field(default_factory=dict)
    """What was answered last: an equal answer is the same object again, so that comparing costs nothing."""

    def begin(self, context: object, services: object, policies: object, rules: object) -> None:
        """Begin another state."""
        last, self.inputs = self.inputs, (services, policies, rules)
        if last is None or self.context != context:
            self.context, self.changed = context, EVERYTHING
            self.entries.clear()
            self.answers.clear()
            return
        same_services, same_policies = last[0] == services, last[1] == policies
        found = set() if same_services else {"service"}
        if not (same_services and same_policies):
            found.add("policy")
        if last[2] != rules:
            found.add("rule")
        self.changed = frozenset(found)

    def end(self, hosts: Mapping[str, object]) -> None:
        """Forget what was made of services that are no more."""
        if "service" in self.changed:
            self.entries = {key: one for key, one in self.entries.items() if len(key) == 1 or key[1] in hosts}
            self.answers = {key: one for key, one in self.answers.items() if not key[1] or key[1] in hosts}


@dataclass(slots=True)
class View:
    """A proxy's own picture; made once for each generation, then only read."""

    registry: Registry
    proxy: Proxy
    profile: Profile
    services: tuple[Service, ...]
    """The services that the proxy can reach."""
    offer: Offer | None
    """What connections to ports without a listener of their own are offered."""
    explicit: tuple[Offer, ...]
    """What listeners with a port of their own offer."""
    all_services: tuple[Service, ...]
    sidecar: Object[Sidecar] | None
    outbound: OutboundTrafficPolicy
    findings: list[Finding] = field(default_factory=list)
    """What generators had to leave out or decide."""
    memory: Memory | None = None
    _answers: dict[Key, object] = field(default_factory=dict)
    _reads: list[dict[Key, object]] = field(default_factory=list)
    """What is looked at now, for each result in the making."""
    _by_host: dict[str, Service] = field(default_factory=dict)
    _policies: Policies | None = None
    _rules: Rules | None = None

    @property
    def mesh(self) -> MeshConfig:
        """Settings of the whole mesh."""
        return self.registry.mesh

    @property
    def allow_any(self) -> bool:
        """Whether traffic for unknown destinations goes on."""
        return self.outbound.mode == "ALLOW_ANY"

    @property
    def offered(self) -> tuple[Service, ...]:
        """The services that have listeners and routes."""
        return self.offer.services if self.offer is not None else ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The VirtualServices that apply to what is offered, oldest first."""
        return self.offer.rules if self.offer is not None else ()

    def of(self, offer: Offer) -> View:
        """The same, seen by a listener with a port of its own."""
        return replace(self, offer=offer, explicit=(), memory=None, _answers={}, _reads=[], _rules=None)

    def service(self, host: str) -> Service | None:
        """The visible service of that host."""
        found: Service | None = self._ask(("service", host))
        return found

    def policy(self, service: Service) -> Policy | None:
        """What DestinationRules say about a visible service."""
        found: Policy | None = self._ask(("policy", service.host))
        return found

    def rule(self, host: str) -> Rule | None:
        """The VirtualService that speaks of a host."""
        found: Rule | None = self._ask(("rule", host))
        return found

    def remembered(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """The result of `make`, or the one of an earlier state when nothing that it looked at has changed."""
        if self.memory is None:
            return make()
        entry = self.memory.entries.get(key)
        if entry is None or not self._is_right(entry):
            entry = self.memory.entries[key] = self._made(make)
        else:
            self.findings.extend(entry.findings)
        if self._reads:
            self._reads[-1].update(entry.reads)
        result: T = entry.result
        return result

    def _is_right(self, entry: Entry) -> bool:
        """Whether all that was looked at is what it was."""
        assert self.memory is not None
        doubtful = self.memory.changed & entry.whats
        if not doubtful:
            return True
        return all(self._ask(asked) is answer for asked, answer in entry.reads.items() if asked[0] in doubtful)

    def _made(self, make: Callable[[], T]) -> Entry:
        before = len(self.findings)
        self._reads.append({})
        try:
            result = make()
        finally:
            reads = self._reads.pop()
        return Entry(reads, result, tuple(self.findings[before:]), frozenset(what for what, _ in reads))

    def _ask(self, key: Key) -> Any:
        if key in self._answers:
            answer = self._answers[key]
        elif self.memory is not None and key[0] not in self.memory.changed and key in self.memory.answers:
            answer = self._answers[key] = self.memory.answers[key]
        else:
            answer = self._answer(*key)
            if self.memory is not None:
                old = self.memory.answers.get(key)
                if old is not answer and old == answer:
                    answer = old
                self.memory.answers[key] = answer
            self._answers[key] = answer
        if self._reads:
            self._reads[-1][key] = answer
        return answer

    def _answer(self, what: str, host: str) -> object:
        if what == "rule":
            self._rules = self._rules or Rules(self.rules)
            return self._rules.of(host)
        if not host:
            return self.services
        service = self.hosts.get(host)
        if what == "service" or service is None:
            return service
        self._policies = self._policies or Policies(self.registry, self.proxy)
        return self._policies.of(service)

    def seen(self) -> tuple[Service, ...]:
        """All visible services, for a result that is made of each of them."""
        found: tuple[Service, ...] = self._ask(("service", ""))
        return found

    @property
    def hosts(self) -> Mapping[str, Service]:
        """The visible services by host."""
        if not self._by_host:
            self._by_host = {one.host: one for one in self.services}
        return self._by_host

    def own(self) -> list[tuple[Service, Instance]]:
        """The services that the proxy's workload serves, oldest first, with its endpoint of each port."""
        found = []
        for service in self.all_services:
            for instance in service.instances:
                if instance.workload.address == self.proxy.address:
                    found.append((service, instance))
        return found

    def mtls_mode(self, port: int | None = None) -> str:
        """How callers must come to the proxy's workload."""
        return mtls.mode(self.registry, self.proxy.namespace, self.proxy.labels, port)

    def takes_mutual_tls(self, instance: Instance) -> bool:
        """Whether an endpoint can be called with mutual TLS."""
        workload = instance.workload
        if not workload.mutual_tls:
            return False
        return mtls.mode(self.registry, workload.namespace, workload.labels, instance.target) != "DISABLE"


def view(
    registry: Registry,
    proxy: Proxy,
    profile: Profile,
    services: tuple[Service, ...] | None = None,
    memory: Memory | None = None,
) -> View:
    """What `proxy` sees. `services` may be given when several proxies are looked at."""
    everything = build.services(registry, proxy.domain) if services is None else services
    sidecar = scope.sidecar_of(registry, proxy)
    policy = registry.mesh.outbound_traffic_policy
    if sidecar is not None and sidecar.spec.outbound_traffic_policy is not None:
        policy = sidecar.spec.outbound_traffic_policy
    if memory is not None:
        context = (profile.name, registry.mesh, registry.peer_authentications, registry.sidecars)
        memory.begin(context, everything, registry.destination_rules, registry.virtual_services)
    seen = scope.scope_of(everything, virtual_services(registry, proxy), proxy, sidecar)
    return View(
        registry, proxy, profile, seen.services, seen.rest, seen.explicit, everything, sidecar, policy, memory=memory,
    )  # fmt: skip


def own_view(registry: Registry, proxy: Proxy, profile: Profile, services: tuple[Service, ...]) -> View:
    """What concerns the proxy's own workload; `services` are those that it serves. Nothing is offered."""
    sidecar, policy = scope.sidecar_of(registry, proxy), registry.mesh.outbound_traffic_policy
    return View(registry, proxy, profile, services, None, (), services, sidecar, policy)

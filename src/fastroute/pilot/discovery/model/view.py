"""What one proxy sees of the mesh: the input of every generator.

What generators make is remembered from one state of the mesh to the next (see `memory`) as long as what they asked the
view is what it was. Everything else that a generator reads (the mesh's settings, PeerAuthentications, the caller)
belongs to the memory as a whole: when it changes, all is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import is_
from typing import Any, TypeVar, cast

from fastroute.pilot.discovery.findings import Finding
from fastroute.pilot.discovery.model import build, mtls, scope
from fastroute.pilot.discovery.model.memory import NOT_YET, Entry, Memory, Name, Question
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
    _answers: dict[Question, object] = field(default_factory=dict)
    _making: list[Entry] = field(default_factory=list)
    """The results in the making, the innermost last."""
    _by_host: Mapping[str, Service] = field(default_factory=dict)
    _by_port: dict[str, list[str]] = field(default_factory=dict)
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
        found: tuple[Rule, ...] = self._ask(("rules", ""))
        return found

    def of(self, offer: Offer) -> View:
        """The same, seen by a listener with a port of its own; what it asks is not noted."""
        return replace(self, offer=offer, explicit=(), memory=None, _answers={}, _making=[], _by_port={}, _rules=None)

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

    def remembered(self, name: Name, make: Callable[[View], T]) -> T:
        """The result of `make`, or the one of an earlier state when nothing that it was made from has changed.

        `make` is given the view of its time, and must not look at another one.
        """
        if self.memory is None:
            return make(self)
        entry = self._entry(self.memory, name, make)
        self.findings.extend(entry.findings)
        if self._making:
            self._making[-1].parts[name] = entry
        result: T = entry.result
        return result

    def remembered_each(self, names: Sequence[Name], make: Callable[[Name, View], T]) -> list[T]:
        """The results of `make` for many names: as `remembered`, but what is no news is not looked at one by one."""
        memory = self.memory
        if memory is None:
            return [make(name, self) for name in names]
        entries = list(map(memory.entries.get, names))
        if None in entries or not memory.doubtful.isdisjoint(names):
            for at, name in enumerate(names):
                if entries[at] is None or name in memory.doubtful:
                    entries[at] = self._entry(memory, name, partial(make, name))
        found = cast("list[Entry]", entries)
        for entry in found:
            if entry.findings:
                self.findings.extend(entry.findings)
        if self._making:
            self._making[-1].parts.update(zip(names, found, strict=True))
        return [entry.result for entry in found]

    def _entry(self, memory: Memory, name: Name, make: Callable[[View], Any]) -> Entry:
        held = memory.entries.get(name)
        if held is not None and (name not in memory.doubtful or self._is_right(memory, held)):
            memory.doubtful.discard(name)
            return held
        return memory.keep(name, self._made(make))

    def _is_right(self, memory: Memory, entry: Entry) -> bool:
        """Whether all that a result was made from is what it was."""
        parts = entry.parts
        if not all(map(is_, map(memory.entries.get, parts), parts.values())):
            return False
        for name in parts.keys() & memory.doubtful:
            part = parts[name]
            if name in memory.doubtful and self._entry(memory, name, part.make) is not part:
                return False
        return all(self._answered(asked) is answer for asked, answer in entry.reads.items())

    def _made(self, make: Callable[[View], Any]) -> Entry:
        entry, outside, self.findings = Entry(make), self.findings, []
        self._making.append(entry)
        try:
            entry.result = make(self)
            entry.findings = tuple(self.findings)
        finally:
            self._making.pop()
            self.findings = outside
        return entry

    def _ask(self, question: Question) -> Any:
        answer = self._answered(question)
        if self._making:
            self._making[-1].reads[question] = answer
        return answer

    def _answered(self, question: Question) -> object:
        memory = self.memory
        answers = self._answers if memory is None else memory.answers
        answer = answers.get(question, NOT_YET)
        if answer is NOT_YET:
            answer = self._answer(*question)
            if memory is not None:
                last = memory.last.pop(question, NOT_YET)
                answer = last if last == answer else answer
            answers[question] = answer
        return answer

    def _answer(self, what: str, which: str) -> object:
        if what == "rule":
            return self._all_rules().of(which)
        if what == "rules":
            return self._all_rules().all
        if what == "hosts":
            return tuple(self.hosts)
        if what == "ports":
            return tuple(self._with_port(which))
        service = self.hosts.get(which)
        if what == "service" or service is None:
            return service
        self._policies = self._policies or Policies(self.registry, self.proxy)
        return self._policies.of(service)

    def _all_rules(self) -> Rules:
        self._rules = self._rules or Rules(self._offered_rules())
        return self._rules

    def _offered_rules(self) -> tuple[Rule, ...]:
        return self.offer.rules if self.offer is not None else ()

    def _with_port(self, number: str) -> list[str]:
        if not self._by_port:
            for service in self.offered:
                first = {port.number: port.protocol for port in reversed(service.ports)}
                for port, protocol in first.items():
                    if not protocol.is_tcp and protocol.value != "UDP":
                        self._by_port.setdefault(str(port), []).append(service.host)
        return self._by_port.get(number, [])

    def seen(self) -> tuple[str, ...]:
        """All visible hosts, in order. Their services may be looked at for all but where endpoints are."""
        found: tuple[str, ...] = self._ask(("hosts", ""))
        return found

    def with_port(self, number: int) -> tuple[str, ...]:
        """The offered hosts that have a port of that number and speak, or may speak, HTTP on it."""
        found: tuple[str, ...] = self._ask(("ports", str(number)))
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

    def begin(self, memory: Memory) -> None:
        """Begin another state of a memory."""
        registry, rules, policies = self.registry, memory.rules, memory.policies
        context = (self.profile.name, self.mesh, registry.peer_authentications, registry.sidecars)
        if memory.context != context or rules is None or rules.source != registry.virtual_services:
            rules = Rules(self._offered_rules(), registry.virtual_services)
        if memory.context != context or policies is None or policies.source != registry.destination_rules:
            policies = Policies(registry, self.proxy)
        self._rules, self._policies = rules, policies
        if memory.seen is self.services:
            self._by_host = memory.services
        memory.seen = self.services
        memory.begin(context, self.hosts, policies, rules)

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
    rules = virtual_services(registry, proxy)

    def visible() -> tuple[Service, ...]:
        if memory is None:
            return scope.visible(everything, proxy.namespace)
        return memory.visible(everything, lambda: scope.visible(everything, proxy.namespace))

    seen = scope.scope_of(everything, rules, proxy, sidecar, visible)
    made = View(
        registry, proxy, profile, seen.services, seen.rest, seen.explicit, everything, sidecar, policy, memory=memory,
    )  # fmt: skip
    if memory is not None:
        made.begin(memory)
    return made


def own_view(registry: Registry, proxy: Proxy, profile: Profile, services: tuple[Service, ...]) -> View:
    """What concerns the proxy's own workload; `services` are those that it serves. Nothing is offered."""
    sidecar, policy = scope.sidecar_of(registry, proxy), registry.mesh.outbound_traffic_policy
    return View(registry, proxy, profile, services, None, (), services, sidecar, policy)

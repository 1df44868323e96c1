"""What is remembered between the states of a mesh, for proxies that see it alike.

A result is remembered with all that it was made from: the questions that were asked on the way, with their answers,
and the other remembered results that went into it. When a state changes answers, those results become doubtful that
asked for them, and those that are made of doubtful ones. A doubtful result is looked at again only when it is wanted:
its doubtful parts first, then its answers; if all are what they were, it is what it was. A result that is made again
and comes out equal stays the same object, so that nothing is made anew of it.

Questions, by the kind of their answer:

- `service`, `policy`, `rule` of a host: the visible service, what DestinationRules say about it, the VirtualService
  that speaks of it;
- `hosts`: the hosts that are visible, in order; another list when any of their services has another shape: all but
  where its endpoints are (of a headless service that counts as well);
- `ports` of a number: the hosts that have such a port and speak, or may speak, HTTP on it;
- `rules`: all VirtualServices that apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from fastroute.pilot.discovery.findings import Finding
from fastroute.pilot.discovery.model.rules import Policies, Rules
from fastroute.pilot.discovery.model.services import Service

Question = tuple[str, str]
Name = tuple[Any, ...]
"""Of a result: what it is, and the host that it belongs to (empty for none); more where there are several."""
NOT_YET: Final = object()


@dataclass(slots=True, eq=False)
class Entry:
    """A remembered result."""

    make: Callable[[Any], Any]
    """How it is made, of a view."""
    reads: dict[Question, object] = field(default_factory=dict)
    parts: dict[Name, Entry] = field(default_factory=dict)
    result: Any = None
    findings: tuple[Finding, ...] = ()

    def is_like(self, other: Entry) -> bool:
        """Whether nobody could tell the difference."""
        return bool(self.result == other.result) and self.findings == other.findings


@dataclass(slots=True, eq=False)
class Memory:
    """Results and answers; `begin` starts another state."""

    context: object = None
    """All that a result may depend on besides what it asks."""
    seen: tuple[Service, ...] = ()
    """All services that can be reached."""
    services: Mapping[str, Service] = field(default_factory=dict)
    """The same by host."""
    rules: Rules | None = None
    policies: Policies | None = None
    entries: dict[Name, Entry] = field(default_factory=dict)
    answers: dict[Question, object] = field(default_factory=dict)
    last: dict[Question, object] = field(default_factory=dict)
    """Answers that may be others now: an equal one is the same object again, so that comparing costs nothing."""
    doubtful: set[Name] = field(default_factory=set)
    disjoint: dict[str, list[list[str]]] = field(default_factory=dict)
    """The domains of the virtual hosts of some routes, which were found to have none in common."""
    _readers: dict[Question, set[Name]] = field(default_factory=dict)
    _wholes: dict[Name, set[Name]] = field(default_factory=dict)
    """The results that a result is part of."""
    _visible: tuple[tuple[Service, ...], tuple[Service, ...]] = ((), ())

    def visible(self, services: tuple[Service, ...], make: Callable[[], tuple[Service, ...]]) -> tuple[Service, ...]:
        """What is visible of all services, which is the same of the same ones."""
        if self._visible[0] is not services:
            self._visible = (services, make())
        return self._visible[1]

    def begin(self, context: object, services: Mapping[str, Service], policies: Policies, rules: Rules) -> None:
        """Begin another state."""
        if self.rules is None or self.policies is None or self.context != context:
            for one in (self.entries, self.answers, self.last, self.doubtful, self._readers, self._wholes):
                one.clear()
        else:
            self._doubt(self._changed(services, self.policies, policies, self.rules, rules))
        self.context, self.services, self.policies, self.rules = context, services, policies, rules

    def _changed(
        self, services: Mapping[str, Service], old: Policies, policies: Policies, before: Rules, rules: Rules
    ) -> set[Question]:
        found: set[Question] = set()
        if services is not self.services:
            hosts, shape = changed(self.services, services)
            found.update(("service", host) for host in hosts)
            found.update(("policy", host) for host in hosts)
            if shape:
                found.update(one for one in self.answers if one[0] in ("hosts", "ports"))
                self._forget(self.services.keys() - services.keys())
        if policies is not old:
            found.update(self._about("policy", policies.differing(old)))
        if rules is not before:
            found.update(self._about("rules", None))
            found.update(self._about("rule", rules.differing(before)))
        return found

    def _about(self, kind: str, hosts: set[str] | None) -> Iterable[Question]:
        """The questions of a kind, about some hosts or all."""
        return [one for one in self.answers if one[0] == kind] if hosts is None else [(kind, host) for host in hosts]

    def _doubt(self, questions: Iterable[Question]) -> None:
        for question in questions:
            answer = self.answers.pop(question, NOT_YET)
            if answer is not NOT_YET and question[0] != "hosts":  # another list, even of the same hosts
                self.last[question] = answer
            self.doubt(self._readers.get(question, ()))

    def doubt(self, names: Iterable[Name]) -> None:
        """Let results be looked at again, and those that are made of them."""
        more = [name for name in names if name not in self.doubtful]
        while more:
            name = more.pop()
            self.doubtful.add(name)
            more += [one for one in self._wholes.get(name, ()) if one not in self.doubtful]

    def keep(self, name: Name, fresh: Entry) -> Entry:
        """Remember a result that was made; the entry that counts from now on."""
        self.doubtful.discard(name)
        held = self.entries.get(name)
        if held is None:
            self._link(name, fresh)
        elif held.reads.keys() != fresh.reads.keys() or held.parts.keys() != fresh.parts.keys():
            self._unlink(name, held)
            self._link(name, fresh)
        if held is not None and held.is_like(fresh):
            held.make, held.reads, held.parts = fresh.make, fresh.reads, fresh.parts
            return held
        self.entries[name] = fresh
        return fresh

    def _link(self, name: Name, entry: Entry) -> None:
        for question in entry.reads:
            self._readers.setdefault(question, set()).add(name)
        for part in entry.parts:
            self._wholes.setdefault(part, set()).add(name)

    def _unlink(self, name: Name, entry: Entry) -> None:
        for question in entry.reads:
            self._readers[question].discard(name)
        for part in entry.parts:
            self._wholes.get(part, set()).discard(name)

    def _forget(self, hosts: Iterable[str]) -> None:
        """Forget what was made of services that are no more."""
        gone = set(hosts)
        if not gone:
            return
        for name in [one for one in self.entries if one[1] in gone]:
            self.doubt(self._wholes.get(name, ()))  # which stay linked: the part may come back before they are made
            self._unlink(name, self.entries.pop(name))
            self.doubtful.discard(name)
        for question in [one for one in self.last if one[1] in gone]:
            del self.last[question]


def changed(before: Mapping[str, Service], after: Mapping[str, Service]) -> tuple[set[str], bool]:
    """The hosts whose services are others, and whether more than the endpoints of any is."""
    hosts = {host for host, one in after.items() if before.get(host) is not one}
    hosts.update(before.keys() - after.keys())
    if len(before) != len(after) or any(one != other for one, other in zip(before, after, strict=True)):
        return hosts, True
    return hosts, any(_shape(before[host]) != _shape(after[host]) for host in hosts)


def _shape(service: Service) -> Service:
    return service if service.headless else replace(service, instances=())

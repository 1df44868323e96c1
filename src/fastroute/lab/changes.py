"""Changes while the mesh runs: a rule is written into the manifests, every Envoy has it, and requests show it.

Nothing is restarted. Of each change is measured how long it takes until every Envoy says that it is in force, and what
requests then meet; each of those requests is compared with `Router` too.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from fastroute.lab.client import Answer, Asked
from fastroute.lab.compare import Comparison, Report
from fastroute.lab.dumped import last_update
from fastroute.lab.manifests import Manifests
from fastroute.lab.mesh import Lab

MANY = 300
"""Requests by which a share is measured."""
SIGMAS = 5.0
"""How far a measured share may be from its weight: chance exceeds it once in two million runs."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing that requests showed: what it was, and what it must be."""

    what: str
    seen: str
    wanted: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the manifests. `text` is what is written; `measure` shows it with requests.

    `name` is in the x-request-id of these requests, so no two changes have the same.
    """

    name: str
    title: str
    text: str
    apply: Callable[[Manifests], None]
    measure: Callable[[Asker], Iterable[Measured]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change did, measured and compared.

    `seconds` is how long after the file was written the last Envoy put it in force, by that Envoy's own clock and
    words; 0 when nothing had to be changed.
    """

    change: Change
    seconds: float
    measured: tuple[Measured, ...]
    report: Report

    @property
    def holds(self) -> bool:
        """Whether everything was as it must be."""
        return all(one.holds for one in self.measured) and not self.report.differences


class Asker:
    """Sends the requests of one change from productpage's application, and has each one compared."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab, self._name, self._count = lab, name, 0
        self.pod = lab.pod("productpage-v1")
        self.comparison = Comparison(lab)
        self.sent: list[tuple[Asked, Answer]] = []

    def get(self, host: str, path: str, *headers: tuple[str, str], method: str = "GET") -> Answer:
        """Send one request."""
        self._count += 1
        asked = Asked(host, path, (("x-request-id", f"{self._name}-{self._count}"), *headers), method)
        answer = self.lab.clients[self.pod.short].ask(asked)
        self.sent.append((asked, answer))
        return answer

    def compare(self) -> Report:
        """Compare everything that was sent."""
        for asked, answer in self.sent:
            self.comparison.follow(self.pod, asked, answer)
        return self.comparison.report


def carry_out(lab: Lab, change: Change) -> Outcome:
    """Write a change, wait until it is in force, measure and compare."""
    before = time.time()
    change.apply(lab.manifests)
    lab.changed()
    seconds = max(0.0, *(last_update(pod) - before for pod in lab.pods.values()))
    asker = Asker(lab, change.name)
    measured = tuple(change.measure(asker))
    return Outcome(change, seconds, measured, asker.compare())


def rule(kind: str, name: str, spec: dict[str, Any]) -> tuple[str, Callable[[Manifests], None]]:
    """The text of an object's new spec, and what writes it."""
    text = yaml_text({"kind": kind, "metadata": {"name": name}, "spec": spec})
    return text, lambda manifests: manifests.set_rule(kind, name, spec)


def settings(**found: Any) -> tuple[str, Callable[[Manifests], None]]:
    """The text of changed settings of the mesh, and what writes them."""
    return yaml_text(found), lambda manifests: manifests.set_mesh(**found)


def yaml_text(found: dict[str, Any]) -> str:
    """YAML as one writes it: what is there twice is written twice."""
    return yaml.safe_dump(json.loads(json.dumps(found)), sort_keys=False)


def status(what: str, answer: Answer, wanted: int) -> Measured:
    """The status of one answer."""
    seen = str(answer.status or answer.error)
    return Measured(what, f"{seen} after {answer.seconds:.2f} s", str(wanted), answer.status == wanted)


def at_least(what: str, answer: Answer, seconds: float) -> Measured:
    """How long an answer took, which is so long but for 10 ms, and at most a good second longer.

    A delay of 0.3 s was once seen to end up to 5 ms early, on a busy machine; why is not established.
    """
    holds = seconds - 0.01 <= answer.seconds < seconds + 1.5
    return Measured(what, f"{answer.seconds:.2f} s", f"{seconds:g} s and a little", holds)


def share(what: str, served: Counter[str], name: str, wanted: float) -> Measured:
    """Which share of many requests a version served."""
    total = served.total()
    most = SIGMAS * math.sqrt(total * wanted * (1 - wanted))
    holds = abs(served[name] - total * wanted) <= most
    return Measured(what, f"{served[name]} of {total}: {served[name] / total:.1%}", f"{wanted:.0%}", holds)


def every(what: str, served: Counter[str], name: str) -> Measured:
    """That all requests were served by one version."""
    seen = ", ".join(f"{count} by {one or 'Envoy itself'}" for one, count in served.items())
    return Measured(what, seen, f"all by {name}", set(served) == {name})

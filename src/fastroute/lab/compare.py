"""What every Envoy logged about a request, beside what `Router` says about the same request.

A request is followed from the client's Envoy to the server's, and on through the calls that the applications make for
it; each Envoy's line is compared with the decision of a Router over the snapshot that this Envoy has in force. At the
end no line of the request may be left over.

A line is found by the id of its request and its original destination, not by its client's port: where a port is used
again for another address, the kernel gives the redirected connection another one.

What Envoy draws at random cannot be known beforehand: of a weighted choice each of its clusters is right, and of a
cluster with several endpoints each of them; everything else then has to be what follows from that choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from fastroute.core.decision import Decision
from fastroute.core.endpoint import Endpoint
from fastroute.lab import application
from fastroute.lab.access_log import Line
from fastroute.lab.client import Answer, Asked
from fastroute.lab.failure import LabError
from fastroute.lab.journey import Arrival, Departure, arrive, depart
from fastroute.lab.mesh import Lab
from fastroute.lab.pods import Pod

DRAWS: Final = 100
"""Random values that are tried to find the draw that Envoy made: weights are parts of a hundred."""
REFUSED: Final = 400
"""Such a request is refused before routes are looked at, and has none by Router. Envoy looks for one afterwards, for
the headers of its answer, and logs its names."""
PATIENCE: Final = 10.0
"""Seconds until a line must be there: a delayed call for an abandoned request still goes its whole way."""


@dataclass(slots=True)
class Report:
    """What was compared: requests, lines, fields, and every difference."""

    requests: int = 0
    lines: int = 0
    fields: int = 0
    drawn: int = 0
    """Fields whose value was one of several that a draw may give."""
    differences: list[str] = field(default_factory=list)

    def same(self, where: str, what: str, seen: object, said: object) -> bool:
        """Compare one field."""
        self.fields += 1
        if seen == said:
            return True
        self.differences.append(f"{where}: {what} is {seen!r} in Envoy, {said!r} by Router")
        return False

    def text(self) -> str:
        """One line."""
        verdict = "all equal" if not self.differences else f"{len(self.differences)} DIFFERENCES"
        drawn = f" ({self.drawn} of them one of several that a draw may give)" if self.drawn else ""
        return f"{self.requests} requests, {self.lines} lines of access logs, {self.fields} fields{drawn}: {verdict}"


@dataclass(slots=True)
class Comparison:
    """Follows requests through the logs of a mesh."""

    lab: Lab
    report: Report = field(default_factory=Report)
    _used: set[int] = field(default_factory=set)

    def follow(self, pod: Pod, asked: Asked, answer: Answer) -> None:
        """Compare everything that was logged about a request that the application of `pod` sent."""
        self.report.requests += 1
        before = len(self.report.differences)
        try:
            line = self._outbound(pod, asked, answer.address)
        except LabError as error:
            self.report.differences.append(f"{error}; the client saw {answer.status or answer.error}")
            return
        if answer.status:
            self.report.same(f"{pod.short} {asked.id}", "the status that the client saw", answer.status, line.status)
        if len(self.report.differences) == before:
            self._nothing_left(asked.id)

    def _outbound(self, pod: Pod, asked: Asked, address: str) -> Line:
        where = f"{pod.short} → {asked.method} {asked.authority}{asked.path} ({asked.id})"
        destination = f"{address}:{asked.port}"
        line = self._take(
            pod,
            f"→ {destination} of request {asked.id}",
            lambda one: one.id == asked.id and not one.inbound and one.destination == destination,
        )
        left, endpoint = self._departure(pod, asked, address, line)
        self._names(where, line, left)
        if self._answered_itself(where, line, left.decision):
            return line
        self.report.same(where, "endpoint", line.endpoint, f"{endpoint.address}:{endpoint.port}" if endpoint else "")
        if endpoint is not None and endpoint.address in {one.address for one in self.lab.pods.values()}:
            self._inbound(arrive(self.lab.said, left, endpoint), asked, line)
        return line

    def _departure(self, pod: Pod, asked: Asked, address: str, line: Line) -> tuple[Departure, Endpoint | None]:
        """The decision with the draw that Envoy made, and the endpoint that it drew."""
        said = self.lab.said.pod(pod.name)
        request = (said, (address, asked.port), asked.authority, asked.path, asked.method, asked.headers)
        left = depart(*request, random=0)
        if left.decision.kind == "forward" and left.decision.cluster != line.cluster:
            draws = (depart(*request, random=draw) for draw in range(1, DRAWS))
            other = next((one for one in draws if one.decision.cluster == line.cluster), None)
            self.report.drawn += other is not None
            left = other or left
        endpoint = left.endpoint
        if endpoint is not None and str(endpoint) != line.endpoint:
            hosts = said.snapshot.clusters[left.decision.cluster or ""].endpoints
            other_host = next((one for one in hosts if f"{one.address}:{one.port}" == line.endpoint), None)
            self.report.drawn += other_host is not None
            endpoint = other_host or endpoint
        return left, endpoint

    def _inbound(self, came: Arrival, asked: Asked, before: Line) -> None:
        pod, served = self.lab.pods[came.pod.proxy.name], came.decision
        where = f"{pod.short} ← {asked.method} {asked.authority}{asked.path} ({asked.id})"
        line = self._take(
            pod,
            f"← {before.from_address} of request {asked.id}",
            lambda one: one.id == asked.id and one.inbound and one.client == before.from_address,
        )
        self._names(where, line, came)
        if came.tls:
            self.report.same(where, "server name", line.server_name, came.tls["sni"])
            caller = f"spiffe://cluster.local/ns/{self._caller(before).namespace}/sa/{self._caller(before).account}"
            self.report.same(where, "the caller's identity", line.caller, caller)
        if self._answered_itself(where, line, served):
            return
        self.report.same(where, "endpoint", line.endpoint, str(came.endpoint))
        path = served.path or "/"
        for host, called in application.calls(pod.app, pod.version, path):
            self._call(pod, asked, host, called)

    def _call(self, pod: Pod, asked: Asked, host: str, path: str) -> None:
        """A call that an application makes for a request."""
        namespace = self.lab.said.pod(pod.name).proxy.namespace
        address, _ = self.lab.said.resolve(host, namespace)
        headers = tuple(application.passed_on(asked.headers).items())
        self._outbound(pod, Asked(host, path, headers, "GET", application.PORT), address)

    def _caller(self, line: Line) -> Pod:
        return self.lab.at(line.from_address.rpartition(":")[0])

    def _names(self, where: str, line: Line, said: Departure | Arrival) -> None:
        chain, decision = said.chain, said.decision
        self.report.same(where, "listener", line.listener, chain.listener)
        self.report.same(where, "filter chain", line.chain, chain.filter_chain)
        self.report.same(where, "cluster", line.cluster, decision.cluster or "")
        if decision.status == REFUSED:
            return
        self.report.same(where, "virtual host", line.virtual_host, decision.virtual_host)
        self.report.same(where, "route", line.route, decision.route)
        self.report.same(where, "rule", line.rule, _rule(decision))

    def _answered_itself(self, where: str, line: Line, decision: Decision) -> bool:
        """Whether no upstream was asked; then the status and its reason are compared. The request is, either way."""
        fault = decision.fault
        status, reason = decision.status, decision.reason or ""
        if decision.kind == "forward" and fault is not None:
            status, reason = getattr(fault, "status", None) or 0, getattr(fault, "reason", "")
        if not status:
            for what in ("method", "authority", "path"):
                self.report.same(where, what, getattr(line, what), getattr(decision, what))
            return False
        for what in ("method", "authority", "path"):
            self.report.same(where, what, getattr(line, what).encode(), getattr(decision, f"original_{what}"))
        self.report.same(where, "status", line.status, status)
        self.report.same(where, "reason", line.details, reason)
        self.report.same(where, "endpoint", line.endpoint, "")
        return True

    def _take(self, pod: Pod, what: str, fits: Callable[[Line], bool]) -> Line:
        """The line that `fits` and was not taken before, once it is there."""
        line = pod.log.wait(lambda one: fits(one) and id(one) not in self._used, what, PATIENCE)
        self._used.add(id(line))
        self.report.lines += 1
        return line

    def _nothing_left(self, name: str) -> None:
        for pod, line in self.left_over():
            if line.id == name:
                self.report.differences.append(f"{pod.short}: nobody expected the line {line}")

    def left_over(self) -> Iterator[tuple[Pod, Line]]:
        """Lines that no request accounts for."""
        for pod in self.lab.pods.values():
            yield from ((pod, line) for line in pod.log.poll() if id(line) not in self._used and line.id)


def _rule(decision: Decision) -> str:
    """The rule behind a route, as its metadata names it."""
    istio = decision.metadata.get("istio", {})
    return str(istio.get("config", "")) if isinstance(istio, dict) else ""

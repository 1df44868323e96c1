"""The seed's twelve steps: for each what was seen, and what fastroute says of the same thing.

Seen are: what the client's process was told, the kernel's counters of the redirection rules, the lines of both Envoys'
access logs, their admin pages, and what the server's application received. Said are: the interpreter of the
redirection rules, `Router` over the snapshot in force, and the manifests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastroute.lab import application, counters
from fastroute.lab.counters import Counted, Place
from fastroute.lab.journey import Journey, depart
from fastroute.lab.pods import Pod
from fastroute.lab.walk import ID, Walk
from fastroute.pilot.iptables.interpret import Verdict
from fastroute.pilot.iptables.rules import Rule


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing, as it was seen and as fastroute says it."""

    name: str
    seen: str
    said: str

    @property
    def equal(self) -> bool:
        """Whether both are the same."""
        return self.seen == self.said


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way: what happens, where it is seen, and its facts."""

    title: str
    source: str
    facts: tuple[Fact, ...]


def steps(walk: Walk) -> Iterator[Step]:
    """The twelve steps of a request."""
    yield from _to_the_listener(walk)
    yield from _to_the_endpoint(walk)
    yield from _to_the_application(walk)


def _to_the_listener(walk: Walk) -> Iterator[Step]:
    j, line, client = walk.journey, walk.outbound, walk.client
    called = Fact(f"address of {j.host}", f"{walk.answer.address}:{walk.asked.port}", f"{j.address}:{j.port}")
    yield Step(f"{client.short} calls {j.url}", "the client's process", (called,))
    yield Step("iptables of the client pod: outbound", "kernel", (_met(walk.left, j.client.rules, j.sent),))
    accepted = _port(line.accepted)
    facts: tuple[Fact, ...] = (
        Fact("port", accepted, "15001"),
        Fact("listener", _listening(client, accepted), j.outbound.accepting),
    )
    yield Step("the client's Envoy accepts on 0.0.0.0:15001", "access log", facts)
    facts = (
        Fact("original destination", line.destination, f"{j.address}:{j.port}"),
        Fact("listener", line.listener, j.outbound.listener),
        Fact("filter chain", line.chain, j.outbound.filter_chain or ""),
    )
    yield Step("hand-off by original destination", "access log", facts)


def _to_the_endpoint(walk: Walk) -> Iterator[Step]:
    j, line = walk.journey, walk.outbound
    limit = round((j.decision.timeout or 0) * 1000)
    facts: tuple[Fact, ...] = (
        Fact("virtual host", line.virtual_host, j.decision.virtual_host),
        Fact("rule of the route", line.rule, str(_istio(j).get("config", ""))),
        Fact("time limit in ms", str(line.time_limit), str(limit)),
    )
    yield Step(f"route configuration {j.decision.route_config}", "access log", facts)
    whole = _whole(j)
    facts = (
        Fact("cluster", line.cluster, j.decision.cluster or ""),
        Fact("the whole service has", _endpoints(walk.client, whole), ", ".join(sorted(j.siblings))),
    )
    yield Step("endpoints of the cluster (EDS)", "access log, admin", facts)
    identity = f"spiffe://cluster.local/ns/{walk.server.namespace}/sa/{walk.server.account}"
    facts = (
        Fact("endpoint", line.endpoint, str(j.endpoint)),
        Fact("identity of the server", line.called, identity if j.tls else ""),
    )
    yield Step("load balancing, and mutual TLS", "access log", facts)


def _to_the_application(walk: Walk) -> Iterator[Step]:
    j, line, server = walk.journey, walk.inbound, walk.server
    yield Step("iptables of the server pod: inbound", "kernel", (_met(walk.came, j.server.rules, j.arrived),))
    own = str(j.endpoint) if j.server.proxy.transparent else f"{j.server.proxy.address}:15006"
    facts: tuple[Fact, ...] = (
        Fact("address of its socket", line.accepted, own),
        Fact("original destination", line.destination, str(j.endpoint)),
        Fact("listener", line.listener, j.inbound.listener),
    )
    yield Step("the server's Envoy accepts on 0.0.0.0:15006", "access log", facts)
    identity = f"spiffe://cluster.local/ns/{walk.client.namespace}/sa/{walk.client.account}"
    facts = (
        Fact("filter chain", line.chain, j.inbound.filter_chain or ""),
        Fact("server name", line.server_name, j.inbound.server_name),
        Fact("identity of the client", line.caller, identity if j.tls else ""),
    )
    yield Step("filter chain of the port", "access log", facts)
    facts = (Fact("cluster", line.cluster, j.served.cluster or ""), Fact("endpoint", line.endpoint, str(j.application)))
    yield Step("endpoint of the inbound cluster", "access log", facts)
    wanted = f"from={j.source} GET {j.served.path} host={j.served.authority} id={ID}"
    facts = (
        _met(walk.came, j.server.rules, j.delivered),
        Fact("the application received", server.received(ID), wanted),
        Fact("the client's answer", f"{walk.answer.status} {walk.outbound.details}", _outcome(walk)),
    )
    yield Step(f"the application of {server.short} answers", "kernel, the server's process", facts)


def _met(grown: dict[Place, Counted], rules: Sequence[Rule], verdict: Verdict) -> Fact:
    """The rule that decides was met by the first packet of the one connection, and by no other."""
    if verdict.rule is None:
        return Fact("rule", "none", "none")
    counted = grown.get(counters.place_of(rules, verdict.rule))
    return Fact(f"packets at {verdict.rule}", str(counted.packets if counted else 0), "1")


def _outcome(walk: Walk) -> str:
    """What the rules make of it: the answer, unless a call that it needs is held back for longer than it may take."""
    j = walk.journey
    limit, delay = j.decision.timeout, 0.0
    for host, path in application.calls(walk.server.app, walk.server.version, j.served.path or "/"):
        address, _ = walk.lab.said.resolve(host, j.server.proxy.namespace)
        fault = depart(j.server, (address, application.PORT), f"{host}:{application.PORT}", path).decision.fault
        delay += getattr(fault, "delay", None) or 0.0
    return "504 response_timeout" if limit and delay > limit else "200 via_upstream"


def _istio(journey: Journey) -> dict[str, object]:
    found = journey.decision.metadata.get("istio", {})
    return found if isinstance(found, dict) else {}


def _whole(journey: Journey) -> str:
    direction, port, _, host = (journey.decision.cluster or "|||").split("|")
    return f"{direction}|{port}||{host}"


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _listening(pod: Pod, port: str) -> str:
    """The listener that Envoy says listens on a port."""
    found = pod.admin("/listeners?format=json")["listener_statuses"]
    ports = {str(one["local_address"].get("socket_address", {}).get("port_value", "")): one["name"] for one in found}
    return str(ports.get(port, ""))


def _endpoints(pod: Pod, cluster: str) -> str:
    """The endpoints that Envoy says a cluster has."""
    found = pod.admin(f"/clusters?format=json&filter={cluster}")["cluster_statuses"]
    hosts = next(one["host_statuses"] for one in found if one["name"] == cluster)
    addresses = (one["address"]["socket_address"] for one in hosts)
    return ", ".join(sorted(f"{one['address']}:{one['port_value']}" for one in addresses))

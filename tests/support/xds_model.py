"""A control plane and its wire, for the client's state machine: it can be cut, repeated and refused at every point.

    model = Model()                      what the server holds; every change has a number of its own
    link = SotwLink(model)               a client (`fastroute.xds.machine.Machine`) and the server's side of its stream
    link.open(); link.push("clusters"); link.deliver(0); link.cut(); …
    link.settle()                        deliver and answer everything, until nobody has to say anything more
    link.tables.held                     what the client put in force

The server here shares nothing with the client but the messages. It keeps to the protocol: a request with another
nonce than the last one sent is stale; it makes it send the state again, and its names do not count.
"""

from __future__ import annotations

import functools
import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from fastroute.api import anys, names, pool, transcode
from fastroute.config.resources import Resource, Resources
from fastroute.errors import ConfigError, RejectedError
from fastroute.xds.feeds import ads_feed, origin
from fastroute.xds.kinds import BY_URL, CLUSTERS, ENDPOINTS, KINDS, LISTENERS, ROUTES, Kind
from fastroute.xds.machine import Machine
from fastroute.xds.start import Start
from fastroute.xds.tables import Changed, Refused

ORDER = (CLUSTERS, ENDPOINTS, LISTENERS, ROUTES)
ADS = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "15s"}
BAD, BROKEN = "bad", "broken"
"""Marks of a resource that the tables refuse, and of one that breaks a constraint."""


def cluster(name: str, mark: str, service: str | None) -> Message:
    """A cluster, with the endpoints of `service` if there is one."""
    tree: dict[str, Any] = {"name": name, "alt_stat_name": mark}
    if service is not None:
        tree |= {"type": "EDS", "eds_cluster_config": {"eds_config": ADS, "service_name": service}}
    return transcode.message(names.CLUSTER, tree)


def endpoints(name: str, mark: str) -> Message:
    return transcode.message(
        names.CLUSTER_LOAD_ASSIGNMENT, {"cluster_name": name, "endpoints": [{"locality": {"zone": mark}}]}
    )


def listener(name: str, mark: str, routes: tuple[str, ...]) -> Message:
    """A listener with a connection manager for each route configuration."""
    filters = [
        {
            "name": "http",
            "typed_config": {
                "@type": names.url(names.HTTP_CONNECTION_MANAGER),
                "stat_prefix": "x",
                "rds": {"route_config_name": each, "config_source": ADS},
            },
        }
        for each in routes
    ]
    return transcode.message(
        names.LISTENER, {"name": name, "stat_prefix": mark, "filter_chains": [{"filters": [one]} for one in filters]}
    )


def routes(name: str, mark: str) -> Message:
    return transcode.message(names.ROUTE_CONFIGURATION, {"name": name, "internal_only_headers": [mark]})


def mark_of(message: Any) -> str:
    """The mark that a resource was made with."""
    match message.DESCRIPTOR.full_name:
        case names.CLUSTER:
            return str(message.alt_stat_name)
        case names.CLUSTER_LOAD_ASSIGNMENT:
            return str(message.endpoints[0].locality.zone)
        case names.LISTENER:
            return str(message.stat_prefix)
        case _:
            return str(message.internal_only_headers[0])


class FakeTables:
    """Tables that refuse what is marked so, and remember the rest."""

    def __init__(self) -> None:
        self.held: dict[Kind, dict[str, Message]] = {kind: {} for kind in KINDS}
        self.applied = 0

    def check(self, kind: Kind, name: str, message: Message) -> ConfigError | None:
        return RejectedError(f"{name} is broken") if mark_of(message).startswith(BROKEN) else None

    def judge(self, kind: Kind, messages: Mapping[str, Message]) -> Refused:
        return {
            (kind, name): RejectedError(f"{name} is bad")
            for name, message in messages.items()
            if mark_of(message).startswith(BAD)
        }

    def apply(self, changed: Changed) -> Refused:
        self.applied += 1
        refused: Refused = {}
        for kind in KINDS:
            for name, message in changed.get(kind, {}).items():
                if message is None:
                    assert name in self.held[kind], (kind, name)
                    del self.held[kind][name]
                elif mark_of(message).startswith(BAD):
                    refused[kind, name] = RejectedError(f"{name} is bad")
                else:
                    self.held[kind][name] = message
        return refused


@dataclass(slots=True)
class Model:
    """What the server holds, and what it ever held."""

    held: dict[Kind, dict[str, Message]] = field(default_factory=lambda: {kind: {} for kind in ORDER})
    versions: dict[Kind, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in ORDER})
    ever: set[bytes] = field(default_factory=set)
    number: int = 0

    def next_mark(self, flaw: str = "") -> str:
        """A mark that no other resource has."""
        self.number += 1
        return f"{flaw}{self.number}"

    def put(self, kind: Kind, name: str, message: Message) -> None:
        """Add or replace a resource."""
        self.held[kind][name] = message
        self.versions[kind][name] = str(self.number)
        self.ever.add(message.SerializeToString(deterministic=True))

    def remove(self, kind: Kind, name: str) -> None:
        """Take a resource away, if it is there."""
        self.held[kind].pop(name, None)
        self.versions[kind].pop(name, None)

    def version(self, kind: Kind) -> str:
        """The version of all resources of a kind."""
        return ",".join(f"{name}={version}" for name, version in sorted(self.versions[kind].items()))

    def services(self) -> set[str]:
        """Names of the load assignments that its clusters need."""
        clusters: Any = self.held[CLUSTERS].values()
        return {each.eds_cluster_config.service_name for each in clusters if each.type == 3}

    def route_names(self) -> set[str]:
        """Names of the route configurations that its listeners need."""
        found: set[str] = set()
        listeners: Any = self.held[LISTENERS].values()
        for each in listeners:
            for chain in each.filter_chains:
                manager: Any = anys.unpack(chain.filters[0].typed_config)
                found.add(manager.rds.route_config_name)
        return found

    def repair(self) -> None:
        """Make every resource good, and everything that is needed exist."""
        for kind, made in ((CLUSTERS, cluster), (LISTENERS, listener)):
            for name, message in list(self.held[kind].items()):
                if not mark_of(message)[0].isdigit():
                    self.put(kind, name, made(name, self.next_mark(), None if kind is CLUSTERS else ("r0",)))  # type: ignore[arg-type]
        for kind, needed, make in ((ENDPOINTS, self.services(), endpoints), (ROUTES, self.route_names(), routes)):
            for name in needed:
                if name not in self.held[kind] or not mark_of(self.held[kind][name])[0].isdigit():
                    self.put(kind, name, make(name, self.next_mark()))
        for kind in (ENDPOINTS, ROUTES):
            for name, message in list(self.held[kind].items()):
                if not mark_of(message)[0].isdigit():
                    self.remove(kind, name)

    def expected(self) -> dict[Kind, dict[str, Message]]:
        """What a client that starts now ends with, when nothing is refused or missing."""
        needed = {ENDPOINTS: self.services(), ROUTES: self.route_names()}
        return {
            kind: {name: each for name, each in self.held[kind].items() if kind not in needed or name in needed[kind]}
            for kind in ORDER
        }


@functools.cache
def start(*, delta: bool) -> Start:
    """A bootstrap with everything on one aggregated stream."""
    config: Any = pool.new("envoy.config.core.v3.ApiConfigSource")
    config.api_type, config.transport_api_version = (3 if delta else 2), 2
    config.grpc_services.add().envoy_grpc.cluster_name = "xds"
    ads = ads_feed(config)
    source = transcode.message("envoy.config.core.v3.ConfigSource", ADS)
    asked = [origin(source, kind, "", "", ads=ads) for kind in (CLUSTERS, LISTENERS)]
    bootstrap = Resource("", pool.new(names.BOOTSTRAP))
    node = transcode.message("envoy.config.core.v3.Node", {"id": "n", "cluster": "c"})
    return Start(Resources(bootstrap=bootstrap), node, ads, asked[0], asked[1])


class Link(ABC):
    """A client and the server's side of its stream."""

    def __init__(self, model: Model, *, delta: bool) -> None:
        self.model, self.now = model, 0.0
        self.tables = FakeTables()
        self.machine = Machine(start(delta=delta), self.tables)
        self.machine.begin(self.now)
        (self.feed,) = self.machine.feeds
        self.up = False
        self.flying: list[tuple[Kind, Any]] = []
        """Responses on their way."""
        self.sent: list[tuple[Kind, Any]] = []
        """Responses of this connection that were delivered."""
        self.nonces = itertools.count(1)
        self.refusals: list[str] = []

    def open(self) -> None:
        """Connect, if it is not."""
        if not self.up:
            self.up = True
            self.flying, self.sent = [], []
            self.fresh()
            self.machine.opened(self.feed)
            self.talk()

    def cut(self) -> None:
        """Lose the connection and everything on it."""
        self.up, self.flying, self.sent = False, [], []
        self.machine.closed(self.feed)

    def talk(self) -> None:
        """The server hears what the client has to say."""
        for request in self.machine.requests(self.feed):
            assert self.up
            if request.HasField("error_detail"):
                assert request.error_detail.code == 13
                self.refusals.append(request.error_detail.message)
            self.hear(BY_URL[request.type_url], request)

    def deliver(self, position: int) -> None:
        """One of the responses on their way arrives; those of its kind that were sent before arrive first."""
        if self.flying:
            kind = self.flying[position % len(self.flying)][0]
            first = next(each for each in self.flying if each[0] is kind)
            self.flying.remove(first)
            self.sent.append(first)
            self.arrive(first[1])

    def repeat(self, position: int) -> None:
        """A response arrives once more."""
        if self.sent:
            self.arrive(self.sent[position % len(self.sent)][1])

    def arrive(self, message: Any) -> None:
        """The client gets a message."""
        self.machine.received(self.feed, message, self.now)
        self.talk()

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        self.machine.advance(self.now)
        if self.up:
            self.talk()

    def settle(self) -> None:
        """Everything arrives and is answered; what is waited for comes or is given up."""
        self.open()
        for _ in range(60):
            while self.flying:
                self.deliver(0)
            if not self.push_all():
                before = self.now
                self.wait(16)
                if not self.flying and not self.push_all() and self.now > before + 15:
                    return
        raise AssertionError("the client and the server do not come to rest")

    def push_all(self) -> bool:
        """The server sends what the client lacks; whether there was something."""
        sent = [self.push(kind) for kind in ORDER]
        return any(sent)

    @abstractmethod
    def fresh(self) -> None:
        """A new connection: the server knows nothing of the client."""

    @abstractmethod
    def hear(self, kind: Kind, request: Any) -> None:
        """A request arrives at the server."""

    @abstractmethod
    def push(self, kind: Kind) -> bool:
        """The server sends what the client lacks of a kind; whether there was something."""


@dataclass(slots=True)
class _Asked:
    """What the server knows of one kind on one stream."""

    names: list[str] = field(default_factory=list)
    nonce: str = ""
    sent: str = ""
    due: bool = True
    forced: bool = False


class SotwLink(Link):
    """State of the world."""

    def __init__(self, model: Model) -> None:
        self.asked: dict[Kind, _Asked] = {}
        super().__init__(model, delta=False)

    def fresh(self) -> None:
        self.asked = {}

    def hear(self, kind: Kind, request: Any) -> None:
        found = self.asked.get(kind)
        wanted = list(request.resource_names)
        if found is None:
            assert not request.response_nonce
            self.asked[kind] = _Asked(wanted)
            return
        if request.response_nonce != found.nonce:
            found.forced = True  # Stale: nothing that it says counts.
            return
        if sorted(wanted) != sorted(found.names):
            found.due = True
        found.names = wanted

    def push(self, kind: Kind) -> bool:
        found = self.asked.get(kind)
        if found is None or not self.up:
            return False
        if not found.due and not found.forced and found.sent == self.model.version(kind):
            return False
        self.send(kind, found)
        return True

    def send(self, kind: Kind, found: _Asked) -> None:
        """The state of a kind goes out."""
        response: Any = pool.new(names.DISCOVERY_RESPONSE)
        found.sent = response.version_info = self.model.version(kind)
        found.nonce = response.nonce = str(next(self.nonces))
        found.due = found.forced = False
        response.type_url = kind.url
        for name, message in self.model.held[kind].items():
            if kind.wildcard or name in found.names:
                response.resources.add(type_url=kind.url, value=message.SerializeToString())
        self.flying.append((kind, response))
        if kind is CLUSTERS and ENDPOINTS in self.asked:
            self.asked[ENDPOINTS].due = True  # As every control plane has to: clusters wait for it.


class DeltaLink(Link):
    """Increments."""

    def __init__(self, model: Model) -> None:
        self.names: dict[Kind, set[str]] = {}
        self.has: dict[Kind, dict[str, str]] = {}
        """What the client will have when all that is on its way has arrived."""
        self.log: dict[str, tuple[str, dict[str, str | None]]] = {}
        """By nonce, the state it was of and what it said."""
        self.removed: dict[Kind, set[str]] = {}
        self.refused: dict[Kind, tuple[str, set[str]]] = {}
        """What was in refused responses, and the state in which it was refused: it is sent again with the next."""
        super().__init__(model, delta=True)

    def fresh(self) -> None:
        self.names, self.has, self.log, self.removed, self.refused = {}, {}, {}, {}, {}

    def hear(self, kind: Kind, request: Any) -> None:
        if kind not in self.names:
            assert not request.response_nonce
            self.names[kind] = set()
            self.has[kind] = dict(request.initial_resource_versions)
            self.removed[kind] = set()
        for name in request.resource_names_subscribe:
            self.names[kind].add(name)
            if request.response_nonce or not request.initial_resource_versions:
                self.has[kind].pop(name, None)
            self.removed[kind].discard(name)
        for name in request.resource_names_unsubscribe:
            self.names[kind].discard(name)
            self.has[kind].pop(name, None)
        if request.response_nonce:
            self.answered(kind, request)

    def answered(self, kind: Kind, request: Any) -> None:
        """What a response that was repeated or refused leaves the client with is not what the server has sent."""
        state, content = self.log[request.response_nonce]
        if request.HasField("error_detail"):
            self.refused[kind] = (state, {*self.refused.get(kind, ("", ()))[1], *content})
        elif all(each[0] is not kind for each in self.flying):
            for name, version in content.items():
                if version is None:
                    self.has[kind].pop(name, None)
                elif name in self.has[kind] or kind.wildcard:
                    self.has[kind][name] = version

    def push(self, kind: Kind) -> bool:
        if kind not in self.names or not self.up:
            return False
        versions, has = self.model.versions[kind], self.has[kind]
        if kind in self.refused and self.refused[kind][0] != self.model.version(kind):
            for name in self.refused.pop(kind)[1]:
                # Some of it may be in force: it is sent, or removed, once more.
                has[name] = ""
        wanted = set(versions) if kind.wildcard else self.names[kind] & set(versions)
        changed = sorted(name for name in wanted if has.get(name) != versions[name])
        gone = sorted(set(has) - set(versions))
        gone += sorted(self.names[kind] - set(versions) - self.removed[kind] - set(gone))
        if not changed and not gone:
            return False
        response: Any = pool.new(names.DELTA_DISCOVERY_RESPONSE)
        response.type_url, response.nonce = kind.url, str(next(self.nonces))
        for name in changed:
            one = response.resources.add(name=name, version=versions[name])
            one.resource.type_url, one.resource.value = kind.url, self.model.held[kind][name].SerializeToString()
            has[name] = versions[name]
            self.removed[kind].discard(name)
        response.removed_resources.extend(gone)
        for name in gone:
            has.pop(name, None)
            self.removed[kind].add(name)
        content = {name: has.get(name) for name in (*changed, *gone)}
        self.log[response.nonce] = (self.model.version(kind), content)
        self.flying.append((kind, response))
        return True

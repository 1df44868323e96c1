"""Both variants of the protocol, without I/O: a client that applies responses ends with the server's state.

The client is the model: it subscribes to all clusters and listeners, to the endpoints of the clusters it
has and the routes of the listeners it has, acknowledges or refuses, disconnects and comes back.
"""

from __future__ import annotations

import dataclasses
import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from fastroute.api.pool import message_class, new
from fastroute.errors import RequestError
from fastroute.pilot.discovery.generated import TYPES
from fastroute.pilot.discovery.layers import Holding, Item, Layer
from fastroute.pilot.discovery.server.delta import DeltaSession
from fastroute.pilot.discovery.server.protocol import KINDS, URLS, proxy_of
from fastroute.pilot.discovery.server.service import DELTA_REQUEST
from fastroute.pilot.discovery.server.sotw import SotwSession, empty

REQUEST = "envoy.service.discovery.v3.DiscoveryRequest"
RESPONSE = "envoy.service.discovery.v3.DiscoveryResponse"
DELTA_RESPONSE = "envoy.service.discovery.v3.DeltaDiscoveryResponse"
NUMBERS = itertools.count()
NAMED = {"endpoints": "clusters", "routes": "listeners"}


class State(Holding):
    """A generated state: resources by kind and name. Endpoints go with clusters, routes with listeners."""

    def __init__(self, resources: Mapping[str, Mapping[str, int]]) -> None:
        layers = {}
        for kind in TYPES:
            items = [
                Item.of(kind, name, name.encode() + bytes([value])) for name, value in resources.get(kind, {}).items()
            ]
            layers[kind] = (
                Layer({one.name: one for one in items if one.name < "d"}),
                Layer({one.name: one for one in items if one.name >= "d"}),
            )
        super().__init__(layers, next(NUMBERS))


class Careful:
    """A session for state of the world beside one that reads every request as a message: both are in one state."""

    def __init__(self, state: Holding) -> None:
        self.quick, self.reading = SotwSession(state), SotwSession(state)
        self.heard = 0

    def take(self, data: bytes) -> list[Any]:
        """The responses to a request."""
        message = message_class(REQUEST).FromString(data)
        known = self.quick.hears(data)
        self.heard += known
        responses = [] if known else self.quick.request(message, data)
        self.same(responses, self.reading.request(message))
        return responses

    def request(self, request: Any) -> list[Any]:
        return self.take(request.SerializeToString())

    def push(self, state: Holding) -> list[Any]:
        return self.same(self.quick.push(state), self.reading.push(state))

    def same(self, ours: list[Any], theirs: list[Any]) -> list[Any]:
        assert ours == theirs
        read = {kind: dataclasses.replace(watch, said=None) for kind, watch in self.quick.watches.items()}
        assert read == self.reading.watches
        return ours


def decoded(variant: str, responses: list[Any]) -> list[Any]:
    """What a client reads out of the bytes that are sent."""
    return [message_class(variant).FromString(one.data) for one in responses]


class Client(ABC):
    """What a proxy would hold."""

    variant: str

    def __init__(self) -> None:
        self.has: dict[str, dict[str, bytes]] = {kind: {} for kind in TYPES}
        self.session: Any = None
        self.asked: dict[str, set[str]] = {}
        self.nonces: dict[str, str] = {}

    def wanted(self, kind: str) -> set[str]:
        """Names to ask for: what the newest clusters or listeners need."""
        return set(self.has[NAMED[kind]])

    def take(self, responses: list[Any]) -> None:
        """Apply responses and say what a proxy would say, until nothing more comes."""
        while responses:
            following: list[Any] = []
            for response in decoded(self.variant, responses):
                following += self.apply(KINDS[response.type_url], response)
            responses = following
            for kind in NAMED:
                responses += self.subscribe(kind)

    @abstractmethod
    def connect(self, state: State) -> None:
        """Open a stream, as after a disconnect."""

    @abstractmethod
    def apply(self, kind: str, response: Any) -> list[Any]:
        """Keep what a response holds, and acknowledge it."""

    @abstractmethod
    def subscribe(self, kind: str) -> list[Any]:
        """Ask for what is needed now, if that is not what is asked for."""


class SotwClient(Client):
    """Speaks the state of the world."""

    variant = RESPONSE

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, str] = {}

    def ask(self, kind: str) -> list[Any]:
        names = sorted(self.asked.get(kind, ()))
        request = new(REQUEST)
        request.type_url, request.response_nonce = URLS[kind], self.nonces.get(kind, "")  # type: ignore[attr-defined]
        request.resource_names.extend(names)  # type: ignore[attr-defined]
        request.version_info = self.versions.get(kind, "")  # type: ignore[attr-defined]
        return list(self.session.request(request))

    def connect(self, state: State) -> None:
        self.session, self.nonces = Careful(state), {}
        kinds = ["clusters", "listeners", *(kind for kind in NAMED if self.asked.get(kind))]
        self.take([response for kind in kinds for response in self.ask(kind)])

    def apply(self, kind: str, response: Any) -> list[Any]:
        self.nonces[kind], self.versions[kind] = response.nonce, response.version_info
        found = {
            one.value[:-1].decode() if kind != "endpoints" else _name(one.value): one.value
            for one in response.resources
        }
        if kind not in NAMED:
            self.has[kind] = found
        self.has[kind].update(found)
        return self.ask(kind)

    def subscribe(self, kind: str) -> list[Any]:
        if self.asked.get(kind, set()) == self.wanted(kind):
            return []
        self.asked[kind] = self.wanted(kind)
        self.has[kind] = {name: data for name, data in self.has[kind].items() if name in self.asked[kind]}
        return self.ask(kind)


def _name(data: bytes) -> str:
    """The name in an assignment; those for unknown clusters are real messages."""
    return data[2:].decode() if data[:1] == b"\n" else data[:-1].decode()


class DeltaClient(Client):
    """Speaks increments."""

    variant = DELTA_RESPONSE

    def ask(self, kind: str, **fields: Any) -> list[Any]:
        request = new(DELTA_REQUEST)
        request.type_url = URLS[kind]  # type: ignore[attr-defined]
        for name, value in fields.items():
            field = getattr(request, name)
            field.update(value) if isinstance(value, dict) else field.extend(value)
        request.response_nonce = self.nonces.pop(kind, "")  # type: ignore[attr-defined]
        return list(self.session.request(request))

    def connect(self, state: State) -> None:
        self.session, self.nonces = DeltaSession(state), {}
        responses = []
        for kind in TYPES:
            names = sorted(self.asked.get(kind, ()))
            if kind not in NAMED or names:
                held = dict.fromkeys(self.has[kind], "old")
                responses += self.ask(kind, resource_names_subscribe=names, initial_resource_versions=held)
        self.take(responses)

    def apply(self, kind: str, response: Any) -> list[Any]:
        self.nonces[kind] = response.nonce
        self.has[kind].update({one.name: one.resource.value for one in response.resources})
        for name in response.removed_resources:
            self.has[kind].pop(name, None)
        return self.ask(kind)

    def subscribe(self, kind: str) -> list[Any]:
        before, after = self.asked.get(kind, set()), self.wanted(kind)
        if before == after:
            return []
        self.asked[kind] = after
        self.has[kind] = {name: data for name, data in self.has[kind].items() if name in after}
        return self.ask(
            kind, resource_names_subscribe=sorted(after - before), resource_names_unsubscribe=sorted(before - after)
        )


resources = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3))
states = st.fixed_dictionaries({"clusters": resources, "listeners": resources}).flatmap(
    lambda outer: st.fixed_dictionaries(
        {
            **{kind: st.just(value) for kind, value in outer.items()},
            "endpoints": st.fixed_dictionaries({name: st.integers(0, 3) for name in outer["clusters"]}),
            "routes": st.fixed_dictionaries({name: st.integers(0, 3) for name in outer["listeners"]}),
        }
    )
)


@pytest.mark.parametrize("client", [SotwClient, DeltaClient])
@settings(max_examples=60)
@given(changes=st.lists(st.tuples(states, st.integers(0, 4)), min_size=8, max_size=12))
def test_a_client_ends_with_the_servers_state(client: type[Client], changes: list[tuple[dict[str, Any], int]]) -> None:
    """About ten changes each, every fifth with a disconnect before it."""
    one, state = client(), State({})
    one.connect(state)
    for drawn, luck in changes:
        state = State(drawn)
        if luck == 0:
            one.connect(state)
        else:
            one.take(one.session.push(state))
        assert one.has == {kind: dict(state.wire(kind)) for kind in TYPES}
        assert one.session.push(state) == []


WATCHED = State({"clusters": {"a": 1}, "endpoints": {"a": 1, "b": 1}})
CHANGED = State({"clusters": {"a": 1}, "endpoints": {"a": 2, "b": 2}})


def watching(*names: str) -> tuple[Careful, bytes, bytes]:
    """A session that was sent endpoints anew, what acknowledges them, and what acknowledged the ones before."""
    session = Careful(WATCHED)
    (first,) = decoded(RESPONSE, session.request(request("endpoints", *names)))
    before = request("endpoints", *names, nonce=first.nonce)
    before.version_info = first.version_info
    session.request(before)
    (second,) = decoded(RESPONSE, session.push(CHANGED))
    after = request("endpoints", *names, nonce=second.nonce)
    after.version_info = second.version_info
    return session, after.SerializeToString(), before.SerializeToString()


def test_an_acknowledgement_is_known_by_its_bytes() -> None:
    session, after, before = watching("a", "b")
    session.take(before)
    assert session.heard == 0, "of an earlier response"
    session.take(after)
    assert (session.heard, session.quick.watches["endpoints"].status) == (1, "SYNCED")
    session, after, _ = watching("a", "b")
    session.take(after[2 + after[1] :])
    assert session.heard == 1, "without a version"
    session.request(request("endpoints", "a"))
    session.take(after)
    assert session.heard == 1, "a new subscription has said nothing yet"


@settings(max_examples=300)
@given(
    names=st.sampled_from([("a",), ("a", "b"), ("b", "*")]),
    at=st.integers(0, 200), drop=st.integers(0, 20), put=st.binary(max_size=8), old=st.booleans(),
)  # fmt: skip
def test_bytes_that_are_nearly_an_acknowledgement(
    names: tuple[str, ...], at: int, drop: int, put: bytes, old: bool
) -> None:
    session, after, before = watching(*names)
    data = before if old else after
    data = data[:at] + put + data[at + drop :]
    try:
        message_class(REQUEST).FromString(data)
    except DecodeError:
        assert not session.quick.hears(data)
        return
    session.take(data)
    session.take(after)


def request(kind: str, *names: str, nonce: str = "", error: str = "") -> Any:
    made: Any = new(REQUEST)
    made.type_url, made.response_nonce = URLS[kind], nonce
    made.resource_names.extend(names)
    if error:
        made.error_detail.message = error
    return made


def test_state_of_the_world_rules() -> None:
    session = SotwSession(State({"clusters": {"a": 1}, "endpoints": {"a": 1}}))
    assert session.request(request("endpoints")) == [], "no names: the subscription ends before it began"
    (first,) = decoded(RESPONSE, session.request(request("endpoints", "a", "z")))
    assert sorted(one.value for one in first.resources) == sorted([b"a\x01", empty("z").data])
    assert session.request(request("endpoints", "a", "z", nonce="stale")) == []
    assert session.request(request("endpoints", "a", "z", nonce=first.nonce)) == [], "acknowledged"
    assert session.watches["endpoints"].status == "SYNCED"
    (more,) = decoded(RESPONSE, session.request(request("endpoints", "a", "b", "z", nonce=first.nonce)))
    assert [one.value for one in more.resources] == [empty("b").data], "only what is named newly"
    assert session.request(request("endpoints", "a", "b", "z", nonce=more.nonce, error="no")) == []
    assert (session.watches["endpoints"].status, session.watches["endpoints"].error) == ("ERROR", "no")
    (again,) = session.request(request("endpoints", "a"))
    assert again.nonce not in (first.nonce, more.nonce), "an empty nonce is a new subscription"
    (unknown,) = ([other] for other in [session.request(_other())])
    assert unknown == [[]]


def _other() -> Any:
    made: Any = new(REQUEST)
    made.type_url = "type.googleapis.com/some.other.Kind"
    return made


def test_clusters_make_their_endpoints_follow() -> None:
    session = SotwSession(State({"clusters": {"a": 1}, "endpoints": {"a": 1}}))
    (clusters,) = session.request(request("clusters"))
    session.request(request("clusters", nonce=clusters.nonce))
    (endpoints,) = session.request(request("endpoints", "a"))
    session.request(request("endpoints", "a", nonce=endpoints.nonce))
    sent = session.push(State({"clusters": {"a": 2}, "endpoints": {"a": 1}}))
    assert [one.kind for one in sent] == ["clusters", "endpoints"]


def test_too_many_names_are_refused() -> None:
    session = SotwSession(State({}))
    with pytest.raises(RequestError, match="100001 names"):
        session.request(request("endpoints", *map(str, range(100_001))))


@pytest.mark.parametrize("text", ["", "x", "router~1.1.1.1~a.b~c", "sidecar~a~b"])
def test_nodes_that_are_no_sidecars_are_refused(text: str) -> None:
    node: Any = new("envoy.config.core.v3.Node")
    node.id = text
    with pytest.raises(RequestError):
        proxy_of(node)

"""A snapshot after updates is what a fresh load of the same resources gives: decisions, picks, errors, version."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.changing_worlds import World
from support.envoy import parse
from support.http_tables import near_requests

import fastroute
from fastroute.api import names
from fastroute.request import Request
from fastroute.snapshot import Changes

STEPS = 12
REQUESTS = 6
COMPARED = (
    "kind", "cluster", "route", "virtual_host", "index", "route_config", "status", "reason", "location", "body",
    "method", "path", "authority",
)  # fmt: skip
CONNECTIONS = [fastroute.Connection(("10.1.1.1", port), ("10.9.9.9", 5)) for port in (1001, 1002, 1003, 1004)]


def told(error: fastroute.ConfigError) -> list[tuple[str, ...]]:
    """All that an error says, in no order."""
    every = (error, *error.others)
    return sorted((type(each).__name__, each.resource, each.path, each.message, each.remedy) for each in every)


def decided(router: fastroute.Router, request: Request, **more: Any) -> list[object]:
    found = router.route(
        request.authority, request.path, request.method, request.headers, scheme=request.scheme, random=request.random,
        **more,
    )  # fmt: skip
    return [getattr(found, name) for name in COMPARED]


def chosen(router: fastroute.Router, connection: fastroute.Connection) -> Any:
    found = router.connect(connection)
    if found is None:
        return None, None
    return found, [getattr(found, name) for name in ("listener", "filter_chain", "kind", "cluster", "reason")]


def same_clusters(one: fastroute.Snapshot, other: fastroute.Snapshot, rng: Random) -> None:
    assert list(one.clusters) == list(other.clusters)
    for name, cluster in one.clusters.items():
        twin = other.clusters[name]
        assert (cluster.kind, cluster.policy) == (twin.kind, twin.policy)
        assert [repr(host) for host in cluster.endpoints] == [repr(host) for host in twin.endpoints]
        if cluster.policy.kind != "round_robin":
            hash_ = rng.getrandbits(64)
            picks = [each.pick(hash_, random=Random(hash_).getrandbits(64).__int__) for each in (cluster, twin)]
            if cluster.policy.kind != "aggregate":
                assert repr(picks[0]) == repr(picks[1])
            assert (picks[0] is None) == (picks[1] is None)


def same(one: fastroute.Snapshot, other: fastroute.Snapshot, world: World) -> None:
    """Whether two snapshots answer alike near their configuration."""
    rng = world.rng
    assert one.version == other.version
    assert (one.notices, one.knows_clusters) == (other.notices, other.knows_clusters)
    assert list(one.routes) == list(other.routes)
    same_clusters(one, other, rng)
    routers = fastroute.Router(one, random=lambda: 7), fastroute.Router(other, random=lambda: 7)
    requests = []
    for name, tree in world.kinds["routes"].items():
        assert len(one.routes[name]) == len(other.routes[name])
        drawn = near_requests(rng, {"route_config": tree}, REQUESTS) if tree["virtual_hosts"] else []
        for request in drawn:
            assert decided(routers[0], request, route_config=name) == decided(routers[1], request, route_config=name)
        requests.extend(drawn)
    for connection in CONNECTIONS:
        (first, seen), (second, expected) = (chosen(router, connection) for router in routers)
        assert seen == expected
        if first is not None and first.kind == "http":
            for request in requests[:REQUESTS]:
                scoped = Request(
                    request.authority, request.path, request.method,
                    ((b"x-scope", rng.choice((b"one", b"two", b"no"))), *request.headers), request.scheme, 7,
                )  # fmt: skip
                assert decided(routers[0], scoped, chain=first) == decided(routers[1], scoped, chain=second)


def follow(seed: int, steps: int) -> None:
    world = World(Random(seed))
    while True:
        try:
            snapshot = fastroute.load(world.resources())
            break
        except fastroute.ConfigError:
            world = World(world.rng)
    for _ in range(steps):
        changes = world.step()
        try:
            expected = fastroute.load(world.resources())
        except fastroute.ConfigError as error:
            refused = error
        else:
            before = snapshot.version
            after = snapshot.updated(changes)
            assert snapshot.version == before
            snapshot = after
            same(snapshot, expected, world)
            continue
        with pytest.raises(fastroute.ConfigError) as caught:
            snapshot.updated(changes)
        assert told(caught.value) == told(refused)
        world.undo()


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_an_update_gives_what_a_fresh_load_gives(seed: int) -> None:
    follow(seed, STEPS)


@pytest.mark.long
@given(st.integers(0, 2**64))
@settings(max_examples=2_000, deadline=None)
def test_an_update_gives_what_a_fresh_load_gives_at_length(seed: int) -> None:
    follow(seed, STEPS)


def bitten(rng: Random, body: bytes) -> bytes:
    """The bytes with a few of them changed, cut out or doubled."""
    made = bytearray(body)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(made))
        step = rng.randrange(4)
        if step == 0:
            made[at] = rng.randrange(256)
        elif step == 1:
            del made[at : at + rng.randint(1, 4)]
        elif step == 2:
            made[at:at] = made[at : at + rng.randint(1, 8)]
        else:
            made[at] ^= 1 << rng.randrange(8)
    return bytes(made)


def wire(name: str, *paths: str) -> bytes:
    """A route configuration of one virtual host a path."""
    hosts = []
    for path in paths:
        only = {"match": {"prefix": f"/{path}"}, "route": {"cluster": "c"}}
        hosts.append({"name": path, "domains": [f"{path}.com"], "routes": [only]})
    return parse({"name": name, "virtual_hosts": hosts}, names.ROUTE_CONFIGURATION).SerializeToString()


@given(st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_bitten_bytes_are_read_as_a_whole_or_refused(seed: int) -> None:
    """Whether compared by virtual host or not, the bytes mean the same."""
    rng = Random(seed)
    before = fastroute.load({"routes": [], "clusters": [parse({"name": "c"}, names.CLUSTER)]})
    before = before.updated(Changes(routes={"r": wire("r", *"abcdef")}))
    changes = Changes(routes={"r": bitten(rng, wire("r", *"abxdef"))})
    fresh = fastroute.load({"routes": [], "clusters": [parse({"name": "c"}, names.CLUSTER)]})
    try:
        expected = fresh.updated(changes)
    except fastroute.ConfigError as error:
        refused = error
    else:
        found = before.updated(changes)
        assert found.version == expected.version
        for path in "abcdefx":
            routers = [fastroute.Router(each, random=lambda: 0) for each in (found, expected)]
            answers = [router.route(f"{path}.com", f"/{path}", route_config="r") for router in routers]
            assert repr(answers[0]) == repr(answers[1])
        return
    with pytest.raises(fastroute.ConfigError) as caught:
        before.updated(changes)
    assert told(caught.value) == told(refused)

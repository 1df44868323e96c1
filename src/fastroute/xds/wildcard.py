"""Responses of clusters and listeners, which are asked for as a whole.

XD-04  They are taken one by one: a refused one leaves the others, and what is absent goes.
XD-05  State of the world: of two resources with one name the first counts, and the response is refused.
XD-06  State of the world: what is absent is removed. XD-07  Incremental: what is named is removed.
XD-09  Content that is equal is no change, whatever its version.
XD-11  A resource with a time to live goes when it was not renewed; a heartbeat renews it.
XD-12  A resource that breaks a constraint of the API refuses the whole response, as unreadable bytes do.

A static resource is not replaced and not removed; one of its name that comes is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import Message

from fastroute.errors import ConfigError
from fastroute.xds.batch import Batch
from fastroute.xds.book import Held
from fastroute.xds.commit import commit, drop_waiting
from fastroute.xds.feeds import Feed
from fastroute.xds.kinds import CLUSTERS, Kind
from fastroute.xds.needs import EVERYTHING, Need, needs
from fastroute.xds.parents import Candidate, Failure, Parent
from fastroute.xds.reading import read_items
from fastroute.xds.refusal import refuse_all
from fastroute.xds.waiting import wait_for
from fastroute.xds.wire import Item, Response
from fastroute.xds.world import World


def take(world: World, feed: Feed, response: Response, batch: Batch) -> str:
    """A CDS or LDS response; why it is refused, or nothing."""
    kind = response.kind
    try:
        read = read_items(world, kind, response.items)
    except ConfigError as error:
        return refuse_all(world, feed, response, str(error), batch)
    errors: dict[str, str] = {}
    seen: set[str] = set()
    candidates: list[Candidate] = []
    for name, message, item in read:
        if name in seen and item.data is not None:
            errors[name] = f"duplicate {kind.noun} {name} found"
            continue
        seen.add(name)
        try:
            made = _candidate(world, feed, kind, name, message, item, batch.now)
        except ConfigError as error:
            errors[name] = str(error)
            world.failed[kind, name] = Failure(item.version, errors[name], batch.now)
            continue
        if made is not None:
            candidates.append(made)
    _enter(world, kind, candidates, errors, batch)
    _remove(world, feed, response, seen, batch)
    world.conclude(world.book.subscriptions[Need(kind, feed, EVERYTHING)], batch)
    commit(world, batch)
    # A removal can be refused too: when what stays names the cluster and is checked for it.
    errors.update({name: str(error) for (of, name), error in batch.refused.items() if of is kind})
    listed = ", ".join(f"{name}: {why}" for name, why in errors.items())
    return f"Error adding/updating {kind.noun}(s) {listed}" if errors else ""


def _candidate(
    world: World, feed: Feed, kind: Kind, name: str, message: Message | None, item: Item, now: float
) -> Candidate | None:
    """A new version of a resource; None when it is no change."""
    parent = world.parents[kind].get(name)
    if parent is not None and parent.feed is None:
        return None
    newest = parent.newest if parent is not None else None
    if newest is not None:
        _renew(world, kind, name, item, now)
        if item.data is None:
            return None
        if item.data == newest.data or message == newest.message:
            newest.version = item.version
            world.failed.pop((kind, name), None)
            return None
    if message is None:
        if parent is None or parent.active is None:
            return None  # A heartbeat of something that is not held.
        message = parent.active.message
    assert item.data is not None
    wanted = needs(kind, message, feed, world.start.ads)
    held = Held(message, item.data, item.version, now)
    _renew(world, kind, name, item, now)
    return Candidate(parent or Parent(kind, name, feed), held, tuple(wanted))


def _renew(world: World, kind: Kind, name: str, item: Item, now: float) -> None:
    if item.ttl is not None:
        world.expiring[kind, name] = now + item.ttl
    else:
        world.expiring.pop((kind, name), None)


def _enter(world: World, kind: Kind, candidates: Sequence[Candidate], errors: dict[str, str], batch: Batch) -> None:
    """Candidates that have to wait are judged first, the others when they are put in force."""
    waiting = {each.parent.name: each.held.message for each in candidates if _has_to_wait(world, kind, each)}
    refused = world.tables.judge(kind, waiting) if waiting else {}
    for candidate in candidates:
        parent = candidate.parent
        error = refused.get((kind, parent.name)) or _unfit(world, candidate)
        if error is not None:
            errors[parent.name] = str(error)
            world.failed[kind, parent.name] = Failure(candidate.held.version, str(error), batch.now)
            continue
        world.parents[kind][parent.name] = parent
        world.failed.pop((kind, parent.name), None)
        drop_waiting(world, batch, parent, keep=[each.need for each in candidate.wanted])
        wait_for(world, candidate, batch)


def _unfit(world: World, candidate: Candidate) -> ConfigError | None:
    """Why what a candidate needs cannot be asked for, beside what those before it need."""
    try:
        for each in candidate.wanted:
            world.book.check(each, candidate.parent.name)
    except ConfigError as error:
        return error
    return None


def _has_to_wait(world: World, kind: Kind, candidate: Candidate) -> bool:
    if kind is CLUSTERS:
        return bool(candidate.wanted)
    found = (world.book.subscriptions.get(each.need) for each in candidate.wanted)
    return not all(each is not None and each.concluded for each in found)


def _remove(world: World, feed: Feed, response: Response, seen: set[str], batch: Batch) -> None:
    parents = world.parents[response.kind]
    if response.whole:
        gone = [parent for parent in parents.values() if parent.feed == feed and parent.name not in seen]
        absent = [name for kind, name in world.failed if kind is response.kind and name not in seen]
    else:
        found = (parents.get(name) for name in response.removed)
        gone = [parent for parent in found if parent is not None and parent.feed == feed]
        absent = list(response.removed)
    batch.gone.update({(parent.kind, parent.name): parent for parent in gone})
    for name in absent:
        world.failed.pop((response.kind, name), None)


def expire(world: World, batch: Batch) -> None:
    """Take away what was not renewed in time."""
    for key, deadline in list(world.expiring.items()):
        if deadline > batch.now:
            continue
        del world.expiring[key]
        kind, name = key
        parent = world.parents[kind].get(name)
        if parent is not None and parent.feed is not None:
            batch.parents.pop(key, None)
            batch.gone[key] = parent
            world.book.streams[parent.feed].expire(kind, name)


def next_expiry(world: World) -> float | None:
    """When the next resource has to be renewed."""
    return min(world.expiring.values(), default=None)

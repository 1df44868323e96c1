"""Clusters, then listeners, then ready: what is asked for when.

XD-01  Clusters come first; listeners are asked for when every cluster has its endpoints or has waited long
       enough; then the client is ready as soon as every listener has its routes.
XD-13  While a cluster waits, the answer to the CDS response is withheld on the aggregated stream.
"""

from __future__ import annotations

from fastroute.config.resources import Resource
from fastroute.xds.batch import Batch
from fastroute.xds.book import Held, User
from fastroute.xds.commit import commit
from fastroute.xds.feeds import Origin
from fastroute.xds.kinds import CLUSTERS, LISTENERS, Kind
from fastroute.xds.needs import EVERYTHING, Need, Wanted, needs
from fastroute.xds.parents import Candidate, Parent
from fastroute.xds.waiting import wait_for
from fastroute.xds.world import World

_CLIENT = User(CLUSTERS, "", False)
"""Who asks for everything of a wildcard kind."""


def begin(world: World, now: float) -> None:
    """Ask for the first things."""
    _begin(world, CLUSTERS, world.start.clusters, now)
    settle(world, now)


def settle(world: World, now: float) -> None:
    """Go on to the next phase when this one is done."""
    if world.phase == 0 and _answered(world, CLUSTERS, world.start.clusters):
        world.phase = 1
        _begin(world, LISTENERS, world.start.listeners, now)
    if world.phase == 1 and _answered(world, LISTENERS, world.start.listeners):
        world.phase = 2
    _hold_back(world)


def _begin(world: World, kind: Kind, asked: Origin | None, now: float) -> None:
    if asked is not None:
        wanted = Wanted(Need(kind, asked.feed, EVERYTHING), asked.timeout)
        world.book.check(wanted, "")
        world.book.want(wanted, _CLIENT, now)
    batch = Batch(now)
    for resource in getattr(world.start.resources, kind.field):
        if resource.name not in world.parents[kind]:
            _static(world, Parent(kind, resource.name, None), resource, batch)
    commit(world, batch)


def _static(world: World, parent: Parent, resource: Resource, batch: Batch) -> None:
    """A static resource is in force from the start, and waits like any other for what it needs."""
    held = Held(resource.message, resource.message.SerializeToString(), resource.version, batch.now)
    parent.active = held
    world.parents[parent.kind][parent.name] = parent
    wanted = needs(parent.kind, held.message, None, world.start.ads)
    for each in wanted:
        world.book.check(each, parent.name)
    if wanted:
        wait_for(world, Candidate(parent, held, tuple(wanted)), batch)


def _answered(world: World, kind: Kind, asked: Origin | None) -> bool:
    if world.waiting[kind]:
        return False
    return asked is None or world.book.subscriptions[Need(kind, asked.feed, EVERYTHING)].concluded


def _hold_back(world: World) -> None:
    ads = world.start.ads
    stream = world.book.streams.get(ads) if ads is not None else None
    if stream is None:
        return
    if world.phase and world.waiting[CLUSTERS]:
        stream.pause(CLUSTERS)
    else:
        stream.resume(CLUSTERS)

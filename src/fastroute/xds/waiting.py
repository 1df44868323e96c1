"""A version of a cluster or listener waits for what it needs (XD-01), and takes over when all of that is there."""

from __future__ import annotations

from fastroute.xds.batch import Batch
from fastroute.xds.kinds import CLUSTERS, SCOPES
from fastroute.xds.needs import Wanted
from fastroute.xds.parents import Candidate, Parent
from fastroute.xds.world import World


def wait_for(world: World, candidate: Candidate, batch: Batch) -> None:
    """Subscribe to what a version needs; it takes over at once when all of that is there."""
    parent, kind = candidate.parent, candidate.parent.kind
    parent.next, parent.next_needs = candidate.held, tuple(each.need for each in candidate.wanted)
    world.known[kind][candidate.held.data] = parent.name
    for each in candidate.wanted:
        _want(world, parent, each, batch.now)
    if parent.waits:
        world.waiting[kind].add(parent.name)
    else:
        batch.promote(parent)


def _want(world: World, parent: Parent, wanted: Wanted, now: float) -> None:
    found = world.book.want(wanted, parent.user(waits=True), now, anew=parent.kind is CLUSTERS)
    if not found.concluded:
        parent.waits.add(wanted.need)
    elif wanted.need.kind is SCOPES:
        wait_for_scopes(world, parent)


def wait_for_scopes(world: World, parent: Parent) -> None:
    """A listener that waits for its scopes waits for their route configurations too."""
    for need in world.scope_needs.values():
        found = world.book.subscriptions[need]
        if not found.concluded:
            found.users.add(parent.user(waits=True))
            parent.waits.add(need)
            parent.also.add(need)

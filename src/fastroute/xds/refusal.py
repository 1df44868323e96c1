"""A response was refused, or an answer did not come: who waited goes on without it."""

from __future__ import annotations

from fastroute.xds.batch import Batch
from fastroute.xds.book import Subscription
from fastroute.xds.commit import commit
from fastroute.xds.feeds import Feed
from fastroute.xds.kinds import ENDPOINTS
from fastroute.xds.wire import Response
from fastroute.xds.world import World


def refuse_all(world: World, feed: Feed, response: Response, error: str, batch: Batch) -> str:
    """Something was refused: whoever waits for the kind goes on, a cluster without hosts. Returns `error`."""
    for found in list(world.book.of(feed, response.kind)):
        if response.kind is ENDPOINTS and not found.concluded:
            forget(world, found, batch)
        world.conclude(found, batch)
    commit(world, batch)
    return error


def forget(world: World, late: Subscription, batch: Batch) -> None:
    """What was held before must not be used again, unless somebody else uses it."""
    waiting = {(user.kind, user.name) for user in late.users if user.waits}
    if all((user.kind, user.name) in waiting for user in late.users):
        drop(world, late, batch)


def drop(world: World, found: Subscription, batch: Batch) -> None:
    """What a subscription held is in force no more."""
    if found.held is not None:
        world.known[found.need.kind].pop(found.held.data, None)
        found.held = None
        batch.emptied.add(found.need)

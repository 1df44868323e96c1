"""What happens to a client: a response, an answer that is none, time. No I/O, no clock.

XD-16  Routes and endpoints are in force as soon as they are accepted.

What has to be sent after an event is in the streams of `World.book`.
"""

from __future__ import annotations

from fastroute.xds import named, scopes, wildcard
from fastroute.xds.batch import Batch
from fastroute.xds.commit import commit
from fastroute.xds.feeds import Feed
from fastroute.xds.kinds import ENDPOINTS, SCOPES
from fastroute.xds.phases import settle
from fastroute.xds.refusal import forget, refuse_all
from fastroute.xds.wire import Response
from fastroute.xds.world import World


def take(world: World, feed: Feed, response: Response, now: float) -> str:
    """Put in force what can be; why something is refused, in Envoy's words, or nothing."""
    batch = Batch(now)
    if response.error:
        error = refuse_all(world, feed, response, response.error, batch)
    elif response.kind in world.parents:
        error = wildcard.take(world, feed, response, batch)
    elif response.kind is SCOPES:
        error = scopes.take(world, feed, response, batch)
    else:
        error = named.take(world, feed, response, batch)
    world.errors[feed, response.kind] = error
    settle(world, now)
    return error


def broken(world: World, feed: Feed, error: str, now: float) -> None:
    """An answer came of which nothing can be read: it concludes what waits for an answer."""
    assert feed.kind is not None
    world.errors[feed, feed.kind] = error
    refuse_all(world, feed, Response(feed.kind, "", ""), error, Batch(now))
    settle(world, now)


def advance(world: World, now: float) -> None:
    """End what has waited until `now`."""
    batch = Batch(now)
    for late in world.book.overdue(now):
        late.timed_out = True
        if late.need.kind is ENDPOINTS and not late.need.feed.aggregated:
            forget(world, late, batch)
        world.conclude(late, batch)
    wildcard.expire(world, batch)
    commit(world, batch)
    settle(world, now)


def next_time(world: World) -> float | None:
    """When `advance` has something to do."""
    times = [world.book.next_deadline(), wildcard.next_expiry(world)]
    return min((time for time in times if time is not None), default=None)

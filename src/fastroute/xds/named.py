"""Responses of load assignments and route configurations, which are asked for by name.

XD-04  One that is refused leaves what was in force for its name, and the response is refused. Clusters that wait for
       an answer go on without any host then, even those that had some before.
XD-05  State of the world: of two of one name the first counts.
XD-06, XD-07  What is absent, or removed, stays as it was: it goes with the cluster or listener that needs it. That
       its assignment is gone ends the waiting of a cluster, however.
XD-08  What nobody asked for is passed over; what is not in a response is unchanged.
XD-24  A file holds exactly one, of the right name; none at all is an answer too.
"""

from __future__ import annotations

from typing import Final

from google.protobuf.message import Message

from fastroute.errors import ConfigError, RejectedError
from fastroute.xds import wire
from fastroute.xds.batch import Batch
from fastroute.xds.book import Held, Subscription
from fastroute.xds.commit import commit, is_used
from fastroute.xds.feeds import Feed
from fastroute.xds.kinds import ENDPOINTS, Kind
from fastroute.xds.needs import Need
from fastroute.xds.parents import Failure
from fastroute.xds.reading import read_items
from fastroute.xds.refusal import drop, refuse_all
from fastroute.xds.wire import Item, Response
from fastroute.xds.world import World

_WORDS: Final = {"endpoints": ("EDS", "cluster"), "routes": ("RDS", "configuration")}


def take(world: World, feed: Feed, response: Response, batch: Batch) -> str:
    """An EDS or RDS response; why it is refused, or nothing."""
    kind = response.kind
    try:
        read = read_items(world, kind, response.items)
        if feed.transport == "path":
            _check_file(feed, kind, [name for name, _, _ in read])
    except ConfigError as error:
        return refuse_all(world, feed, response, str(error), batch)
    touched = _touched(world, feed, kind, read, batch)
    if kind is ENDPOINTS:
        touched += _there(world, feed, kind, response.removed)
    if feed.transport == "path" and not read:
        touched += list(world.book.of(feed, kind))
    for found in touched:
        world.conclude(found, batch)
    _judge(world, kind, batch)
    commit(world, batch)
    errors = _accept(world, kind, batch)
    if not errors:
        return ""
    after = Batch(batch.now)
    if kind is ENDPOINTS:
        _empty(world, batch, after)
    return refuse_all(world, feed, response, errors, after)


def _empty(world: World, batch: Batch, after: Batch) -> None:
    """Clusters that took over with this response, without the endpoints in it, have none."""
    for need in batch.updates:
        found = world.book.subscriptions.get(need)
        if found is None or (need.kind, need.name) not in batch.refused:
            continue
        if all((user.kind, user.name) in batch.parents for user in found.users):
            drop(world, found, after)


def _check_file(feed: Feed, kind: Kind, names: list[str]) -> None:
    short, noun = _WORDS[kind.field]
    if len(names) > 1:
        raise RejectedError(f"Unexpected {short} resource length: {len(names)}")
    if names and names[0] != feed.name:
        raise RejectedError(f"Unexpected {short} {noun} (expecting {feed.name}): {names[0]}")


def _touched(
    world: World, feed: Feed, kind: Kind, read: list[tuple[str, Message | None, Item]], batch: Batch
) -> list[Subscription]:
    """The subscriptions that are answered; new content goes to the batch."""
    touched: dict[Need, Subscription] = {}
    for name, message, item in read:
        need = Need(kind, feed, name)
        found = world.book.subscriptions.get(need)
        if found is None or need in touched or item.data is None:
            continue
        touched[need] = found
        if found.held is not None and (message is None or message == found.held.message):
            found.held.version = item.version
            world.failed.pop((kind, name), None)
        else:
            batch.updates[need] = Held(_message(kind, message, item), item.data, item.version, batch.now)
    return list(touched.values())


def _message(kind: Kind, message: Message | None, item: Item) -> Message:
    """The message, which was not read when another feed holds the same."""
    return wire.parse(kind, item)[1] if message is None else message


def _there(world: World, feed: Feed, kind: Kind, names: tuple[str, ...]) -> list[Subscription]:
    found = (world.book.subscriptions.get(Need(kind, feed, name)) for name in names)
    return [each for each in found if each is not None]


def _judge(world: World, kind: Kind, batch: Batch) -> None:
    """What is not put in force yet, since who needs it still waits for more, is judged now."""
    unused = {need.name: held.message for need, held in batch.updates.items() if not is_used(world, batch, need)}
    if unused:
        batch.refused.update(world.tables.judge(kind, unused))


def _accept(world: World, kind: Kind, batch: Batch) -> str:
    errors: list[str] = []
    for need, held in batch.updates.items():
        error = batch.refused.get((kind, need.name))
        if error is not None:
            errors.append(str(error))
            world.failed[kind, need.name] = Failure(held.version, str(error), batch.now)
            continue
        found = world.book.subscriptions.get(need)
        if found is None:
            continue
        if found.held is not None:
            world.known[kind].pop(found.held.data, None)
        world.known[kind][held.data] = need.name
        found.held = held
        world.failed.pop((kind, need.name), None)
    return "; ".join(errors)

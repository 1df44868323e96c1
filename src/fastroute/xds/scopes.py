"""Responses of scopes (SRDS), which are asked for as a whole and taken as a whole.

A scope names its route configuration, which the client then asks for (RDS), at the source that the
listener gives for all of its scopes. Two scopes with one key refuse the response.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from fastroute.errors import ConfigError, RejectedError, UnsupportedError
from fastroute.xds.batch import Batch
from fastroute.xds.book import Held, User
from fastroute.xds.commit import commit
from fastroute.xds.feeds import Feed
from fastroute.xds.kinds import LISTENERS, SCOPES
from fastroute.xds.needs import EVERYTHING, Need, Wanted, routes_of_scope, scope_sources
from fastroute.xds.reading import read_items
from fastroute.xds.refusal import refuse_all
from fastroute.xds.waiting import wait_for_scopes
from fastroute.xds.wire import Response
from fastroute.xds.world import World


def take(world: World, feed: Feed, response: Response, batch: Batch) -> str:
    """An SRDS response; why it is refused, or nothing."""
    try:
        changed = _changes(world, response, batch.now)
        after = {**world.scopes, **{name: held for name, held in changed.items() if held is not None}}
        _check_keys({name: held.message for name, held in after.items() if changed.get(name, held) is not None})
        wanted = _wanted(world, feed, changed)
    except ConfigError as error:
        return refuse_all(world, feed, response, str(error), batch)
    batch.scopes.update(changed)
    for name in changed:
        if name in world.scope_needs:
            batch.left.append((world.scope_needs.pop(name), User(SCOPES, name, False)))
    for name, each in wanted.items():
        world.book.want(each, User(SCOPES, name, False), batch.now)
        world.scope_needs[name] = each.need
        batch.left = [(need, user) for need, user in batch.left if (need, user.name) != (each.need, name)]
    _note(world, changed)
    found = world.book.subscriptions[Need(SCOPES, feed, EVERYTHING)]
    for user in found.users:
        if user.waits:
            wait_for_scopes(world, world.parents[LISTENERS][user.name])
    world.conclude(found, batch)
    commit(world, batch)
    return "; ".join(str(error) for (kind, _), error in batch.refused.items() if kind is SCOPES)


def _changes(world: World, response: Response, now: float) -> dict[str, Held | None]:
    changed: dict[str, Held | None] = {}
    seen: set[str] = set()
    for name, message, item in read_items(world, SCOPES, response.items):
        if name in seen:
            raise RejectedError(f"duplicate scoped route configuration '{name}' found")
        seen.add(name)
        if message is not None and item.data is not None:
            changed[name] = Held(message, item.data, item.version, now)
    gone = [name for name in world.scopes if name not in seen] if response.whole else response.removed
    changed.update({name: None for name in gone if name in world.scopes})
    return changed


def _check_keys(scopes: dict[str, Message]) -> None:
    keys: dict[tuple[str, ...], str] = {}
    for name, scope in scopes.items():
        message: Any = scope
        if message.HasField("route_configuration"):
            raise UnsupportedError(
                "a scope that holds its route configuration is not supported",
                path="route_configuration",
                resource=f'ScopedRouteConfiguration "{name}"',
            )
        key = tuple(fragment.string_key for fragment in message.key.fragments)
        if key in keys:
            raise RejectedError(f"scope key conflict found, first scope is {keys[key]}, second scope is {name}")
        keys[key] = name


def _wanted(world: World, feed: Feed, changed: dict[str, Held | None]) -> dict[str, Wanted]:
    sources = {bytes(source.SerializeToString(deterministic=True)): source for source in _sources(world, feed)}
    if len(sources) > 1:
        raise UnsupportedError(
            "listeners that share their scopes have different sources for route configurations",
            remedy="Give them one rds_config_source.",
        )
    wanted: dict[str, Wanted] = {}
    for name, held in changed.items():
        for source in sources.values() if held is not None else ():
            assert held is not None
            wanted[name] = routes_of_scope(held.message, source, feed, world.start.ads)
            world.book.check(wanted[name], name)
    return wanted


def _sources(world: World, feed: Feed) -> list[Any]:
    need = Need(SCOPES, feed, EVERYTHING)
    parents = world.parents[LISTENERS].values()
    held = [parent.next for parent in parents if need in parent.next_needs]
    held += [parent.active for parent in parents if need in parent.active_needs]
    return [source for each in held if each is not None for source in scope_sources(each.message)]


def _note(world: World, changed: dict[str, Held | None]) -> None:
    for name, held in changed.items():
        old = world.scopes.get(name)
        if old is not None:
            world.known[SCOPES].pop(old.data, None)
        if held is not None:
            world.known[SCOPES][held.data] = name

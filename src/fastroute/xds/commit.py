"""The end of an event: what takes over, what changes with it, and what nobody needs after it.

Everything that an event changes is put in force at once, in one snapshot. What is not needed any more
goes after that, so that nothing in force ever lacks it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from fastroute.xds.batch import Batch
from fastroute.xds.book import Held, User
from fastroute.xds.kinds import KINDS, SCOPES
from fastroute.xds.needs import Need
from fastroute.xds.parents import Failure, Parent
from fastroute.xds.tables import Changed, Key
from fastroute.xds.world import World

_K = TypeVar("_K")


def commit(world: World, batch: Batch) -> None:
    """Put the batch in force, and give up what nobody needs any more."""
    contents = _contents(world, batch)
    changed = _changed(world, batch, contents)
    if any(changed.values()):
        batch.refused.update(world.tables.apply(changed))
    for key, error in batch.refused.items():
        world.failed[key] = Failure(_version(batch, key), str(error), batch.now)
    for key, held in contents.items():
        if key not in batch.refused:
            _put(world.in_force, key, held)
    for name, scope in batch.scopes.items():
        if (SCOPES, name) not in batch.refused:
            _put(world.scopes, name, scope)
    for parent in batch.parents.values():
        _take_over(world, batch, parent)
    for parent in batch.gone.values():
        _remove(world, batch, parent)
    _release(world, batch)


def _version(batch: Batch, key: Key) -> str:
    parent = batch.parents.get(key)
    if parent is not None and parent.next is not None:
        return parent.next.version
    return next((held.version for need, held in batch.updates.items() if (need.kind, need.name) == key), "")


def _changed(world: World, batch: Batch, contents: dict[Key, Held | None]) -> Changed:
    changed: Changed = {kind: {} for kind in KINDS}
    for parent in batch.parents.values():
        assert parent.next is not None
        if parent.next is not parent.active:
            changed[parent.kind][parent.name] = parent.next.message
    for parent in batch.gone.values():
        if parent.active is not None:
            changed[parent.kind][parent.name] = None
    for name, scope in batch.scopes.items():
        changed[SCOPES][name] = None if scope is None else scope.message
    for (kind, name), held in contents.items():
        if held is not world.in_force.get((kind, name)):
            changed[kind][name] = None if held is None else held.message
    return changed


def _contents(world: World, batch: Batch) -> dict[Key, Held | None]:
    """What endpoints and routes are to be: new content that is used, and the content of what takes over."""
    found: dict[Key, Held | None] = {}
    for need, held in batch.updates.items():
        if is_used(world, batch, need):
            found[need.kind, need.name] = held
    for need in batch.emptied:
        if is_used(world, batch, need):
            found[need.kind, need.name] = None
    for parent in batch.parents.values():
        for need in parent.next_needs:
            held_now = batch.updates.get(need, world.book.subscriptions[need].held)
            if not need.kind.wildcard and held_now is not None and need not in batch.emptied:
                found[need.kind, need.name] = held_now
    return found


def is_used(world: World, batch: Batch, need: Need) -> bool:
    """Whether somebody uses it who is in force, or will be after this event."""
    subscription = world.book.subscriptions.get(need)
    if subscription is None:
        return False
    return any(not user.waits or (user.kind, user.name) in batch.parents for user in subscription.users)


def _put(held: dict[_K, Held], name: _K, value: Held | None) -> None:
    if value is None:
        held.pop(name, None)
    else:
        held[name] = value


def _take_over(world: World, batch: Batch, parent: Parent) -> None:
    world.waiting[parent.kind].discard(parent.name)
    if (parent.kind, parent.name) in batch.refused:
        drop_waiting(world, batch, parent)
        if parent.active is None:
            del world.parents[parent.kind][parent.name]
        return
    if parent.active is not None and parent.active is not parent.next:
        world.known[parent.kind].pop(parent.active.data, None)
    if parent.next is not None:
        world.known[parent.kind][parent.next.data] = parent.name
    waiting, active = parent.user(waits=True), parent.user(waits=False)
    for need in parent.next_needs:
        users = world.book.subscriptions[need].users
        users.discard(waiting)
        users.add(active)
    batch.left.extend((need, active) for need in set(parent.active_needs) - set(parent.next_needs))
    batch.left.extend((need, waiting) for need in parent.also)
    parent.active, parent.active_needs = parent.next, parent.next_needs
    parent.next, parent.next_needs = None, ()
    parent.waits.clear()
    parent.also.clear()


def drop_waiting(world: World, batch: Batch, parent: Parent, keep: Iterable[Need] = ()) -> None:
    """Forget the version that waits; the needs in `keep` are those of the version that takes its place."""
    if parent.next is not None and parent.next is not parent.active:
        world.known[parent.kind].pop(parent.next.data, None)
    dropped = (set(parent.next_needs) | parent.also) - set(keep)
    batch.left.extend((need, parent.user(waits=True)) for need in dropped)
    parent.next, parent.next_needs = None, ()
    parent.waits.clear()
    parent.also.clear()
    world.waiting[parent.kind].discard(parent.name)


def _remove(world: World, batch: Batch, parent: Parent) -> None:
    if (parent.kind, parent.name) in batch.refused:
        return
    drop_waiting(world, batch, parent)
    batch.left.extend((need, parent.user(waits=False)) for need in parent.active_needs)
    if parent.active is not None:
        world.known[parent.kind].pop(parent.active.data, None)
    del world.parents[parent.kind][parent.name]
    world.expiring.pop((parent.kind, parent.name), None)


def _release(world: World, batch: Batch) -> None:
    """What nobody needs any more goes, and is not asked for again."""
    changed: Changed = {kind: {} for kind in KINDS}
    for need, user in batch.left:  # It grows meanwhile: scopes that go leave their route configurations.
        subscription = world.book.subscriptions.get(need)
        if subscription is None or not world.book.leave(need, user):
            continue
        held = subscription.held
        if held is not None:
            world.known[need.kind].pop(held.data, None)
        world.failed.pop((need.kind, need.name), None)
        if need.kind is SCOPES:
            _release_scopes(world, batch, changed)
        elif held is not None and world.in_force.get((need.kind, need.name)) is held:
            del world.in_force[need.kind, need.name]
            changed[need.kind][need.name] = None
    batch.left.clear()
    if any(changed.values()):
        world.tables.apply(changed)


def _release_scopes(world: World, batch: Batch, changed: Changed) -> None:
    for name, held in world.scopes.items():
        changed[SCOPES][name] = None
        world.known[SCOPES].pop(held.data, None)
    for name, need in world.scope_needs.items():
        batch.left.append((need, User(SCOPES, name, False)))
    world.scopes.clear()
    world.scope_needs.clear()

"""What the items of a response say. What is held already is not parsed again (XD-09)."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.message import Message

from fastroute.xds import wire
from fastroute.xds.kinds import Kind
from fastroute.xds.wire import Item
from fastroute.xds.world import World


def read_items(world: World, kind: Kind, items: Iterable[Item]) -> list[tuple[str, Message | None, Item]]:
    """Name and message of each item; no message for a heartbeat, and for what is held already.

    ConfigError when one of them cannot be read or breaks a constraint.
    """
    found: list[tuple[str, Message | None, Item]] = []
    for item in items:
        if item.data is None:
            found.append((item.label, None, item))
        elif (name := world.known[kind].get(item.data)) is not None:
            found.append((name, None, item))
        else:
            name, message = wire.parse(kind, item)
            error = world.tables.check(kind, name, message)
            if error is not None:
                raise error
            found.append((name, message, item))
    return found

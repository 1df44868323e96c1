"""A route configuration in wire form, compared with the one before it virtual host by virtual host.

Rules:
- Where all but virtual hosts is the same, byte for byte, those that are the same are not even parsed.
- Bytes that are refused, few that are the same, anything in doubt: then the whole is read and compiled,
  which also is what words every error.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from google.protobuf.message import DecodeError, Message

from fastroute.api import constraints, names, pool
from fastroute.config.resources import Resource, WireResource
from fastroute.records import record
from fastroute.wire.items import Items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.config.changes import Content

_FEW = 16


@record
class Wire:
    """`items` are the virtual hosts as they were sent, `numbers` theirs in the table, in the same order."""

    items: Items
    numbers: Sequence[int]


@record
class Revision:
    """What became of a route configuration.

    `configuration` is all but virtual hosts. `numbers` has for each virtual host the number that it keeps, or
    None; `fresh` the messages of those, by place; `gone` the numbers and domains that are no more.
    """

    resource: WireResource
    items: Items
    configuration: Message
    numbers: list[int | None]
    fresh: dict[int, Message]
    gone: list[tuple[int, Sequence[bytes]]]

    def wire(self, numbers: Iterable[int]) -> Wire:
        """The wire form for the next comparison; `numbers` are those of the fresh virtual hosts."""
        every: list[Any] = self.numbers.copy()
        for place, number in zip(self.fresh, numbers, strict=True):
            every[place] = number
        return Wire(self.items, every)


def wire_of(resource: Resource) -> Wire | None:
    """The wire form of a resource whose table was compiled as a whole; None for bytes that cannot be taken apart."""
    if isinstance(resource, WireResource):
        body = resource.body
    else:
        body = resource.message.SerializeToString(deterministic=True)
    items = _items(body)
    return None if items is None else Wire(items, range(len(items)))


def revision(name: str, content: Content, before: Wire) -> Revision | None:
    """How `content` differs from what was `before`; None where the whole has to be read."""
    items = _items(content if isinstance(content, bytes) else _serialized(content))
    if items is None or items.rest != before.items.rest:
        return None
    head, tail = items.common(before.items)
    end = len(before.items) - tail
    left = {before.items[place]: before.numbers[place] for place in range(head, end)}
    middle = [left.pop(items[place], None) for place in range(head, len(items) - tail)]
    fresh = [head + at for at, number in enumerate(middle) if number is None]
    if len(fresh) > max(_FEW, len(items) // 2):
        return None
    try:
        configuration = _configuration().FromString(items.rest)
        hosts = {place: _host().FromString(items[place]) for place in fresh}
    except DecodeError:
        return None
    if _name_of(configuration) != name or any(map(constraints.check, (configuration, *hosts.values()))):
        return None
    resource = WireResource(name, _configuration(), items.body, origin="dynamic")
    numbers = [*before.numbers[:head], *middle, *before.numbers[end:]]
    return Revision(resource, items, configuration, numbers, hosts, [_gone(*each) for each in left.items()])


def _gone(body: bytes, number: int) -> tuple[int, Sequence[bytes]]:
    host: Any = _host().FromString(body)
    return number, tuple(domain.encode("utf-8").lower() for domain in host.domains)


def _serialized(content: Message | None) -> bytes:
    if content is None or content.DESCRIPTOR.full_name != names.ROUTE_CONFIGURATION:
        return b"\xff"
    return content.SerializeToString(deterministic=True)


def _items(body: bytes) -> Items | None:
    try:
        return Items(body, _configuration().DESCRIPTOR.fields_by_name["virtual_hosts"].number)
    except ValueError:
        return None


def _name_of(configuration: Any) -> str:
    return str(configuration.name)


@functools.cache
def _configuration() -> type[Message]:
    return pool.message_class(names.ROUTE_CONFIGURATION)


@functools.cache
def _host() -> type[Message]:
    return pool.message_class(names.VIRTUAL_HOST)

"""Every fault of a tree that does not become a message, not only the first.

`fastroute.api.transcode` stops at the first value that does not fit, for that is fast. Once it has
stopped, the tree is looked at again here, part by part: each field on its own, each element of a list,
each entry of a map, and what an Any holds; only parts with a fault are looked into. Two members of one
oneof, which fit by themselves, are found among the parts that have no other fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from fastroute.api import declared, pool, transcode
from fastroute.api.faults import Fault, index, key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 100
"""Faults that are looked for; what is no configuration at all would have no end of them."""


def every_fault(full_name: str, tree: object) -> list[Fault]:
    """The faults of `tree` as a message of the type `full_name`, in its own order; at most `MOST`."""
    if transcode.nesting(tree) > transcode.MOST_NESTED:
        return _one(lambda: transcode.encode(full_name, tree))
    return list(islice(_message(pool.pool().FindMessageTypeByName(full_name), tree), MOST))


def _one(encode: Any) -> list[Fault]:
    try:
        encode()
    except Fault as fault:
        return [fault]
    return []


def _message(descriptor: Descriptor, tree: object) -> Iterator[Fault]:
    """The faults of a value as a message."""
    first = _one(lambda: transcode.body_encoder(descriptor)(tree))
    if not first:
        return
    inner, fields = _fields_of(descriptor, tree)
    if inner is None or fields is None:
        yield first[0]
        return
    found = False
    sound: dict[str, object] = {}
    for name, item in fields:
        faulty = False
        for fault in _field(inner, name, item):
            faulty = found = True
            yield fault
        if not faulty:
            sound[name] = item
    together = _one(lambda: transcode.plan(inner).encode(sound))
    yield from together or ([] if found else first)


def _fields_of(descriptor: Descriptor, tree: object) -> tuple[Descriptor | None, Any]:
    """The message that an object's members are fields of, and the members; nothing for what has none."""
    if not isinstance(tree, dict):
        return None, None
    if descriptor.full_name != "google.protobuf.Any":
        return (None, None) if descriptor.full_name.startswith("google.protobuf.") else (descriptor, tree.items())
    url = tree.get("@type")
    if not isinstance(url, str) or "/" not in url[1:] or not pool.is_known(url):
        return None, None
    inner: Descriptor = pool.pool().FindMessageTypeByName(pool.type_name(url))
    return _fields_of(inner, {name: item for name, item in tree.items() if name != "@type"})


def _field(descriptor: Descriptor, name: str, item: object) -> Iterator[Fault]:
    plan = transcode.plan(descriptor)
    whole = _one(lambda: plan.encode({name: item}))
    if not whole:
        return
    known = plan.fields.get(name)
    field: FieldDescriptor | None = descriptor.fields_by_name.get(known.name) if known is not None else None
    found = False
    for fault in _parts(field, item) if field is not None else ():
        found = True
        fault.steps.append(field.name)  # type: ignore[union-attr]
        yield fault
    if not found:
        yield whole[0]


def _parts(field: FieldDescriptor, item: object) -> Iterator[Fault]:
    """The faults of the parts of a field's value; none where it is one value, or not even of the right shape."""
    message: Any = field.message_type
    if declared.is_map(field):
        if isinstance(item, dict) and not isinstance(item, transcode.DuplicateKeys):
            value = message.fields_by_name["value"].message_type
            for name, one in item.items():
                yield from _under(key(name), _message(value, one) if value is not None else iter(()))
    elif field.is_repeated and isinstance(item, list):
        for position, one in enumerate(item):
            if isinstance(one, list) and message is not None:
                continue
            yield from _under(index(position), _element(field, one))
    elif message is not None and not isinstance(item, list):
        yield from _message(message, item)


def _element(field: FieldDescriptor, one: object) -> Iterator[Fault]:
    if one is None:
        return
    if field.message_type is not None:
        yield from _message(field.message_type, one)
        return
    from fastroute.api import scalars

    encode = scalars.encoder(field)[1]
    yield from _one(lambda: encode(one))


def _under(step: str, faults: Iterator[Fault]) -> Iterator[Fault]:
    for fault in faults:
        fault.steps.append(step)
        yield fault

"""The changes between two messages of one type, field by field.

Rules: a path is written as everywhere in fastroute, with the positions of `after`, of `before` for what
was removed. An Any is compared by what it holds, a Struct as the JSON it stands for. Values that the API
marks as sensitive are compared but not shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from fastroute.analysis.diff.labels import label
from fastroute.analysis.diff.pairs import pair
from fastroute.api import anys, declared
from fastroute.api.faults import index, join, key
from fastroute.api.sensitive import HIDDEN, is_sensitive, without_secrets
from fastroute.config.text import to_tree
from fastroute.errors import ParseError
from fastroute.records import record, replace

ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"
MOVED: Final = "moved"


@record
class FieldChange:
    """One change: `before` and `after` are values of JSON, None where there is none.

    Of an element that moved they are its positions. `place` says where it is in words, from the outside
    in: `("virtual host shop", "route 1 'api'", "timeout")`. `element` tells elements of lists of messages.
    """

    change: str
    path: str
    place: tuple[str, ...]
    before: object = None
    after: object = None
    element: bool = False


@record
class _At:
    path: str = ""
    place: tuple[str, ...] = ()
    hidden: bool = False

    def field(self, field: FieldDescriptor) -> _At:
        """One step down, to a field."""
        return replace(
            self.below(field.name), place=(*self.place, field.name), hidden=self.hidden or is_sensitive(field)
        )

    def item(self, step: str, words: str) -> _At:
        """One step down, to an element of the field; `words` take the place of the field's name."""
        return replace(self.below(step), place=(*self.place[:-1], words))

    def below(self, step: str) -> _At:
        """One step down that has no word of its own."""
        return replace(self, path=join([self.path, step]) if self.path else step)


def field_changes(before: Message, after: Message) -> Iterator[FieldChange]:
    """Every change from `before` to `after`, two messages of one type, in the order of the fields."""
    return _messages(before, after, _At())


def _messages(before: Any, after: Any, at: _At) -> Iterator[FieldChange]:
    if before == after:
        return
    name = before.DESCRIPTOR.full_name
    if name == "google.protobuf.Any":
        yield from _anys(before, after, at)
    elif name.startswith("google.protobuf."):
        yield from _trees(to_tree(before), to_tree(after), at)
    else:
        for field in before.DESCRIPTOR.fields:
            yield from _fields(field, before, after, at.field(field))


def _fields(field: FieldDescriptor, before: Any, after: Any, at: _At) -> Iterator[FieldChange]:
    old, new = getattr(before, field.name), getattr(after, field.name)
    if field.is_repeated:
        if declared.is_map(field):
            yield from _maps(field, old, new, at)
        else:
            yield from _lists(field, old, new, at)
        return
    if not field.has_presence:
        if old != new:
            yield _change(CHANGED, at, _value(field, old), _value(field, new))
        return
    had, has = before.HasField(field.name), after.HasField(field.name)
    if had and has:
        if field.message_type is not None:
            yield from _messages(old, new, at)
        elif old != new:
            yield _change(CHANGED, at, _value(field, old), _value(field, new))
    elif had:
        yield _change(REMOVED, at, _value(field, old), None)
    elif has:
        yield _change(ADDED, at, None, _value(field, new))


def _lists(field: FieldDescriptor, old: Any, new: Any, at: _At) -> Iterator[FieldChange]:
    if list(old) == list(new):
        return
    for one in pair(field, old, new):
        position = one.before if one.after is None else one.after
        assert position is not None
        item = old[position] if one.after is None else new[position]
        here = at.item(index(position), label(field, position, item))
        element = field.message_type is not None
        if one.before is None:
            yield _change(ADDED, here, None, _value(field, item), element=element)
        elif one.after is None:
            yield _change(REMOVED, here, _value(field, item), None, element=element)
        else:
            if one.moved:
                yield FieldChange(MOVED, here.path, here.place, one.before, one.after, element)
            if element:
                yield from _messages(old[one.before], item, here)


def _maps(field: FieldDescriptor, old: Any, new: Any, at: _At) -> Iterator[FieldChange]:
    entry: Any = field.message_type
    value = entry.fields_by_name["value"]
    for name in sorted({*old, *new}):
        here = at.item(key(str(name)), f"{field.name} {name}")
        if name not in old:
            yield _change(ADDED, here, None, _value(value, new[name]), element=True)
        elif name not in new:
            yield _change(REMOVED, here, _value(value, old[name]), None, element=True)
        elif value.message_type is not None:
            yield from _messages(old[name], new[name], here)
        elif old[name] != new[name]:
            yield _change(CHANGED, here, _value(value, old[name]), _value(value, new[name]))


def _anys(before: Any, after: Any, at: _At) -> Iterator[FieldChange]:
    try:
        old, new = anys.unpack(before), anys.unpack(after)
    except ParseError:
        yield _change(CHANGED, at, _shown(before), _shown(after))
        return
    if old.DESCRIPTOR.full_name == new.DESCRIPTOR.full_name:
        yield from _messages(old, new, at)
    else:
        yield _change(CHANGED, at, _shown(before), _shown(after))


def _trees(old: object, new: object, at: _At) -> Iterator[FieldChange]:
    if old == new:
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield _change(CHANGED, at, old, new)
        return
    for name in sorted({*old, *new}):
        here = replace(at.below(key(name)), place=(*at.place, name))
        if name not in old:
            yield _change(ADDED, here, None, new[name])
        elif name not in new:
            yield _change(REMOVED, here, old[name], None)
        else:
            yield from _trees(old[name], new[name], here)


def _change(change: str, at: _At, before: object, after: object, *, element: bool = False) -> FieldChange:
    if at.hidden:
        before, after = (None if value is None else HIDDEN for value in (before, after))
    return FieldChange(change, at.path, at.place, before, after, element)


def _value(field: FieldDescriptor, value: Any) -> object:
    if field.message_type is not None:
        return _shown(value)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return value if known is None else known.name
    return value.hex() if isinstance(value, bytes) else value


def _shown(message: Any) -> object:
    try:
        return to_tree(without_secrets(message))
    except ParseError as error:
        return f"({error.message})"

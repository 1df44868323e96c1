"""Regular expressions in what decides nothing: Envoy compiles them all the same, and refuses those that it cannot."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from fastroute.api import anys, declared
from fastroute.api.constraints import CARRIED
from fastroute.api.faults import index, key
from fastroute.compile.regexes import compile_regex
from fastroute.errors import ParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

_REGEX = ("envoy.type.matcher.v3.RegexMatcher", "xds.type.matcher.v3.RegexMatcher")
_ANY = "google.protobuf.Any"


def check_regexes(message: Any, ctx: Context, path: str) -> None:
    """Gather what is wrong with the regular expressions in the message at `path`."""
    name = message.DESCRIPTOR.full_name
    if name in _REGEX:
        told = len(ctx.errors or ())
        ctx.attempt(None, compile_regex, message, ctx, path)
        for error in (ctx.errors or [])[told:] if ctx.kind == "Bootstrap" else ():
            error.code = "start"  # Envoy makes these matchers when it really starts
    elif name == _ANY:
        opened = _opened(message)
        if opened is not None:
            check_regexes(opened, ctx, path)
    elif _may_hold(message.DESCRIPTOR):
        for step, inner in _parts(message):
            check_regexes(inner, ctx, f"{path}.{step}" if path else step)


def check_field(field: FieldDescriptor, value: Any, ctx: Context, path: str) -> None:
    """The same for the value of a field."""
    for step, inner in _values(field, value):
        check_regexes(inner, ctx, path + step)


def _parts(message: Any) -> Iterator[tuple[str, Any]]:
    """The messages in the fields of a message that may hold a regular expression."""
    for field, value in message.ListFields():
        for step, inner in _values(field, value):
            yield field.name + step, inner


def _values(field: FieldDescriptor, value: Any) -> Iterator[tuple[str, Any]]:
    """The messages in the value of a field, each with its step below it."""
    kind = field.message_type
    if kind is None or field.full_name in CARRIED:
        return
    if declared.is_map(field):
        if kind.fields_by_name["value"].message_type is not None:
            yield from ((key(str(name)), value[name]) for name in value)
    elif field.is_repeated:
        yield from ((index(position), one) for position, one in enumerate(value))
    else:
        yield "", value


def _opened(packed: Any) -> Any | None:
    """What an Any holds; None where whoever checks the Any has something to say."""
    try:
        opened = anys.unpack(packed) if packed.type_url else None
    except ParseError:
        return None
    return None if opened is None or anys.is_unknown(opened) else opened


@functools.cache
def _may_hold(descriptor: Descriptor) -> bool:
    """Whether there may be a regular expression in a message of the type."""
    seen, due = {descriptor.full_name}, [descriptor]
    while due:
        for field in due.pop().fields:
            kind = field.message_type
            if kind is None or field.full_name in CARRIED or kind.full_name in seen:
                continue
            if kind.full_name in _REGEX or kind.full_name == _ANY:
                return True
            seen.add(kind.full_name)
            due.append(kind)
    return False

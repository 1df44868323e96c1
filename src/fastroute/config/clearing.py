"""Takes broken values out of a message, so that the rest of it can be looked at for further errors.

    clear(message, 'virtual_hosts[0].require_tls')    unsets the field; whether there was one

A value in an Any is taken out of what the Any holds. Items of lists stay: their numbers are in paths.
"""

from __future__ import annotations

import re

from google.protobuf.message import Message

from fastroute.api import anys, pool
from fastroute.errors import ParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STEP = re.compile(r'\.?(\w+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')


def clear(message: Message, path: str) -> bool:
    """Unset the field at `path`; False where it is an item or an entry, or is not there."""
    return _clear(message, list(_STEP.finditer(path)))


def _clear(value: Any, steps: list[re.Match[str]]) -> bool:
    if isinstance(value, Message) and value.DESCRIPTOR.full_name == "google.protobuf.Any":
        return _clear_inside(value, steps)
    step, rest = steps[0], steps[1:]
    if step[1] is None:
        below = _item(value, step)
        return below is not None and bool(rest) and _clear(below, rest)
    if not isinstance(value, Message) or step[1] not in value.DESCRIPTOR.fields_by_name:
        return False
    if rest:
        return _clear(getattr(value, step[1]), rest)
    value.ClearField(step[1])
    return True


def _item(values: Any, step: re.Match[str]) -> Any:
    try:
        return values[int(step[2])] if step[2] is not None else dict(values)[re.sub(r"\\(.)", r"\1", step[3])]
    except (LookupError, TypeError, ValueError):
        return None


def _clear_inside(packed: Any, steps: list[re.Match[str]]) -> bool:
    if not pool.is_known(packed.type_url) or not steps:
        return False
    try:
        inner = anys.unpack(packed)
    except ParseError:
        return False
    if not _clear(inner, steps):
        return False
    packed.type_url = f"type.googleapis.com/{inner.DESCRIPTOR.full_name}"
    packed.value = inner.SerializeToString()
    return True

"""What is left of a tree without its faults, so that the rest can be looked at too.

A faulty field or entry is taken out. A faulty element of a list of objects is emptied; any other list with a faulty
element goes whole: the numbers of the elements that stay are in the paths of errors. What an Any holds that has no
known type goes with the Any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fastroute.api.transcode import DuplicateKeys, snake_case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STEP = re.compile(r'\.?([@\w]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')

Step = str | int


def without(tree: object, paths: Iterable[str]) -> object:
    """A copy of `tree` without what is at `paths` (field paths); one that leads nowhere is passed over."""
    made = _copied(tree)
    for path in paths:
        steps = [_step(found) for found in _STEP.finditer(path.removesuffix(".@type"))]
        if steps:
            _take_out(made, steps)
    return made


def _copied(value: object) -> Any:
    if isinstance(value, dict) and not isinstance(value, DuplicateKeys):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _step(found: re.Match[str]) -> Step:
    if found[2] is not None:
        return int(found[2])
    return found[1] if found[1] is not None else re.sub(r"\\(.)", r"\1", found[3])


def _take_out(value: Any, steps: list[Step]) -> None:
    place = _place(value, steps[0])
    if place is None:
        return
    inner = value[place]
    if len(steps) > 2 or (len(steps) == 2 and isinstance(steps[1], str)):
        _take_out(inner, steps[1:])
    elif isinstance(steps[-1], int) and isinstance(inner, list) and any(isinstance(each, dict) for each in inner):
        inner[steps[-1]] = {}
    else:
        del value[place]


def _place(value: Any, step: Step) -> Any:
    """The key under which a step's value stands: texts may spell fields as in JSON."""
    if isinstance(step, int):
        return step if isinstance(value, list) and step < len(value) else None
    if not isinstance(value, dict) or isinstance(value, DuplicateKeys):
        return None
    return step if step in value else next((name for name in value if snake_case(name) == step), None)

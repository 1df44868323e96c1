"""Header mutations of one level.

RA-71  Inside one level: removals first; then all values are formatted against the headers as they were
       before this level's additions; OVERWRITE ones are applied, then the others.
RA-72  APPEND_IF_EXISTS_OR_ADD adds a line, ADD_IF_ABSENT adds when the name was absent before this level,
       OVERWRITE_IF_EXISTS_OR_ADD replaces every line, OVERWRITE_IF_EXISTS only existing ones. An empty
       value is skipped unless `keep_empty_value`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from fastroute.action.format import Template

HeaderList = list[tuple[bytes, bytes]]


class Append(IntEnum):
    """HeaderValueOption.HeaderAppendAction, with Envoy's numbers."""

    APPEND = 0
    ADD_IF_ABSENT = 1
    OVERWRITE = 2
    OVERWRITE_IF_EXISTS = 3


@dataclass(frozen=True, slots=True)
class Addition:
    """One HeaderValueOption."""

    name: bytes
    value: Template
    action: Append = Append.APPEND
    keep_empty: bool = False


@dataclass(frozen=True, slots=True)
class Mutations:
    """The removals and additions of one level, for requests or for responses."""

    remove: tuple[bytes, ...] = ()
    add: tuple[Addition, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is changed."""
        return not self.remove and not self.add

    def apply(self, headers: HeaderList, render: Callable[[Template, HeaderList], bytes]) -> HeaderList:
        """The list after this level's mutations; `render` formats a template against a list."""
        if self.remove:
            headers = [pair for pair in headers if pair[0] not in self.remove]
        if not self.add:
            return headers
        formatted = [(addition, render(addition.value, headers)) for addition in self.add]
        present = {name for name, _ in headers}
        wanted = [(a, value) for a, value in formatted if value or a.keep_empty]
        for addition, value in wanted:
            headers = _overwrite(headers, addition, value)
        for addition, value in wanted:
            if addition.action is Append.APPEND or (
                addition.action is Append.ADD_IF_ABSENT and addition.name not in present
            ):
                headers = [*headers, (addition.name, value)]
        return headers


def _overwrite(headers: HeaderList, addition: Addition, value: bytes) -> HeaderList:
    exists = any(name == addition.name for name, _ in headers)
    if addition.action is Append.OVERWRITE or (addition.action is Append.OVERWRITE_IF_EXISTS and exists):
        return [*(pair for pair in headers if pair[0] != addition.name), (addition.name, value)]
    return headers


NO_MUTATIONS = Mutations()

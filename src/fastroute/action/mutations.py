"""Header mutations of one level.

RA-71  Inside one level: removals first; then all values are formatted, and presence is tested, against the
       headers as they were before this level's additions; OVERWRITE ones are applied, then the others.
RA-72  APPEND_IF_EXISTS_OR_ADD adds a line, ADD_IF_ABSENT adds when the name was absent,
       OVERWRITE_IF_EXISTS_OR_ADD replaces every line, OVERWRITE_IF_EXISTS only existing ones. An empty
       value is skipped unless `keep_empty_value`.
"""

from __future__ import annotations

from collections.abc import Callable

from fastroute.action.format import Template
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.draft import Headers

Render = Callable[[Template], bytes]
Note = Callable[[str, bytes, bytes], None]
"""Told of a change: `removed`, `overwritten` or `added`, the header and its new value."""


class Append:
    """HeaderValueOption.HeaderAppendAction, with Envoy's numbers."""

    APPEND = 0
    ADD_IF_ABSENT = 1
    OVERWRITE = 2
    OVERWRITE_IF_EXISTS = 3


@record
class Addition:
    """One HeaderValueOption."""

    name: bytes
    value: Template
    action: int = Append.APPEND
    keep_empty: bool = False

    def is_wanted(self, headers: Headers) -> bool:
        """Whether the presence of the header lets this addition happen."""
        if self.action == Append.ADD_IF_ABSENT:
            return headers.first(self.name) is None
        return self.action != Append.OVERWRITE_IF_EXISTS or headers.first(self.name) is not None

    @property
    def overwrites(self) -> bool:
        """Whether existing lines are replaced."""
        return self.action in (Append.OVERWRITE, Append.OVERWRITE_IF_EXISTS)


@record
class Mutations:
    """The removals and additions of one level, for requests or for responses."""

    remove: tuple[bytes, ...] = ()
    add: tuple[Addition, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is changed."""
        return not self.remove and not self.add

    def apply(self, headers: Headers, render: Render, note: Note | None = None) -> None:
        """Apply this level's mutations; `render` formats a template against the headers as they are."""
        for name in self.remove:
            if note is not None and headers.first(name) is not None:
                note("removed", name, b"")
            headers.remove(name)
        formatted = [(addition, render(addition.value)) for addition in self.add]
        wanted = [(a, value) for a, value in formatted if (value or a.keep_empty) and a.is_wanted(headers)]
        for addition, value in wanted:
            if addition.overwrites:
                headers.set(addition.name, value)
                if note is not None:
                    note("overwritten", addition.name, value)
        for addition, value in wanted:
            if not addition.overwrites:
                headers.add(addition.name, value)
                if note is not None:
                    note("added", addition.name, value)


NO_MUTATIONS = Mutations()

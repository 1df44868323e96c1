"""What one event changes, gathered before any of it is put in force."""

from __future__ import annotations

from fastroute.errors import ConfigError
from fastroute.records import field, record
from fastroute.xds.book import Held, User
from fastroute.xds.needs import Need
from fastroute.xds.parents import Parent
from fastroute.xds.tables import Key


@record(frozen=False)
class Batch:
    """What one event changes."""

    now: float
    parents: dict[Key, Parent] = field(default_factory=dict)
    """Whose waiting version takes over."""
    gone: dict[Key, Parent] = field(default_factory=dict)
    updates: dict[Need, Held] = field(default_factory=dict)
    """New content of subscriptions."""
    emptied: set[Need] = field(default_factory=set)
    """Subscriptions whose content must not be used any more."""
    scopes: dict[str, Held | None] = field(default_factory=dict)
    left: list[tuple[Need, User]] = field(default_factory=list)
    """Needs that end with this event."""
    refused: dict[Key, ConfigError] = field(default_factory=dict)
    """What the tables did not take."""

    def promote(self, parent: Parent) -> None:
        """Its waiting version takes over."""
        self.parents[parent.kind, parent.name] = parent

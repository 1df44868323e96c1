"""Clusters and listeners: what has needs of its own, and waits for them before it is put in force.

XD-13  A new or changed EDS cluster waits for a *new* answer; what is in force serves until then.
XD-15  A new or changed listener waits for the route configurations and scopes that were not answered yet.
"""

from __future__ import annotations

from fastroute.records import field, record
from fastroute.xds.book import Held, User
from fastroute.xds.feeds import Feed
from fastroute.xds.kinds import Kind
from fastroute.xds.needs import Need, Wanted


@record(frozen=False)
class Parent:
    """A cluster or listener. `feed` is None for a static one."""

    kind: Kind
    name: str
    feed: Feed | None
    active: Held | None = None
    """The version in force."""
    next: Held | None = None
    """A version that waits."""
    active_needs: tuple[Need, ...] = ()
    next_needs: tuple[Need, ...] = ()
    waits: set[Need] = field(default_factory=set)
    also: set[Need] = field(default_factory=set)
    """Route configurations of its scopes that the waiting version waits for."""

    @property
    def newest(self) -> Held | None:
        """What was accepted last."""
        return self.next or self.active

    def user(self, *, waits: bool) -> User:
        """Itself, as the user of a subscription."""
        return User(self.kind, self.name, waits)


@record
class Candidate:
    """A version of a parent that came and is not refused yet."""

    parent: Parent
    held: Held
    wanted: tuple[Wanted, ...]


@record
class Failure:
    """Why a resource was refused last."""

    version: str
    error: str
    at: float

"""What a client holds: everything that was accepted, what waits, and what is asked for."""

from __future__ import annotations

from collections.abc import Callable

from fastroute.xds.batch import Batch
from fastroute.xds.book import Book, Held, Subscription
from fastroute.xds.feeds import Feed
from fastroute.xds.kinds import CLUSTERS, KINDS, LISTENERS, Kind
from fastroute.xds.needs import Need
from fastroute.xds.parents import Failure, Parent
from fastroute.xds.start import Start
from fastroute.xds.stream import Stream
from fastroute.xds.tables import Key, Tables


class World:
    """The state of one client."""

    def __init__(
        self,
        start: Start,
        tables: Tables,
        make_stream: Callable[[Feed], Stream],
        admit: Callable[[Feed], None],
    ) -> None:
        self.start, self.tables = start, tables
        self.book = Book(make_stream, admit)
        self.parents: dict[Kind, dict[str, Parent]] = {CLUSTERS: {}, LISTENERS: {}}
        self.waiting: dict[Kind, set[str]] = {CLUSTERS: set(), LISTENERS: set()}
        """Names of parents that wait."""
        self.scopes: dict[str, Held] = {}
        self.scope_needs: dict[str, Need] = {}
        """The route configuration of each scope."""
        self.in_force: dict[Key, Held] = {}
        """Endpoints and routes that the tables hold."""
        self.known: dict[Kind, dict[bytes, str]] = {kind: {} for kind in KINDS}
        """Names of the resources that are what these bytes say."""
        self.expiring: dict[Key, float] = {}
        """When resources go that are not renewed."""
        self.failed: dict[Key, Failure] = {}
        self.errors: dict[tuple[Feed, Kind], str] = {}
        """Why the last response of a kind was refused; empty when it was not."""
        self.phase = 0
        """0: clusters are awaited; 1: listeners are; 2: ready."""

    @property
    def ready(self) -> bool:
        """Whether everything was answered once, or waited for long enough; it stays true."""
        return self.phase == 2

    def conclude(self, found: Subscription, batch: Batch) -> None:
        """The answer is there, or will not come: those who wait for nothing else take over."""
        self.book.conclude(found)
        for user in found.users:
            if user.waits:
                parent = self.parents[user.kind][user.name]
                parent.waits.discard(found.need)
                if not parent.waits:
                    batch.promote(parent)

"""What a client holds: everything that was accepted, what waits, and what is asked for. No I/O, no clock.

XD-01  Clusters come first; listeners are asked for when every cluster has its endpoints or has waited long
       enough; then the client is ready as soon as every listener has its routes.
XD-13  While a cluster waits, the answer to the CDS response is withheld on the aggregated stream.
XD-16  Routes and endpoints are in force as soon as they are accepted.

`take` gets a response and returns why it is refused; `advance` makes time pass. What has to be sent then
is in the streams of `book`.
"""

from __future__ import annotations

from collections.abc import Callable

from fastroute.config.resources import Resource
from fastroute.xds import named, scopes, wildcard
from fastroute.xds.book import Book, Held, Subscription, User
from fastroute.xds.commit import Batch, commit
from fastroute.xds.feeds import Feed, Origin
from fastroute.xds.kinds import CLUSTERS, ENDPOINTS, KINDS, LISTENERS, SCOPES, Kind
from fastroute.xds.needs import EVERYTHING, Need, Wanted, needs
from fastroute.xds.parents import Candidate, Failure, Parent
from fastroute.xds.start import Start
from fastroute.xds.stream import Stream
from fastroute.xds.tables import Key, Tables
from fastroute.xds.wire import Response

_CLIENT = User(CLUSTERS, "", False)
"""Who asks for everything of a wildcard kind."""


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

    # Time

    def begin(self, now: float) -> None:
        """Ask for the first things."""
        self._begin(CLUSTERS, self.start.clusters, now)
        self._settle(now)

    def advance(self, now: float) -> None:
        """End what has waited until `now`."""
        batch = Batch(now)
        for late in self.book.overdue(now):
            late.timed_out = True
            if late.need.kind is ENDPOINTS and not late.need.feed.aggregated:
                named.forget(self, late, batch)
            self.conclude(late, batch)
        wildcard.expire(self, batch)
        commit(self, batch)
        self._settle(now)

    def next_time(self) -> float | None:
        """When `advance` has something to do."""
        times = [self.book.next_deadline(), wildcard.next_expiry(self)]
        return min((time for time in times if time is not None), default=None)

    # Responses

    def take(self, feed: Feed, response: Response, now: float) -> str:
        """Put in force what can be; why something is refused, in Envoy's words, or nothing."""
        batch = Batch(now)
        if response.error:
            error = self.refuse_all(feed, response, response.error, batch)
        elif response.kind in self.parents:
            error = wildcard.take(self, feed, response, batch)
        elif response.kind is SCOPES:
            error = scopes.take(self, feed, response, batch)
        else:
            error = named.take(self, feed, response, batch)
        self.errors[feed, response.kind] = error
        self._settle(now)
        return error

    def broken(self, feed: Feed, error: str, now: float) -> None:
        """An answer came of which nothing can be read: it concludes what waits for an answer."""
        assert feed.kind is not None
        self.errors[feed, feed.kind] = error
        self.refuse_all(feed, Response(feed.kind, "", ""), error, Batch(now))
        self._settle(now)

    def refuse_all(self, feed: Feed, response: Response, error: str, batch: Batch) -> str:
        """Something was refused: whoever waits for the kind goes on, a cluster without hosts. Returns `error`."""
        for found in list(self.book.of(feed, response.kind)):
            if response.kind is ENDPOINTS and not found.concluded:
                named.forget(self, found, batch)
            self.conclude(found, batch)
        commit(self, batch)
        return error

    def conclude(self, found: Subscription, batch: Batch) -> None:
        """The answer is there, or will not come: those who wait for nothing else take over."""
        self.book.conclude(found)
        for user in found.users:
            if user.waits:
                parent = self.parents[user.kind][user.name]
                parent.waits.discard(found.need)
                if not parent.waits:
                    batch.promote(parent)

    # Phases

    def _begin(self, kind: Kind, asked: Origin | None, now: float) -> None:
        if asked is not None:
            wanted = Wanted(Need(kind, asked.feed, EVERYTHING), asked.timeout)
            self.book.check(wanted, "")
            self.book.want(wanted, _CLIENT, now)
        batch = Batch(now)
        for resource in getattr(self.start.resources, kind.field):
            if resource.name not in self.parents[kind]:
                self._static(Parent(kind, resource.name, None), resource, batch)
        commit(self, batch)

    def _static(self, parent: Parent, resource: Resource, batch: Batch) -> None:
        """A static resource is in force from the start, and waits like any other for what it needs."""
        held = Held(resource.message, resource.message.SerializeToString(), resource.version, batch.now)
        parent.active = held
        self.parents[parent.kind][parent.name] = parent
        wanted = needs(parent.kind, held.message, None, self.start.ads)
        for each in wanted:
            self.book.check(each, parent.name)
        if wanted:
            wildcard.wait_for(self, Candidate(parent, held, tuple(wanted)), batch)

    def _settle(self, now: float) -> None:
        if self.phase == 0 and self._answered(CLUSTERS, self.start.clusters):
            self.phase = 1
            self._begin(LISTENERS, self.start.listeners, now)
        if self.phase == 1 and self._answered(LISTENERS, self.start.listeners):
            self.phase = 2
        self._hold_back()

    def _answered(self, kind: Kind, asked: Origin | None) -> bool:
        if self.waiting[kind]:
            return False
        return asked is None or self.book.subscriptions[Need(kind, asked.feed, EVERYTHING)].concluded

    def _hold_back(self) -> None:
        ads = self.start.ads
        stream = self.book.streams.get(ads) if ads is not None else None
        if stream is None:
            return
        if self.phase and self.waiting[CLUSTERS]:
            stream.pause(CLUSTERS)
        else:
            stream.resume(CLUSTERS)

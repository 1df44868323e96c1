"""Subscriptions: who needs what, what was answered, and how long to wait for it.

XD-14  A subscription's first answer is awaited for `initial_fetch_timeout`; an answer, a refused answer or the
       end of that time concludes it, and whoever waits for it goes on.
XD-08  What nobody asked for is passed over.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple

from google.protobuf.message import Message

from fastroute.errors import UnsupportedError
from fastroute.records import field, record
from fastroute.xds.feeds import Feed
from fastroute.xds.kinds import Kind
from fastroute.xds.needs import Need, Wanted
from fastroute.xds.stream import Stream


class User(NamedTuple):
    """Who needs something: the version in force of a resource, or the one that waits."""

    kind: Kind
    name: str
    waits: bool


@record(frozen=False)
class Held:
    """A resource as it was accepted."""

    message: Message
    data: bytes
    version: str
    updated: float


@record(frozen=False)
class Subscription:
    """One name of one kind at one feed, or everything of a wildcard kind."""

    need: Need
    users: set[User] = field(default_factory=set)
    held: Held | None = None
    concluded: bool = False
    deadline: float | None = None
    timed_out: bool = False


class Book:
    """All subscriptions, and the streams that carry them."""

    def __init__(self, make_stream: Callable[[Feed], Stream], admit: Callable[[Feed], None]) -> None:
        self.subscriptions: dict[Need, Subscription] = {}
        self.streams: dict[Feed, Stream] = {}
        self._make, self._admit = make_stream, admit
        self._feeds: dict[tuple[Kind, str], dict[Feed, None]] = {}
        self._used: dict[Feed, int] = {}
        """How many subscriptions each feed has."""
        self._idle = False
        """Whether one may have none any more."""
        self._deadlines: list[tuple[float, int, Need]] = []
        self._count = 0

    def check(self, wanted: Wanted, parent: str) -> None:
        """ConfigError when its feed cannot be followed, or another resource has that name from another feed."""
        need = wanted.need
        if need.feed not in self.streams:
            self._admit(need.feed)
        for feed in self._feeds.get((need.kind, need.name), ()):
            users = self.subscriptions[Need(need.kind, feed, need.name)].users
            if feed != need.feed and any(user.name != parent for user in users):
                raise UnsupportedError(
                    f'the {need.kind.noun} "{need.name}" is asked for at two sources ({feed}; {need.feed})',
                    remedy="Give one of the two another name.",
                )

    def want(self, wanted: Wanted, user: User, now: float, *, anew: bool = False) -> Subscription:
        """Subscribe for `user`; `anew` asks again for what is there already."""
        need = wanted.need
        found = self.subscriptions.get(need)
        if found is None:
            found = self.subscriptions[need] = Subscription(need)
            feeds = self._feeds.setdefault((need.kind, need.name), {})
            feeds[need.feed] = None
            self._used[need.feed] = self._used.get(need.feed, 0) + 1
        elif not anew:
            found.users.add(user)
            return found
        found.users.add(user)
        found.concluded = found.timed_out = False
        self._ask(need)
        self._await(found, now + wanted.timeout if wanted.timeout else None)
        return found

    def _ask(self, need: Need) -> None:
        stream = self.streams.get(need.feed)
        if stream is None:
            stream = self.streams[need.feed] = self._make(need.feed)
        stream.subscribe(need.kind, () if need.kind.wildcard else (need.name,))

    def _await(self, found: Subscription, deadline: float | None) -> None:
        found.deadline = deadline
        if deadline is not None:
            self._count += 1
            heapq.heappush(self._deadlines, (deadline, self._count, found.need))

    def leave(self, need: Need, user: User) -> bool:
        """`user` does not need it any more; whether nobody does, and it was given up."""
        found = self.subscriptions[need]
        found.users.discard(user)
        if found.users:
            return False
        del self.subscriptions[need]
        feeds = self._feeds[need.kind, need.name]
        del feeds[need.feed]
        if not feeds:
            del self._feeds[need.kind, need.name]
        self._used[need.feed] -= 1
        self._idle = self._idle or not self._used[need.feed]
        self.streams[need.feed].unsubscribe(need.kind, () if need.kind.wildcard else (need.name,))
        return True

    def unused(self) -> list[Feed]:
        """Feeds without a subscription that are no aggregated stream: nobody has to listen to them."""
        if not self._idle:
            return []
        self._idle = False
        return [feed for feed in self.streams if not self._used.get(feed) and not feed.aggregated]

    def drop(self, feed: Feed) -> None:
        """Forget a feed that nobody needs."""
        del self.streams[feed]
        self._used.pop(feed, None)

    def of(self, feed: Feed, kind: Kind) -> Iterator[Subscription]:
        """The subscriptions of one kind at one feed."""
        return (each for need, each in self.subscriptions.items() if need.feed == feed and need.kind is kind)

    def conclude(self, found: Subscription) -> None:
        """Its first answer is there, or will not come."""
        found.concluded, found.deadline = True, None

    def overdue(self, now: float) -> list[Subscription]:
        """Those whose time is up."""
        late: list[Subscription] = []
        while self._deadlines and self._deadlines[0][0] <= now:
            deadline, _, need = heapq.heappop(self._deadlines)
            found = self.subscriptions.get(need)
            if found is not None and found.deadline == deadline:
                late.append(found)
        return late

    def next_deadline(self) -> float | None:
        """When the next one's time is up."""
        while self._deadlines:
            deadline, _, need = self._deadlines[0]
            found = self.subscriptions.get(need)
            if found is not None and found.deadline == deadline:
                return deadline
            heapq.heappop(self._deadlines)
        return None

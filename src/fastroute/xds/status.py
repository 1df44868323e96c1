"""What a client knows about itself, like Envoy's client status (CSDS): each feed, each resource.

A resource's `state` is one of CSDS: REQUESTED (asked for, no answer yet), ACKED, NACKED (refused; what was accepted
before is in force), DOES_NOT_EXIST (the time for its first answer is over). `warming` says that a version waits for
what it needs while the one before serves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Literal

from fastroute.xds.feeds import Feed
from fastroute.xds.kinds import KINDS, Kind
from fastroute.xds.parents import Failure, Parent
from fastroute.xds.world import World

State = Literal["REQUESTED", "ACKED", "NACKED", "DOES_NOT_EXIST"]


@dataclass(slots=True)
class FeedState:
    """One feed, as the client goes on with it. Times are seconds since 1970."""

    name: str
    address: str = ""
    connected: bool = False
    since: float = 0.0
    """When it was connected or lost."""
    failures: int = 0
    """Attempts that failed since the last message."""
    responses: int = 0
    refusals: int = 0
    error: str = ""
    """Why it is not connected, or why the last response was refused; empty when all is well."""


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """One resource."""

    kind: str
    name: str
    state: State
    version: str = ""
    """What is in force, or waits."""
    warming: bool = False
    error: str = ""
    refused_version: str = ""
    updated: float = 0.0
    """When the newest accepted version came, or the refused one; seconds since 1970."""
    source: str = ""
    """Its feed; `bootstrap` for a static one."""

    def __str__(self) -> str:
        text = f"{self.kind} {self.name}: {self.state}{', warming' * self.warming}"
        return f"{text}: {self.error}" if self.error else text


@dataclass(frozen=True, slots=True)
class Status:
    """A client at one moment."""

    ready: bool
    version: str
    """Of the snapshot in force."""
    feeds: tuple[FeedState, ...] = ()
    resources: tuple[ResourceStatus, ...] = ()
    error: str = field(default="")
    """Why the client stopped following, if it did."""

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)

    def of(self, kind: str, name: str) -> ResourceStatus | None:
        """The resource `name` of `kind` (`CDS`, `EDS`, `LDS`, `SRDS`, `RDS`)."""
        return next((each for each in self.resources if each.kind == kind and each.name == name), None)

    def text(self) -> str:
        """Lines for people: the feeds, and the resources that are not simply accepted."""
        lines = [f"{'ready' if self.ready else 'not ready'}, version {self.version}"]
        lines += [f"stopped: {self.error}"] * bool(self.error)
        for feed in self.feeds:
            state = "connected" if feed.connected else f"not connected, {feed.failures} attempts"
            lines.append(f"{feed.name}: {state}" + (f": {feed.error}" if feed.error else ""))
        lines += [str(each) for each in self.resources if each.state != "ACKED" or each.warming]
        return "\n".join(lines)


def resources_of(world: World, wall: float) -> Iterator[ResourceStatus]:
    """Every resource; `wall` is what has to be added to the client's clock."""
    seen: set[tuple[Kind, str]] = set()
    for parents in world.parents.values():
        for parent in parents.values():
            seen.add((parent.kind, parent.name))
            yield _of_parent(parent, world.failed.get((parent.kind, parent.name)), wall)
    for need, found in world.book.subscriptions.items():
        if need.kind.wildcard:
            continue
        seen.add((need.kind, need.name))
        failure = world.failed.get((need.kind, need.name))
        state: State = "NACKED" if failure else "ACKED" if found.held else "REQUESTED"
        if state == "REQUESTED" and found.timed_out:
            state = "DOES_NOT_EXIST"
        version, updated = (found.held.version, found.held.updated) if found.held else ("", 0.0)
        yield _status(need.kind, need.name, state, version, updated, str(need.feed), failure, wall)
    for name, held in world.scopes.items():
        yield _status(KINDS[3], name, "ACKED", held.version, held.updated, "", None, wall)
    for (kind, name), failure in world.failed.items():
        if (kind, name) not in seen:
            yield _status(kind, name, "NACKED", "", failure.at, "", failure, wall)


def _of_parent(parent: Parent, failure: Failure | None, wall: float) -> ResourceStatus:
    newest = parent.newest
    version, updated = (newest.version, newest.updated) if newest else ("", 0.0)
    source = "bootstrap" if parent.feed is None else str(parent.feed)
    state: State = "NACKED" if failure else "ACKED"
    warming = parent.next is not None
    return _status(parent.kind, parent.name, state, version, updated, source, failure, wall, warming=warming)


def _status(
    kind: Kind,
    name: str,
    state: State,
    version: str,
    updated: float,
    source: str,
    failure: Failure | None,
    wall: float,
    *,
    warming: bool = False,
) -> ResourceStatus:
    at = failure.at if failure else updated
    return ResourceStatus(
        kind.short,
        name,
        state,
        version,
        warming,
        failure.error if failure else "",
        failure.version if failure else "",
        at + wall if at else 0.0,
        source,
    )


def feed_state(feed: Feed) -> FeedState:
    """The state of a feed that was not connected yet."""
    return FeedState(str(feed))

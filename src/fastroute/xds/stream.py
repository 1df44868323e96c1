"""What both variants of the protocol share: one stream's requests, without the wire.

Rules:
- A request is made of the state when it is sent, so that many changes become one request (XD-21).
- A kind that is paused sends nothing; what it would have said is said when it goes on (XD-13).
- Kinds are asked for in the order of `KINDS`. The node goes with every request, or with the first of a
  stream only (`set_node_on_first_message_only`).
- An error text is cut: a control plane logs it, and a message has a limit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, Final

from fastroute.xds.kinds import KINDS, Kind
from fastroute.xds.wire import Response

INTERNAL: Final = 13
"""google.rpc.Code of every refusal."""
LONGEST: Final = 4096


class Stream(ABC):
    """Subscriptions and answers of one feed, through all its connections."""

    def __init__(self, node: Any, *, node_once: bool = False) -> None:
        self._node, self._node_once = node, node_once
        self._fresh = False
        """Nothing was sent on this connection yet."""
        self._paused: set[Kind] = set()
        self.connected = False

    def pause(self, kind: Kind) -> None:
        """Send nothing about `kind` until `resume`."""
        self._paused.add(kind)

    def resume(self, kind: Kind) -> None:
        """Say what has to be said about `kind`."""
        self._paused.discard(kind)

    def opened(self) -> None:
        """A new connection: everything is asked for again, with what was accepted before (XD-22)."""
        self.connected, self._fresh = True, True
        self._restart()

    def closed(self) -> None:
        """The connection is gone. What is held is kept."""
        self.connected = False

    def requests(self) -> list[Any]:
        """What has to be sent now, in order."""
        if not self.connected:
            return []
        made = [request for kind in KINDS if kind not in self._paused for request in self._requests_of(kind)]
        for request in made:
            if self._fresh or not self._node_once:
                request.node.CopyFrom(self._node)
            self._fresh = False
        return made

    @abstractmethod
    def subscribe(self, kind: Kind, names: Iterable[str] = ()) -> None:
        """Ask for `names`, or for everything of a wildcard kind; names that are asked for already, once more."""

    @abstractmethod
    def unsubscribe(self, kind: Kind, names: Iterable[str]) -> None:
        """Names that nobody needs any more."""

    @abstractmethod
    def receive(self, message: Any) -> Response | None:
        """A response, read; None when it is for nobody."""

    @abstractmethod
    def accept(self, response: Response) -> None:
        """All of a response is in force."""

    @abstractmethod
    def refuse(self, response: Response, error: str) -> None:
        """Something of a response was refused."""

    def expire(self, kind: Kind, label: str) -> None:  # noqa: B027
        """A resource whose time is up is not held any more; the state of the world does not count them."""

    @abstractmethod
    def _restart(self) -> None: ...

    @abstractmethod
    def _requests_of(self, kind: Kind) -> Iterator[Any]: ...


def set_error(request: Any, error: str) -> None:
    """Make `request` a refusal."""
    request.error_detail.code = INTERNAL
    request.error_detail.message = error if len(error) <= LONGEST else error[: LONGEST - 1] + "…"

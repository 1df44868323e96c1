"""State of the world: the client's side of one stream.

XD-02  A request holds the version accepted last and the nonce received last, whether it acknowledges or refuses.
       A wildcard kind is asked for without names.
XD-03  A refusal adds `error_detail`; after it nothing is sent until a response comes or the names change.
XD-10  A response of a kind that nobody asked for is dropped, without an answer: Envoy answers with a request
       that has no type, and one that has the type would subscribe to everything of a wildcard kind.
XD-22  On a new connection the accepted version is sent and no nonce. When the last name is dropped an empty
       list is sent, which ends the subscription.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastroute.api import names as api
from fastroute.api.pool import new
from fastroute.records import field, record
from fastroute.xds.kinds import BY_URL, Kind
from fastroute.xds.stream import Stream, set_error
from fastroute.xds.wire import Response, read_sotw


@record(frozen=False)
class _State:
    """One kind."""

    names: dict[str, None] = field(default_factory=dict)
    version: str = ""
    nonce: str = ""
    error: str = ""
    due: bool = True
    """A request has to be sent."""
    asked: bool = False
    """One was sent on this connection."""


class Sotw(Stream):
    """One stream that speaks the state of the world."""

    def __init__(self, node: Any, *, node_once: bool = False) -> None:
        super().__init__(node, node_once=node_once)
        self._states: dict[Kind, _State] = {}

    def subscribe(self, kind: Kind, names: Iterable[str] = ()) -> None:
        state = self._states.setdefault(kind, _State())
        state.names.update(dict.fromkeys(names))
        state.due = True

    def unsubscribe(self, kind: Kind, names: Iterable[str]) -> None:
        state = self._states[kind]
        for name in names:
            state.names.pop(name, None)
        state.due = True

    def receive(self, message: Any) -> Response | None:
        kind = BY_URL.get(message.type_url)
        state = self._states.get(kind) if kind else None
        if kind is None or state is None:
            return None
        state.nonce = message.nonce
        if not kind.wildcard and not state.names:
            # Nobody needs it any more: as Envoy, without an answer unless there is something to refuse.
            if message.resources:
                state.due = True
            else:
                state.version = message.version_info
            return None
        return read_sotw(message)

    def accept(self, response: Response) -> None:
        state = self._states[response.kind]
        state.version, state.error, state.due = response.version, "", True

    def refuse(self, response: Response, error: str) -> None:
        state = self._states[response.kind]
        state.error, state.due = error, True

    def _restart(self) -> None:
        for state in self._states.values():
            state.nonce, state.error, state.due, state.asked = "", "", True, False

    def _requests_of(self, kind: Kind) -> Iterator[Any]:
        state = self._states.get(kind)
        if state is None or not state.due:
            return
        state.due = False
        if not kind.wildcard and not state.names and not state.asked:
            return
        state.asked = True
        request: Any = new(api.DISCOVERY_REQUEST)
        request.type_url, request.version_info, request.response_nonce = kind.url, state.version, state.nonce
        request.resource_names.extend(state.names)
        if state.error:
            set_error(request, state.error)
            state.error = ""
        yield request

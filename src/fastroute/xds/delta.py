"""Incremental: the client's side of one stream.

XD-18  The first request of a wildcard kind has an empty list; names come and go by subscribe and unsubscribe.
       Each response has an answer of its own: the nonce alone, or the nonce and the refusal. On a new
       connection `initial_resource_versions` lists what was accepted; what was taken from a refused response
       is not listed.
XD-13  A name that is asked for already is subscribed to once more when a new answer is needed: a server
       has to answer that.
XD-19  The name around a resource is the one that is tracked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from fastroute.api import names as api
from fastroute.api.pool import new
from fastroute.records import field, record
from fastroute.xds.kinds import BY_URL, Kind
from fastroute.xds.stream import Stream, set_error
from fastroute.xds.wire import Response, read_delta


@record(frozen=False)
class _State:
    """One kind."""

    names: dict[str, None] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    """Version of each resource that was accepted."""
    adding: dict[str, None] = field(default_factory=dict)
    dropping: dict[str, None] = field(default_factory=dict)
    answers: deque[tuple[str, str]] = field(default_factory=deque)
    """Nonces to answer, and why each is refused, if it is."""
    first: bool = True


class Delta(Stream):
    """One stream that speaks increments."""

    def __init__(self, node: Any, *, node_once: bool = False) -> None:
        super().__init__(node, node_once=node_once)
        self._states: dict[Kind, _State] = {}

    def subscribe(self, kind: Kind, names: Iterable[str] = ()) -> None:
        state = self._states.setdefault(kind, _State())
        for name in names:
            state.names[name] = state.adding[name] = None
            state.dropping.pop(name, None)

    def unsubscribe(self, kind: Kind, names: Iterable[str]) -> None:
        state = self._states[kind]
        for name in names:
            state.names.pop(name, None)
            state.versions.pop(name, None)
            state.adding.pop(name, None)
            state.dropping[name] = None

    def receive(self, message: Any) -> Response | None:
        kind = BY_URL.get(message.type_url)
        state = self._states.get(kind) if kind else None
        if kind is None or state is None:
            return None
        if not kind.wildcard and not state.names:
            state.answers.append((message.nonce, ""))
            return None
        return read_delta(message)

    def accept(self, response: Response) -> None:
        state = self._states[response.kind]
        for item in response.items:
            if response.kind.wildcard or item.label in state.names:
                state.versions[item.label] = item.version
        for name in response.removed:
            state.versions.pop(name, None)
        state.answers.append((response.nonce, ""))

    def refuse(self, response: Response, error: str) -> None:
        self._states[response.kind].answers.append((response.nonce, error or "refused"))

    def expire(self, kind: Kind, label: str) -> None:
        """A resource whose time is up is not held any more."""
        if kind in self._states:
            self._states[kind].versions.pop(label, None)

    def _restart(self) -> None:
        for state in self._states.values():
            state.first = True
            state.answers.clear()
            state.adding.clear()
            state.dropping.clear()

    def _requests_of(self, kind: Kind) -> Iterator[Any]:
        state = self._states.get(kind)
        if state is None:
            return
        if state.first:
            # A response cannot be here before the first request, so there is no answer to give.
            state.first = False
            if kind.wildcard or state.names:
                request = self._request(kind)
                request.initial_resource_versions.update(state.versions)
                request.resource_names_subscribe.extend(state.names)
                yield request
            state.adding.clear()
            state.dropping.clear()
        if state.adding or state.dropping:
            request = self._request(kind)
            request.resource_names_subscribe.extend(state.adding)
            request.resource_names_unsubscribe.extend(state.dropping)
            state.adding.clear()
            state.dropping.clear()
            yield request
        while state.answers:
            nonce, error = state.answers.popleft()
            request = self._request(kind)
            request.response_nonce = nonce
            if error:
                set_error(request, error)
            yield request

    def _request(self, kind: Kind) -> Any:
        request: Any = new(api.DELTA_DISCOVERY_REQUEST)
        request.type_url = kind.url
        return request

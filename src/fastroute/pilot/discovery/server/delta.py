"""Incremental: a response holds what changed since the last one, each resource with its own version.

The proxy says what it subscribes to and gives up; `*`, or nothing at all in the first request, means
everything of a wildcard kind. In its first request it also says which versions it still has from an
earlier stream, so that those are not sent again, and those that are gone are taken from it.
A name that is subscribed to is always answered: with the resource, or as removed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastroute.pilot.discovery.layers import NOTHING, Holding
from fastroute.pilot.discovery.server.protocol import (
    KINDS,
    ORDER,
    WILDCARD,
    Nonces,
    Response,
    Watch,
    canonical,
    check_names,
    shared,
)

ALL = frozenset("*")


class DeltaSession:
    """One stream that speaks increments."""

    def __init__(self, holding: Holding) -> None:
        self.watches: dict[str, Watch] = {}
        self._holding = holding
        self._nonces = Nonces()

    def hears(self, data: bytes) -> bool:
        """Always false: a DeltaDiscoveryRequest repeats no names, and costs little to read."""
        del data
        return False

    def request(self, request: Any, data: bytes = b"") -> list[Response]:
        """Responses to a DeltaDiscoveryRequest: none or one."""
        del data
        kind = KINDS.get(request.type_url)
        check_names(request.resource_names_subscribe)
        check_names(request.resource_names_unsubscribe)
        check_names(request.initial_resource_versions)
        if kind is None:
            return []
        watch = self.watches.get(kind)
        if watch is None:
            return [self._first(kind, request)]
        if request.response_nonce:
            refused = request.HasField("error_detail")
            watch.heard(request.response_nonce, (request.error_detail.message or "refused") if refused else "")
        return self._subscribe(watch, request)

    def _first(self, kind: str, request: Any) -> Response:
        asked = frozenset(request.resource_names_subscribe)
        watch = self.watches[kind] = Watch(kind, canonical(self._holding, kind, asked - ALL))
        watch.wild = kind in WILDCARD and (not asked or "*" in asked)
        has: dict[str, str] = dict(request.initial_resource_versions)
        changed = [one.name for one in self._wanted(watch) if has.get(one.name) != one.version]
        return self._answer(watch, changed, [name for name in (*has, *watch.names) if self._is_gone(kind, name)])

    def _subscribe(self, watch: Watch, request: Any) -> list[Response]:
        asked, gone = frozenset(request.resource_names_subscribe), frozenset(request.resource_names_unsubscribe)
        if not asked and not gone:
            return []
        added, kind = asked - ALL, watch.kind
        watch.names = canonical(self._holding, kind, (watch.names | added) - gone)
        everything = "*" in asked and kind in WILDCARD and not watch.wild
        watch.wild = (watch.wild and "*" not in gone) or everything
        if everything:
            added |= {one.name for one in self._holding.items(kind)}
        if not added:
            return []
        missing = [name for name in added if self._is_gone(kind, name)]
        return [self._answer(watch, added.difference(missing), missing)]

    def push(self, holding: Holding) -> list[Response]:
        """Responses for every watched kind of which something changed, and for endpoints that are waited for."""
        changes, self._holding = holding.changes(self._holding), holding
        responses = []
        for kind in ORDER:
            watch = self.watches.get(kind)
            if watch is None or not (kind in changes or watch.due):
                continue
            changed, removed = changes.get(kind, NOTHING)
            if not watch.wild:
                changed, removed = changed & watch.names, removed & watch.names
            changed |= watch.due & watch.names
            if changed or removed:
                again = frozenset(name for name in watch.refused if not self._is_gone(kind, name))
                responses.append(self._push(watch, changed | again, removed))
        return responses

    def _wanted(self, watch: Watch) -> Iterable[Any]:
        if watch.wild:
            return self._holding.items(watch.kind)
        found = (self._holding.get(watch.kind, name) for name in sorted(watch.names))
        return [one for one in found if one is not None]

    def _is_gone(self, kind: str, name: str) -> bool:
        return self._holding.get(kind, name) is None

    def _answer(self, watch: Watch, names: Iterable[str], removed: Iterable[str]) -> Response:
        return self._sent(watch, self._response(watch.kind, frozenset(names), frozenset(removed), self._nonces.next()))

    def _push(self, watch: Watch, names: frozenset[str], removed: frozenset[str]) -> Response:
        kind, nonce = watch.kind, f"p{self._holding.state}"
        key = ("delta", names, removed)
        return self._sent(watch, shared(self._holding, kind, key, lambda: self._response(kind, names, removed, nonce)))

    def _response(self, kind: str, names: frozenset[str], removed: frozenset[str], nonce: str) -> Response:
        holding = self._holding
        items = [one for name in sorted(names) if (one := holding.get(kind, name)) is not None]
        sent = frozenset(one.name for one in items)
        parts = [one.part for one in items]
        return Response.of(kind, holding.version(kind), nonce, parts, sent, sorted(removed))

    def _sent(self, watch: Watch, response: Response) -> Response:
        watch.sent(response)
        endpoints = self.watches.get("endpoints")
        if watch.kind == "clusters" and endpoints is not None:
            endpoints.due |= response.names & endpoints.names
        return response

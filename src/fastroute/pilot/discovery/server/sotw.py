"""State of the world: a response holds resources of one kind in full.

A request is, in this order: a refusal of the last response; the end of a subscription (no names, for a
kind that is asked for by name); a first request, which is answered in full; stale (another nonce), which
is passed over; an acknowledgement, answered only as far as it names more than before, or if the proxy
waits for this kind.

Of clusters and listeners a response holds all that the proxy is to have, since what is missing there is
removed; of endpoints and routes only what is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastroute.api import names as api
from fastroute.api.encode import encode
from fastroute.pilot.discovery.layers import NOTHING, Holding, Item
from fastroute.pilot.discovery.server.acknowledgements import acknowledged, learn
from fastroute.pilot.discovery.server.protocol import (
    FOLLOWS,
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


class SotwSession:
    """One stream that speaks the state of the world."""

    def __init__(self, holding: Holding) -> None:
        self.watches: dict[str, Watch] = {}
        self._holding = holding
        self._nonces = Nonces()

    def hears(self, data: bytes) -> bool:
        """Note a request that is known to be the acknowledgement of the last response by its bytes alone."""
        watch = acknowledged(data, self.watches.values())
        return watch is not None and watch.heard(watch.sent_nonce, "")

    def request(self, request: Any, data: bytes = b"") -> list[Response]:
        """Responses to a DiscoveryRequest: none or one."""
        kind = KINDS.get(request.type_url)
        check_names(request.resource_names)
        if kind is None:
            return []
        watch, names = self.watches.get(kind), canonical(self._holding, kind, frozenset(request.resource_names))
        if request.HasField("error_detail"):
            if watch is not None:
                watch.heard(request.response_nonce, request.error_detail.message or "refused")
            return []
        if not names and kind not in WILDCARD:
            self.watches.pop(kind, None)
            return []
        if watch is None or not request.response_nonce:
            watch = self.watches[kind] = Watch(kind, names, wild=not names or "*" in names)
            return [self._answer(watch, names)]
        return self._acknowledged(watch, names, request, data)

    def _acknowledged(self, watch: Watch, names: frozenset[str], request: Any, data: bytes) -> list[Response]:
        if not watch.heard(request.response_nonce, ""):
            return []
        learn(watch, request, data)
        more = names - watch.names if names is not watch.names else frozenset()
        wanted = more | (watch.due & names)
        watch.names, watch.wild = names, watch.kind in WILDCARD and (not names or "*" in names)
        if wanted and not watch.wild:
            return [self._answer(watch, wanted)]
        return []

    def push(self, holding: Holding) -> list[Response]:
        """Responses for every watched kind of which something changed, and for endpoints that are waited for."""
        changes, self._holding = holding.changes(self._holding), holding
        responses = []
        for kind in ORDER:
            watch = self.watches.get(kind)
            if watch is None or not (kind in changes or watch.due):
                continue
            changed, removed = changes.get(kind, NOTHING)
            wanted = self._wanted(watch, changed, removed)
            if wanted:
                responses.append(self._push(watch, wanted, changed))
        return responses

    def _wanted(self, watch: Watch, changed: frozenset[str], removed: frozenset[str]) -> frozenset[str]:
        """The names that a push is to hold, as far as they matter; none if there is nothing to push."""
        if watch.wild:
            return changed | removed
        if watch.kind in WILDCARD:
            return (changed | removed) & watch.names
        wanted = changed & watch.names
        if watch.due and (wanted or watch.kind == "endpoints"):
            wanted |= watch.due & watch.names
        if watch.refused and wanted:
            wanted |= watch.refused & watch.names
        return wanted

    def _answer(self, watch: Watch, names: frozenset[str]) -> Response:
        """All of clusters or listeners, the named ones of endpoints and routes."""
        response = self._response(watch, names, self._nonces.next())
        watch.sent(response)
        self._follow(watch.kind, None)
        return response

    def _push(self, watch: Watch, names: frozenset[str], changed: frozenset[str]) -> Response:
        """The same for a push; `changed` is what is new in it."""
        if watch.kind in WILDCARD:
            names = watch.names
        response = shared(
            self._holding,
            watch.kind,
            (watch.wild, names),
            lambda: self._response(watch, names, f"p{self._holding.state}"),
        )
        watch.sent(response)
        self._follow(watch.kind, changed)
        return response

    def _response(self, watch: Watch, names: frozenset[str], nonce: str) -> Response:
        kind, holding = watch.kind, self._holding
        if watch.wild:
            parts, names = [layer.whole for layer in holding.layers[kind]], frozenset()
        else:
            names = watch.names if kind in WILDCARD else names
            parts = [one.whole for one in self._chosen(kind, names)]
        return Response.of(kind, holding.version(kind), nonce, parts, names)

    def _follow(self, kind: str, changed: frozenset[str] | None) -> None:
        """What a proxy may wait for now: endpoints of clusters that are new to it, routes of listeners."""
        follower = self.watches.get(FOLLOWS.get(kind, ""))
        if follower is not None:
            new = changed if kind == "clusters" and changed is not None else follower.names
            follower.due |= new & follower.names

    def _chosen(self, kind: str, names: Iterable[str]) -> Iterator[Item]:
        for name in sorted(names):
            found = self._holding.get(kind, name)
            if found is not None:
                yield found
            elif kind == "endpoints":
                yield empty(name)


def empty(name: str) -> Item:
    """The assignment of a cluster that has no endpoints, or that nobody knows."""
    return Item.of("endpoints", name, encode(api.CLUSTER_LOAD_ASSIGNMENT, {"cluster_name": name}))

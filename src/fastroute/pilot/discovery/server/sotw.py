"""State of the world: a response holds every resource of its kind that the proxy asked for.

A request is, in this order: a refusal of the last response; the end of a subscription (no names, for a
kind that is asked for by name); a first request, which is answered in full; stale (another nonce), which
is passed over; an acknowledgement, answered only as far as it names more than before, or if the proxy
waits for this kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastroute.api import names as api
from fastroute.api.pool import new
from fastroute.pilot.discovery.generated import Generated, version
from fastroute.pilot.discovery.server.protocol import (
    FOLLOWS,
    KINDS,
    ORDER,
    URLS,
    WILDCARD,
    Nonces,
    Watch,
    check_names,
)


class SotwSession:
    """One stream that speaks the state of the world."""

    def __init__(self, generated: Generated) -> None:
        self.watches: dict[str, Watch] = {}
        self._generated = generated
        self._nonces = Nonces()

    def request(self, request: Any) -> list[Any]:
        """Responses to a DiscoveryRequest: none or one."""
        kind = KINDS.get(request.type_url)
        check_names(request.resource_names)
        if kind is None:
            return []
        watch, names = self.watches.get(kind), frozenset(request.resource_names)
        if request.HasField("error_detail"):
            if watch is not None:
                watch.heard(request.response_nonce, request.error_detail.message or "refused")
            return []
        if not names and kind not in WILDCARD:
            self.watches.pop(kind, None)
            return []
        if watch is None or not request.response_nonce:
            self.watches[kind] = Watch(kind, names)
            return self._answer(self.watches[kind], names)
        return self._acknowledged(watch, names, request.response_nonce)

    def _acknowledged(self, watch: Watch, names: frozenset[str], nonce: str) -> list[Any]:
        if not watch.heard(nonce, ""):
            return []
        more = names - watch.names
        watch.names = names
        if watch.must_answer:
            return self._answer(watch, names)
        if more and watch.kind not in WILDCARD:
            return self._answer(watch, more)
        # Fewer names: the proxy has the rest already, from this very state.
        watch.sent_version = watch.acked_version = self._version(watch)
        return []

    def push(self, generated: Generated) -> list[Any]:
        """Responses for every watched kind whose content changed, and for those that wait on one of them."""
        self._generated = generated
        responses: list[Any] = []
        forced: set[str] = set()
        for kind in ORDER:
            watch = self.watches.get(kind)
            if watch is not None and (kind in forced or self._version(watch) != watch.sent_version):
                responses.extend(self._answer(watch, watch.names))
                forced.update(FOLLOWS[kind] for _ in (1,) if kind in FOLLOWS)
        return responses

    def _chosen(self, watch: Watch, names: Iterable[str]) -> dict[str, bytes]:
        held = self._generated.wire(watch.kind)
        if watch.kind in WILDCARD:
            return dict(held)
        found = {name: held[name] for name in sorted(names) if name in held}
        if watch.kind == "endpoints":
            found.update({name: _empty(name) for name in sorted(names) if name not in held})
        return found

    def _version(self, watch: Watch) -> str:
        return version(self._chosen(watch, watch.names).values())

    def _answer(self, watch: Watch, names: Iterable[str]) -> list[Any]:
        response: Any = new(api.DISCOVERY_RESPONSE)
        response.type_url = URLS[watch.kind]
        for data in self._chosen(watch, names).values():
            response.resources.add(type_url=response.type_url, value=data)
        watch.sent_version = response.version_info = self._version(watch)
        watch.sent_nonce = response.nonce = self._nonces.next(response.version_info)
        watch.responses += 1
        watch.must_answer = False
        if (follower := self.watches.get(FOLLOWS.get(watch.kind, ""))) is not None:
            follower.must_answer = True
        return [response]


def _empty(name: str) -> bytes:
    """The assignment of a cluster that has no endpoints, or that nobody knows."""
    made: Any = new(api.CLUSTER_LOAD_ASSIGNMENT)
    made.cluster_name = name
    return bytes(made.SerializeToString())

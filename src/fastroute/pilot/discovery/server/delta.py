"""Incremental: a response holds what changed since the last one, each resource with its own version.

The proxy says what it subscribes to and gives up; `*`, or nothing at all in the first request, means
everything of a wildcard kind. In its first request it also says which versions it still has from an
earlier stream, so that those are not sent again, and those that are gone are taken from it.
A name that is subscribed to is always answered: with the resource, or as removed.
"""

from __future__ import annotations

from typing import Any

from fastroute.api import names as api
from fastroute.api.pool import new
from fastroute.pilot.discovery.generated import Generated
from fastroute.pilot.discovery.server.protocol import (
    FOLLOWS,
    KINDS,
    ORDER,
    URLS,
    WILDCARD,
    Nonces,
    Watch,
    check_names,
    version_of,
)


class DeltaSession:
    """One stream that speaks increments."""

    def __init__(self, generated: Generated) -> None:
        self.watches: dict[str, Watch] = {}
        self._generated = generated
        self._nonces = Nonces()
        self._has: dict[str, dict[str, str]] = {}
        """By kind, the version of each resource that the proxy has."""
        self._wild: set[str] = set()

    def request(self, request: Any) -> list[Any]:
        """Responses to a DeltaDiscoveryRequest: none or one."""
        kind = KINDS.get(request.type_url)
        check_names(request.resource_names_subscribe)
        check_names(request.initial_resource_versions)
        if kind is None:
            return []
        watch = self.watches.get(kind)
        if watch is None:
            watch = self.watches[kind] = Watch(kind)
            self._has[kind] = dict(request.initial_resource_versions)
            if kind in WILDCARD and (not request.resource_names_subscribe or "*" in request.resource_names_subscribe):
                self._wild.add(kind)
            return self._subscribe(watch, request, first=True)
        if request.response_nonce:
            refused = request.HasField("error_detail")
            watch.heard(request.response_nonce, (request.error_detail.message or "refused") if refused else "")
        return self._subscribe(watch, request, first=False)

    def _subscribe(self, watch: Watch, request: Any, *, first: bool) -> list[Any]:
        added = frozenset(request.resource_names_subscribe) - {"*"}
        gone = frozenset(request.resource_names_unsubscribe)
        if "*" in gone:
            self._wild.discard(watch.kind)
        watch.names = (watch.names | added) - gone
        for name in gone:
            self._has[watch.kind].pop(name, None)
        if not first:
            for name in added:
                self._has[watch.kind].pop(name, None)
        if not first and not added and not watch.must_answer:
            return []
        return self._answer(watch, asked=added, always=first)

    def push(self, generated: Generated) -> list[Any]:
        """Responses for every watched kind of which something changed."""
        self._generated = generated
        responses: list[Any] = []
        for kind in ORDER:
            watch = self.watches.get(kind)
            if watch is not None:
                responses.extend(self._answer(watch, asked=frozenset(), always=False))
        return responses

    def _answer(self, watch: Watch, *, asked: frozenset[str], always: bool) -> list[Any]:
        held, has = self._generated.wire(watch.kind), self._has[watch.kind]
        wanted = held.keys() if watch.kind in self._wild else watch.names & held.keys()
        versions = {name: version_of(held[name]) for name in wanted}
        changed = sorted(name for name in wanted if has.get(name) != versions[name])
        removed = sorted((has.keys() | asked) - held.keys())
        if not changed and not removed and not always:
            return []
        response: Any = new(api.DELTA_DISCOVERY_RESPONSE)
        response.type_url = URLS[watch.kind]
        for name in changed:
            resource = response.resources.add(name=name, version=versions[name])
            resource.resource.type_url = response.type_url
            resource.resource.value = held[name]
            has[name] = versions[name]
        response.removed_resources.extend(removed)
        for name in removed:
            has.pop(name, None)
        self._sent(watch, response, changed)
        return [response]

    def _sent(self, watch: Watch, response: Any, changed: list[str]) -> None:
        watch.sent_version = response.system_version_info = self._generated.versions[watch.kind]
        watch.sent_nonce = response.nonce = self._nonces.next(watch.sent_version)
        watch.responses += 1
        follower = FOLLOWS.get(watch.kind, "")
        if watch.kind == "clusters" and follower in self._has:
            for name in changed:
                self._has[follower].pop(name, None)

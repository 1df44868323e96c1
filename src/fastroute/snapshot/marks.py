"""Which notices of lenient loading a decision touches.

Rules:
- A notice stands at a field. What the field may change is marked, and nothing else: a route's action the
  decisions of that route; a route's match those of that route, of every later one of its virtual host, and
  the lack of a route; anything else of a virtual host its decisions; of a route configuration, a filter
  chain, a cluster or its load assignment theirs.
- What breaks a constraint of the API marks all of its resource, which is not used.
- A listener marks all its connections, and so do the match of a filter chain and what finds the chain.
- What stands outside of listeners, route configurations, clusters and load assignments marks everything,
  secrets nothing.
- Virtual hosts of one name in one route configuration are marked together.

It is worked out from the notices' paths when the first decision is asked, and looked up after that.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from fastroute.api import anys, names
from fastroute.config.resources import Resource, Resources, label_of
from fastroute.core.chain import Chain
from fastroute.core.decision import Decision
from fastroute.errors import ConfigError, Notice

_LABEL = re.compile(r'(\w+)(?: "(.*)")?\Z', re.DOTALL)
_STATIC = re.compile(r"static_resources\.(listeners|clusters|secrets)\[(\d+)\]\.?")
_CHAIN = re.compile(r"(?:filter_chains\[(\d+)\]|default_filter_chain)\.?")
_INLINE = re.compile(r"filters\[(\d+)\]\.typed_config\.route_config\.?")
_HOST = re.compile(r"virtual_hosts\[(\d+)\]\.?")
_ROUTE = re.compile(r"routes\[(\d+)\]\.?")
_KINDS = {"listeners": "Listener", "clusters": "Cluster", "secrets": "Secret"}

_Key = tuple[Hashable, ...]
_Found = tuple[int, Notice]
EVERYTHING: _Key = ("everything",)


class Marks:
    """The notices of a snapshot, by what they mark."""

    def __init__(self, resources: Resources, notices: Sequence[Notice]) -> None:
        self._resources = resources
        self._notices = notices

    def of_chain(self, chain: Chain) -> tuple[Notice, ...]:
        """The notices that the choice of a filter chain touches, and what the chain does."""
        return self._of(self._chain_keys(chain))

    def of_decision(self, decision: Decision, chain: Chain | None) -> tuple[Notice, ...]:
        """The notices that a decision touches, those of its connection's chain among them."""
        keys = self._chain_keys(chain) if chain is not None else [EVERYTHING]
        table: _Key = ("table", decision.route_config)
        if chain is not None and getattr(chain.manager, "route_table", None) is not None:
            table = ("inline", chain.listener, chain.index)
        keys.append(table)
        later: list[_Found] = []
        if decision.virtual_host:
            host = (*table, decision.virtual_host)
            keys += [host, (*host, decision.index)]
            index = decision.index
            later = [one for first, one in self._sorted[1].get(host, ()) if index < 0 or first <= index]
        if decision.cluster is not None:
            keys.append(("cluster", decision.cluster))
        return self._of(keys, later)

    def _chain_keys(self, chain: Chain) -> list[_Key]:
        keys: list[_Key] = [EVERYTHING, ("listener", chain.listener), ("listener", chain.accepting)]
        keys.append(("chain", chain.listener, chain.index))
        if chain.cluster is not None:
            keys.append(("cluster", chain.cluster))
        return keys

    def _of(self, keys: list[_Key], more: Sequence[_Found] = ()) -> tuple[Notice, ...]:
        found = {number: notice for key in keys for number, notice in self._sorted[0].get(key, ())}
        found.update(more)
        return tuple(found[number] for number in sorted(found))

    @functools.cached_property
    def _sorted(self) -> tuple[dict[_Key, list[_Found]], dict[_Key, list[tuple[int, _Found]]]]:
        """The notices by what they mark; and by virtual host those that mark it from a route on."""
        by_key: dict[_Key, list[_Found]] = {}
        by_match: defaultdict[_Key, list[tuple[int, _Found]]] = defaultdict(list)
        for number, notice in enumerate(self._notices):
            for key, first in self._marked(notice.error):
                if first is None:
                    by_key.setdefault(key, []).append((number, notice))
                else:
                    by_match[key].append((first, (number, notice)))
        return by_key, by_match

    def _marked(self, error: ConfigError) -> Iterator[tuple[_Key, int | None]]:
        """What an error marks; with a number, a virtual host from that route on."""
        label = _LABEL.match(error.resource)
        kind, name = (label[1], label[2] or "") if label else ("", "")
        path = error.path
        static = _STATIC.match(path) if kind == "Bootstrap" else None
        if static:
            kind, path = _KINDS[static[1]], path[static.end() :]
            name = self._static_name(static[1], int(static[2]))
        if label_of(kind, name) in self._resources.broken:
            path = ""
        if kind == "Listener":
            yield from self._in_listener(name, path)
        elif kind == "RouteConfiguration":
            message = next((one.message for one in self._resources.routes if one.name == name), None)
            yield _in_table(("table", name), message, path)
        elif kind == "Cluster":
            yield ("cluster", name), None
        elif kind == "ClusterLoadAssignment":
            yield from ((("cluster", one), None) for one in self._served_by(name))
        elif kind != "Secret":
            yield EVERYTHING, None

    def _static_name(self, field: str, position: int) -> str:
        bootstrap: Any = self._resources.bootstrap
        return str(getattr(bootstrap.message.static_resources, field)[position].name)

    def _served_by(self, assignment: str) -> Iterator[str]:
        for resource in self._resources.clusters:
            cluster: Any = resource.message
            if (cluster.eds_cluster_config.service_name or resource.name) == assignment:
                yield resource.name

    def _in_listener(self, name: str, path: str) -> Iterator[tuple[_Key, int | None]]:
        chain = _CHAIN.match(path)
        rest = path[chain.end() :] if chain else ""
        if chain is None or rest.startswith("filter_chain_match"):
            yield ("listener", name), None
            return
        index = int(chain[1]) if chain[1] else -1
        inline = _INLINE.match(rest)
        if inline is None:
            yield ("chain", name, index), None
            return
        routes = self._inline(name, index, int(inline[1]))
        yield _in_table(("inline", name, index), routes, rest[inline.end() :])

    def _inline(self, name: str, index: int, place: int) -> Any:
        listener: Any = _first(self._resources.listeners, name)
        chain = listener.default_filter_chain if index < 0 else listener.filter_chains[index]
        manager: Any = anys.unpack(chain.filters[place].typed_config)
        return manager.route_config if manager.DESCRIPTOR.full_name == names.HTTP_CONNECTION_MANAGER else None


def _first(resources: Sequence[Resource], name: str) -> Any:
    return next(one.message for one in resources if one.name == name)


def _in_table(key: _Key, message: Any, path: str) -> tuple[_Key, int | None]:
    host = _HOST.match(path)
    rest = path[host.end() :] if host else ""
    if host is None or message is None or rest.startswith("domains"):
        return key, None
    key = (*key, message.virtual_hosts[int(host[1])].name)
    route = _ROUTE.match(rest)
    if route is None:
        return key, None
    if rest[route.end() :].startswith("match"):
        return key, int(route[1])
    return (*key, int(route[1])), None

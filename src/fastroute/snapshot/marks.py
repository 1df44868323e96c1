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
- The routes of a scope mark what is decided by them; a scope that is left out what finds no scope.
- Virtual hosts that would be fetched (`vhds`) can take requests from hosts with wildcards and from none, not from a
  host that names its domains.
- Virtual hosts of one name in one route configuration are marked together, and scopes' tables of one name on one chain.

It is worked out from the notices' paths when the first decision is asked, and looked up after that.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence

from fastroute.api import anys, names, pool
from fastroute.config.resources import Resource, Resources, label_of
from fastroute.errors import ConfigError, Notice
from fastroute.patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.core.chain import Chain
    from fastroute.core.decision import Decision

_LABEL = pattern(r'(?s)(\w+)(?: "(.*)")?\Z')
_STATIC = pattern(r"static_resources\.(listeners|clusters|secrets)\[(\d+)\]\.?")
_CHAIN = pattern(r"(?:filter_chains\[(\d+)\]|default_filter_chain)\.?")
_INLINE = pattern(r"filters\[(\d+)\]\.typed_config\.route_config\.?")
_SCOPED = pattern(
    r"filters\[(\d+)\]\.typed_config\.scoped_routes\.scoped_route_configurations_list"
    r"\.scoped_route_configurations\[(\d+)\]\.route_configuration\.?"
)
_HOST = pattern(r"virtual_hosts\[(\d+)\]\.?")
_ROUTE = pattern(r"routes\[(\d+)\]\.?")
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
        tables: list[_Key] = [table]
        if chain is not None and getattr(chain.manager, "scopes", None) is not None:
            tables.append(("scoped", chain.listener, chain.index, decision.route_config))
        later: list[_Found] = []
        for each in tables:
            host = (*each, decision.virtual_host or None)
            keys += [each, host, (*host, decision.index)]
            index = decision.index
            later += [one for first, one in self._sorted[1].get(host, ()) if index < 0 or first <= index]
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
            yield from _in_table(("table", name), message, path)
        elif kind == "Cluster":
            yield ("cluster", name), None
        elif kind == "ClusterLoadAssignment":
            yield from ((("cluster", one), None) for one in self._served_by(name))
        elif kind == "VirtualHost" and "/" in name:
            yield ("table", name.partition("/")[0]), None
        elif kind == "ScopedRouteConfiguration":
            yield from (((*chain, ""), None) for chain in self._scoped_chains)
        elif kind != "Secret":
            yield EVERYTHING, None

    @functools.cached_property
    def _scoped_chains(self) -> list[_Key]:
        """The keys of the tables of chains whose scopes come by SRDS."""
        found: list[_Key] = []
        for resource in self._resources.listeners:
            listener: Any = resource.message
            chains = list(enumerate(listener.filter_chains))
            if listener.HasField("default_filter_chain"):
                chains.append((-1, listener.default_filter_chain))
            for index, chain in chains:
                if any(_is_scoped(each) for each in chain.filters):
                    found.append(("scoped", resource.name, index))
        return found

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
        inline, scoped = _INLINE.match(rest), _SCOPED.match(rest)
        if inline is not None:
            manager = self._manager(name, index, int(inline[1]))
            routes = None if manager is None else manager.route_config
            yield from _in_table(("inline", name, index), routes, rest[inline.end() :])
        elif scoped is not None:
            manager = self._manager(name, index, int(scoped[1]))
            listed = manager.scoped_routes.scoped_route_configurations_list.scoped_route_configurations
            routes = listed[int(scoped[2])].route_configuration
            yield from _in_table(("scoped", name, index, routes.name), routes, rest[scoped.end() :])
        else:
            yield ("chain", name, index), None

    def _manager(self, name: str, index: int, place: int) -> Any:
        listener: Any = _first(self._resources.listeners, name)
        chain = listener.default_filter_chain if index < 0 else listener.filter_chains[index]
        manager: Any = anys.unpack(chain.filters[place].typed_config)
        return manager if manager.DESCRIPTOR.full_name == names.HTTP_CONNECTION_MANAGER else None


def _is_scoped(config: Any) -> bool:
    if pool.type_name(config.typed_config.type_url) != names.HTTP_CONNECTION_MANAGER:
        return False
    manager: Any = anys.unpack(config.typed_config)
    return bool(manager.scoped_routes.HasField("scoped_rds"))


def _first(resources: Sequence[Resource], name: str) -> Any:
    return next(one.message for one in resources if one.name == name)


def _in_table(key: _Key, message: Any, path: str) -> Iterator[tuple[_Key, int | None]]:
    host = _HOST.match(path)
    rest = path[host.end() :] if host else ""
    if message is not None and path.startswith("vhds"):
        yield from (((*key, name), None) for name in _open_hosts(message))
    elif host is None or message is None or rest.startswith("domains"):
        yield key, None
    else:
        yield _in_host((*key, message.virtual_hosts[int(host[1])].name), rest)


def _in_host(key: _Key, path: str) -> tuple[_Key, int | None]:
    route = _ROUTE.match(path)
    if route is None:
        return key, None
    if path[route.end() :].startswith("match"):
        return key, int(route[1])
    return (*key, int(route[1])), None


def _open_hosts(configuration: Any) -> Iterator[str | None]:
    """The virtual hosts that one which is fetched may take requests from; None is the lack of one."""
    yield None
    for host in configuration.virtual_hosts:
        if any("*" in domain for domain in host.domains):
            yield host.name

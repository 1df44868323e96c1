"""What a cluster or a listener needs from a control plane before it can be put in force.

A cluster of type EDS needs its load assignment, by `service_name` or by its own name (XD-17). A listener
needs the route configurations (RDS) and scopes (SRDS) that its connection managers name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from fastroute.api import anys, names, pool
from fastroute.errors import UnsupportedError
from fastroute.xds.feeds import Feed, origin
from fastroute.xds.kinds import CLUSTERS, ENDPOINTS, ROUTES, SCOPES, Kind

EVERYTHING: Final = "*"
"""The name under which a wildcard kind is asked for."""
_EDS: Final = 3
_TYPED_STRUCTS: Final = (names.TYPED_STRUCT, names.UDPA_TYPED_STRUCT)


class Need(NamedTuple):
    """One subscription."""

    kind: Kind
    feed: Feed
    name: str


class Wanted(NamedTuple):
    """A subscription, and how long its first answer may take (0: for ever)."""

    need: Need
    timeout: float


def needs(kind: Kind, message: Any, feed: Feed | None, ads: Feed | None) -> list[Wanted]:
    """What `message` of `kind`, which came from `feed`, needs; ConfigError for a source that cannot be followed."""
    found = _of_cluster(message, feed, ads) if kind is CLUSTERS else _of_listener(message, feed, ads)
    return list({each.need: each for each in found}.values())


def _of_cluster(cluster: Any, feed: Feed | None, ads: Feed | None) -> Iterator[Wanted]:
    if cluster.type != _EDS or cluster.HasField("cluster_type"):
        return
    config = cluster.eds_cluster_config
    if not config.HasField("eds_config"):
        return  # The compiler refuses it.
    name = config.service_name or cluster.name
    yield _wanted(config.eds_config, ENDPOINTS, name, "eds_cluster_config.eds_config", feed, ads)


def _wanted(source: Any, kind: Kind, name: str, path: str, feed: Feed | None, ads: Feed | None) -> Wanted:
    where = origin(source, kind, name, path, ads=ads, parent=feed)
    return Wanted(Need(kind, where.feed, name), where.timeout)


def _of_listener(listener: Any, feed: Feed | None, ads: Feed | None) -> Iterator[Wanted]:
    for path, manager in managers(listener):
        match manager.WhichOneof("route_specifier"):
            case "rds":
                name = manager.rds.route_config_name
                yield _wanted(manager.rds.config_source, ROUTES, name, f"{path}.rds.config_source", feed, ads)
            case "scoped_routes" if manager.scoped_routes.HasField("scoped_rds"):
                scoped, here = manager.scoped_routes, f"{path}.scoped_routes.scoped_rds"
                if scoped.scoped_rds.srds_resources_locator:
                    raise UnsupportedError("collections are not supported", path=f"{here}.srds_resources_locator")
                source = scoped.scoped_rds.scoped_rds_config_source
                yield _wanted(source, SCOPES, EVERYTHING, f"{here}.scoped_rds_config_source", feed, ads)


def scope_sources(listener: Any) -> Iterator[Any]:
    """The sources that a listener's scopes have their route configurations from (`rds_config_source`)."""
    for _, manager in managers(listener):
        if manager.scoped_routes.HasField("scoped_rds"):
            yield manager.scoped_routes.rds_config_source


def routes_of_scope(scope: Any, source: Any, feed: Feed, ads: Feed | None) -> Wanted:
    """The route configuration that a ScopedRouteConfiguration names."""
    if scope.on_demand:
        raise UnsupportedError(
            "route configurations of scopes that are fetched on demand are not supported",
            path="on_demand",
            resource=f'ScopedRouteConfiguration "{scope.name}"',
            remedy="Remove the field: the configuration is then fetched before it is needed.",
        )
    return _wanted(source, ROUTES, scope.route_configuration_name, "rds_config_source", feed, ads)


def managers(listener: Any) -> Iterator[tuple[str, Any]]:
    """The HTTP connection managers of a listener, with their paths."""
    chains = [(f"filter_chains[{number}]", chain) for number, chain in enumerate(listener.filter_chains)]
    if listener.HasField("default_filter_chain"):
        chains.append(("default_filter_chain", listener.default_filter_chain))
    for where, chain in chains:
        for number, each in enumerate(chain.filters):
            kind = pool.type_name(each.typed_config.type_url)
            if kind == names.HTTP_CONNECTION_MANAGER or kind in _TYPED_STRUCTS:
                path = f"{where}.filters[{number}].typed_config"
                message = anys.unpack(each.typed_config, path=path)
                if message.DESCRIPTOR.full_name == names.HTTP_CONNECTION_MANAGER:
                    yield path, message

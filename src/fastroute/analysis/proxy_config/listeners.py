"""The table of listeners: ADDRESS, PORT, MATCH, DESTINATION, one row for each filter chain.

- Listeners are sorted by port, then address, type and name; the rows of one by DESTINATION, descending, and
  otherwise in the order of the chains; the default chain comes last.
- MATCH joins what is set with "; ": server names, transport protocol, application protocols (in profile 1.8
  with a label for each well-known list), destination. Nothing set is ALL.
- DESTINATION: the route configuration, the inline routes, or the cluster. A chain that sends everything
  to BlackHoleCluster is "Non-HTTP/Non-TCP"; "Cluster: " is left out where the name says it itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastroute.analysis.proxy_config.fields import address_of, unpack
from fastroute.analysis.proxy_config.routes import path_text
from fastroute.analysis.proxy_config.table import Table
from fastroute.api import names
from fastroute.config.resources import Resources

LABELS: Final = {
    ("http/1.0", "http/1.1", "h2c", "istio-http/1.0", "istio-http/1.1", "istio-h2"): "HTTP TLS",
    ("istio", "istio-http/1.0", "istio-http/1.1", "istio-h2"): "Istio HTTP Plain",
    ("istio-peer-exchange", "istio"): "TCP TLS",
    ("http/1.0", "http/1.1", "h2c"): "HTTP",
}
"""What Istio 1.8 calls well-known lists of application protocols."""
NOTHING: Final = "Non-HTTP/Non-TCP"
BLACK_HOLE: Final = b"BlackHoleCluster"


def select_listeners(resources: Resources, *, address: str = "", port: int | None = None, kind: str = "") -> list[Any]:
    """The listeners that fit all filters, sorted. `kind` is HTTP, TCP, HTTP+TCP or UNKNOWN."""
    found = []
    for one in resources.listeners:
        listener: Any = one.message
        bound = address_of(listener.address)
        here = (not address or bound[0].lower() == address.lower()) and (port is None or bound[1] == port)
        if here and (not kind or kind_of(listener) == kind.upper()):
            found.append(listener)
    return sorted(found, key=_order)


def listener_table(resources: Resources, *, profile: str = "1.8", verbose: bool = True, **filters: Any) -> Table:
    """The table of the listeners that fit the filters of `select_listeners`; not `verbose`: of their types."""
    chosen = select_listeners(resources, **filters)
    first = "ADDRESS" if profile == "1.8" else "ADDRESSES"
    if not verbose:
        return Table((first, "PORT", "TYPE"), tuple(_typed(one) for one in chosen), gap=1)
    rows = [row for one in chosen for row in _rows(one, profile)]
    return Table((first, "PORT", "MATCH", "DESTINATION"), tuple(rows), gap=1)


def kind_of(listener: Any) -> str:
    """HTTP, TCP, both or UNKNOWN, by the network filters of all chains; what only drops connections is no TCP."""
    filters = [one.typed_config for chain in _chains(listener) for one in chain.filters]
    urls = {
        one.type_url for one in filters if one.type_url != names.url(names.TCP_PROXY) or BLACK_HOLE not in one.value
    }
    http = names.url(names.HTTP_CONNECTION_MANAGER) in urls
    tcp = names.url(names.TCP_PROXY) in urls
    return "+".join(name for name, there in (("HTTP", http), ("TCP", tcp)) if there) or "UNKNOWN"


def _chains(listener: Any) -> Iterator[Any]:
    yield from listener.filter_chains
    if listener.HasField("default_filter_chain"):
        yield listener.default_filter_chain


def _order(listener: Any) -> tuple[int, str, str, str]:
    address, port = address_of(listener.address)
    return (port, address, kind_of(listener), listener.name)


def _typed(listener: Any) -> tuple[str, ...]:
    address, port = address_of(listener.address)
    return (address, str(port), kind_of(listener))


def _rows(listener: Any, profile: str) -> list[tuple[str, ...]]:
    address, port = address_of(listener.address)
    found = [(match_text(chain.filter_chain_match, profile), destination(chain)) for chain in listener.filter_chains]
    found.sort(key=lambda row: row[1], reverse=True)
    if listener.HasField("default_filter_chain"):
        found.append(("ALL", destination(listener.default_filter_chain)))
    return [(address, str(port), *row) for row in found]


def match_text(match: Any, profile: str) -> str:
    """A filter chain match in words."""
    said = []
    if match.server_names:
        said.append(f"SNI: {','.join(match.server_names)}")
    if match.transport_protocol:
        said.append(f"Trans: {match.transport_protocol}")
    if match.application_protocols:
        listed = tuple(match.application_protocols)
        label = LABELS.get(listed) if profile == "1.8" else None
        said.append(f"App: {label or ','.join(listed)}")
    port = f":{match.destination_port.value}" if match.HasField("destination_port") else ""
    if match.prefix_ranges:
        ranges = ",".join(f"{one.address_prefix}/{one.prefix_len.value}" for one in match.prefix_ranges)
        said.append(f"Addr: {ranges}{port}")
    elif port:
        said.append(f"Addr: *{port}")
    return "; ".join(said) or "ALL"


def destination(chain: Any) -> str:
    """Where a filter chain sends what it takes."""
    for one in chain.filters:
        manager = unpack(one.typed_config, names.HTTP_CONNECTION_MANAGER)
        if manager is not None:
            return _routes(manager)
        proxy = unpack(one.typed_config, names.TCP_PROXY)
        if proxy is not None:
            return _connections(proxy)
    return NOTHING


def _connections(proxy: Any) -> str:
    if proxy.cluster == "BlackHoleCluster":
        return NOTHING
    if proxy.HasField("weighted_clusters"):
        shares = (f"{one.name} ({one.weight})" for one in proxy.weighted_clusters.clusters)
        return f"Clusters: {', '.join(shares)}"
    return _cluster(proxy.cluster)


def _cluster(name: str) -> str:
    return name if "Cluster" in name else f"Cluster: {name}"


def _routes(manager: Any) -> str:
    if manager.HasField("rds"):
        return f"Route: {manager.rds.route_config_name}"
    if manager.HasField("scoped_routes"):
        return f"Scoped routes: {manager.scoped_routes.name}"
    hosts = manager.route_config.virtual_hosts
    if len(hosts) == 1 and list(hosts[0].domains) == ["*"] and len(hosts[0].routes) == 1:
        only = hosts[0].routes[0]
        if only.match.prefix == "/" and only.route.cluster:
            return _cluster(only.route.cluster)
    return f"Inline Route: {'; '.join(_inline(host) for host in hosts)}"


def _inline(host: Any) -> str:
    paths = ", ".join(path_text(route.match) for route in host.routes)
    domains = list(host.domains)
    return paths if domains in ([], ["*"]) else f"{'/'.join(domains)} {paths}"

"""Listeners for tests: built from short mappings, compiled into the table of the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastroute.api import names, pool
from fastroute.compile.context import Context
from fastroute.compile.listeners import compile_listeners
from fastroute.config.resources import Resource, Resources
from fastroute.core.filter_chains import ListenerTable
from fastroute.errors import Notice
from support.envoy import parse

EXTENSION = "type.googleapis.com/envoy.extensions.filters."


def resources(listeners: Sequence[Mapping[str, Any]], clusters: Sequence[str] = ()) -> Resources:
    """Listeners in the JSON form of the API, and clusters that exist, as `Resources`."""
    found = Resources()
    for each in listeners:
        found.listeners.append(Resource(each.get("name", ""), parse(each, names.LISTENER)))
    for name in clusters:
        found.clusters.append(Resource(name, parse({"name": name}, names.CLUSTER)))
    return found


def compiled(
    listeners: Sequence[Mapping[str, Any]],
    *,
    clusters: Sequence[str] = (),
    strict: bool = True,
    notices: list[Notice] | None = None,
) -> ListenerTable:
    """The table of the listeners."""
    ctx = Context(Resource("", pool.new(names.LISTENER)), strict=strict, notices=[] if notices is None else notices)
    return compile_listeners(resources(listeners, clusters), ctx)


def tcp(address: str, port: int) -> dict[str, Any]:
    """An Address message."""
    return {"socket_address": {"address": address, "port_value": port}}


def listener_filter(name: str, **options: Any) -> dict[str, Any]:
    """A listener filter by its short name."""
    types = {
        "tls_inspector": "listener.tls_inspector.v3.TlsInspector",
        "http_inspector": "listener.http_inspector.v3.HttpInspector",
        "proxy_protocol": "listener.proxy_protocol.v3.ProxyProtocol",
        "original_dst": "listener.original_dst.v3.OriginalDst",
        "original_src": "listener.original_src.v3.OriginalSrc",
    }
    return {
        "name": f"envoy.filters.listener.{name}",
        "typed_config": {"@type": EXTENSION + types[name], **options},
    }


def direct_response(body: str) -> dict[str, Any]:
    """A network filter that answers with `body` and closes."""
    config = {"@type": EXTENSION + "network.direct_response.v3.Config", "response": {"inline_string": body}}
    return {"name": "direct_response", "typed_config": config}


def tcp_proxy(cluster: str = "", **options: Any) -> dict[str, Any]:
    """A TCP proxy to `cluster`."""
    config = {"@type": EXTENSION + "network.tcp_proxy.v3.TcpProxy", "stat_prefix": "tcp", **options}
    if cluster:
        config["cluster"] = cluster
    return {"name": "envoy.filters.network.tcp_proxy", "typed_config": config}


def manager(route_config: str) -> dict[str, Any]:
    """An HTTP connection manager whose routes come by RDS."""
    config = {
        "@type": EXTENSION + "network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "rds": {"route_config_name": route_config, "config_source": {"ads": {}}},
    }
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": config}


def chain(name: str, match: Mapping[str, Any] | None = None, *filters: Mapping[str, Any]) -> dict[str, Any]:
    """A filter chain; without filters it answers with its own name."""
    found: dict[str, Any] = {"name": name, "filters": list(filters) or [direct_response(name)]}
    if match is not None:
        found["filter_chain_match"] = dict(match)
    return found

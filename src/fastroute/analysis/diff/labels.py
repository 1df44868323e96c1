"""What an element of a list is called in words: `virtual host shop`, `route 1 'api'`, `endpoint 10.0.0.1:80`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from fastroute.analysis.diff.pairs import address_text, locality_text
from fastroute.analysis.proxy_config.routes import path_text

Label = Callable[[int, Any], str]


def _named(word: str) -> Label:
    return lambda position, one: f"{word} {one.name}" if one.name else f"{word} number {position}"


def _route(position: int, one: Any) -> str:
    return f"route {position} '{one.name}'" if one.name else f"route {position} ({path_text(one.match)})"


def _endpoint(position: int, one: Any) -> str:
    del position
    return f"endpoint {one.endpoint_name or address_text(one.endpoint.address)}"


def _locality(position: int, one: Any) -> str:
    del position
    words = f"locality {locality_text(one)}" if locality_text(one) else "no locality"
    return f"{words} (priority {one.priority})" if one.priority else words


_LABELS: dict[str, Label] = {
    "envoy.config.route.v3.RouteConfiguration.virtual_hosts": _named("virtual host"),
    "envoy.config.route.v3.VirtualHost.routes": _route,
    "envoy.config.route.v3.WeightedCluster.clusters": _named("cluster"),
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.clusters": _named("cluster"),
    "envoy.config.listener.v3.Listener.filter_chains": _named("filter chain"),
    "envoy.config.listener.v3.Listener.listener_filters": _named("listener filter"),
    "envoy.config.listener.v3.FilterChain.filters": _named("filter"),
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.http_filters": _named(
        "HTTP filter"
    ),
    "envoy.config.endpoint.v3.ClusterLoadAssignment.endpoints": _locality,
    "envoy.config.endpoint.v3.LocalityLbEndpoints.lb_endpoints": _endpoint,
}


def label(field: FieldDescriptor, position: int, item: Any) -> str:
    """The words for the element `item` of the list `field`, which stands at `position`."""
    known = _LABELS.get(field.full_name)
    if known is not None:
        return known(position, item)
    if field.message_type is None:
        return field.name
    name = getattr(item, "name", "")
    return f"{field.name} {name}" if isinstance(name, str) and name else f"{field.name}[{position}]"

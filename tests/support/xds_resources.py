"""Small resources and bootstraps of a followed control plane, as JSON of the API."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from fastroute.api import names

Tree = dict[str, Any]
ADS: Tree = {"ads": {}, "resource_api_version": "V3"}
HTTP2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": names.url("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"),
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}


def address(port: int, host: str = "127.0.0.1") -> Tree:
    return {"socket_address": {"address": host, "port_value": port}}


def endpoints(name: str, *ports: int, host: str = "127.0.0.1") -> Tree:
    hosts = [{"endpoint": {"address": address(port, host)}} for port in ports]
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]}


def eds(name: str, source: Tree = ADS, **more: Any) -> Tree:
    return {"name": name, "type": "EDS", "eds_cluster_config": {"eds_config": source}, **more}


def static(name: str, *ports: int, **more: Any) -> Tree:
    return {"name": name, "type": "STATIC", "load_assignment": endpoints(name, *ports), **more}


def routes(name: str, cluster: str = "c", **more: Any) -> Tree:
    one = {"match": {"prefix": "/"}, "route": {"cluster": cluster}}
    return {"name": name, "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [one]}], **more}


def manager(**specifier: Any) -> Tree:
    return {
        "name": "http",
        "typed_config": {
            "@type": names.url(names.HTTP_CONNECTION_MANAGER),
            "stat_prefix": "http",
            "http_filters": [{"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}],
            **specifier,
        },
    }


def listener(name: str, route: str, port: int, source: Tree = ADS, **more: Any) -> Tree:
    """A listener whose routes come by RDS."""
    chain = {"filters": [manager(rds={"route_config_name": route, "config_source": source})]}
    return {"name": name, "address": address(port), "filter_chains": [chain], **more}


def grpc(*, delta: bool = False, **more: Any) -> Tree:
    """An ApiConfigSource at the static cluster `xds`."""
    return {
        "api_type": "DELTA_GRPC" if delta else "GRPC",
        "transport_api_version": "V3",
        "grpc_services": [{"envoy_grpc": {"cluster_name": "xds"}}],
        **more,
    }


def server_cluster(port: int, *, socket: str = "", http2: bool = True, **more: Any) -> Tree:
    """The static cluster `xds`."""
    where: Tree = {"pipe": {"path": socket}} if socket else address(port)
    assignment = {"cluster_name": "xds", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": where}}]}]}
    options = {"typed_extension_protocol_options": HTTP2} if http2 else {}
    return {"name": "xds", "type": "STATIC", "load_assignment": assignment, **options, **more}


def bootstrap(
    cluster: Tree, *, ads: Tree | None = None, source: Tree = ADS, lds: Tree | None = None, **more: Any
) -> Tree:
    """A bootstrap that follows `source`, or the aggregated stream `ads`."""
    dynamic: Tree = {"cds_config": source, "lds_config": lds or source}
    if ads is not None:
        dynamic["ads_config"] = ads
    return {
        "node": {"id": "n", "cluster": "c"},
        "dynamic_resources": dynamic,
        "static_resources": {"clusters": [cluster]},
        **more,
    }


def followed(port: int, *, delta: bool = False, **cluster: Any) -> Tree:
    """Everything on one aggregated stream of the server at `port`."""
    return bootstrap(server_cluster(port, **cluster), ads=grpc(delta=delta))


def world(*ports: int, source: Tree = ADS) -> Mapping[str, list[Tree]]:
    """A listener `l` to the cluster `c` at `ports`, through RDS `r` and EDS."""
    return {
        "clusters": [eds("c", source)],
        "endpoints": [endpoints("c", *(ports or (1,)))],
        "listeners": [listener("l", "r", 10_000, source)],
        "routes": [routes("r")],
    }


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for a condition; AssertionError when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.002)

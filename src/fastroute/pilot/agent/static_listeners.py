"""The two listeners of the bootstrap: Prometheus (15090, to the admin) and readiness (15021, to the agent)."""

from __future__ import annotations

from fastroute.api import names
from fastroute.pilot.agent.inputs import Inputs, Json
from fastroute.pilot.agent.static_clusters import Family
from fastroute.pilot.agent.switches import Switches


def static_listeners(inputs: Inputs, own: Family, row: Switches) -> list[Json]:
    """The listeners of a pod; ENVOY_PROMETHEUS_PORT and ENVOY_STATUS_PORT move them."""
    prometheus = inputs.port("ENVOY_PROMETHEUS_PORT", 15090)
    status = inputs.port("ENVOY_STATUS_PORT", 15021)
    return [
        _listener(own.wildcard, prometheus, "stats", "/stats/prometheus", "prometheus_stats", row),
        _listener(own.wildcard, status, "agent", "/healthz/ready", "agent", row),
    ]


def _listener(address: str, port: int, stat_prefix: str, prefix: str, cluster: str, row: Switches) -> Json:
    listener: Json = {
        "address": {"socket_address": {"protocol": "TCP", "address": address, "port_value": port}},
        "filter_chains": [{"filters": [_hcm(stat_prefix, prefix, cluster)]}],
    }
    if row.named_listeners:
        return {"name": f"{address}_{port}", **listener, "ignore_global_conn_limit": True}
    return listener


def _hcm(stat_prefix: str, prefix: str, cluster: str) -> Json:
    host = {
        "name": "backend",
        "domains": ["*"],
        "routes": [{"match": {"prefix": prefix}, "route": {"cluster": cluster}}],
    }
    router = {"name": "envoy.filters.http.router", "typed_config": {"@type": names.url(names.ROUTER)}}
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": names.url(names.HTTP_CONNECTION_MANAGER),
            "codec_type": "AUTO",
            "stat_prefix": stat_prefix,
            "route_config": {"virtual_hosts": [host]},
            "http_filters": [router],
        },
    }

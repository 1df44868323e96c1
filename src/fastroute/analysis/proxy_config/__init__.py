"""A configuration as tables and JSON, in the shape that `istioctl proxy-config` gives them.

Works on `Resources` of any source: generated ones, a config dump, a bootstrap. Profile `1.8` has the
columns, labels and sort orders of Istio 1.8; profile `current` those of today.
"""

from __future__ import annotations

from fastroute.analysis.proxy_config.clusters import cluster_table, select_clusters
from fastroute.analysis.proxy_config.endpoints import endpoint_table
from fastroute.analysis.proxy_config.listeners import listener_table, select_listeners
from fastroute.analysis.proxy_config.routes import route_table, select_routes
from fastroute.analysis.proxy_config.status import cluster_status
from fastroute.analysis.proxy_config.table import Table

__all__ = [
    "Table",
    "cluster_status",
    "cluster_table",
    "endpoint_table",
    "listener_table",
    "route_table",
    "select_clusters",
    "select_listeners",
    "select_routes",
]

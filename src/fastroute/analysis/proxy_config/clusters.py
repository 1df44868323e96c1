"""The table of clusters: SERVICE FQDN, PORT, SUBSET, DIRECTION, TYPE, DESTINATION RULE.

Sorted by host, subset, port and direction. A cluster whose name is not Istio's stands under its name with
`-` in the other columns.
"""

from __future__ import annotations

from typing import Any

from fastroute.analysis.proxy_config.fields import kind_of, managed_by, parse_name
from fastroute.analysis.proxy_config.table import Table
from fastroute.config.resources import Resources

HEADER = ("SERVICE FQDN", "PORT", "SUBSET", "DIRECTION", "TYPE", "DESTINATION RULE")


def select_clusters(
    resources: Resources, *, fqdn: str = "", port: int | None = None, subset: str = "", direction: str = ""
) -> list[Any]:
    """The clusters that fit all filters, sorted; a filter looks for its text in the name, as istioctl's do."""
    wanted = [fqdn, subset, direction] + ([] if port is None else [f"|{port}|"])
    return sorted((one.message for one in resources.clusters if all(text in one.name for text in wanted)), key=_order)


def cluster_table(resources: Resources, **filters: Any) -> Table:
    """The table of the clusters that fit the filters of `select_clusters`."""
    return Table(HEADER, tuple(_row(one) for one in select_clusters(resources, **filters)))


def _order(cluster: Any) -> tuple[str, str, int, str]:
    parts = parse_name(cluster.name)
    if parts is None:
        return (cluster.name, "", 0, "")
    direction, port, subset, host = parts
    return (host, subset, port, direction)


def _row(cluster: Any) -> tuple[str, ...]:
    rule = managed_by(cluster.metadata)
    parts = parse_name(cluster.name)
    if parts is None:
        return (cluster.name, "-", "-", "-", kind_of(cluster), rule)
    direction, port, subset, host = parts
    return (host, str(port), subset or "-", direction, kind_of(cluster), rule)

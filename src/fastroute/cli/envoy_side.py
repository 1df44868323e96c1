"""What an Envoy has from its control plane, out of its config dump, in the form in which it was sent.

Left out are what it was started with, the routes inside listeners, secrets, which come from its agent, and what it
writes out though nobody sent it: endpoints of clusters that have their own, and the defaults of endpoints.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from fastroute.config import read
from fastroute.config.fetch import fetch
from fastroute.config.load import URLS
from fastroute.config.resources import Resources

OTHERS: Final = ("BootstrapConfigDump", "SecretsConfigDump")
"""Parts of a dump that the control plane did not send."""
OWN: Final = ("static_clusters", "static_listeners", "static_endpoint_configs", "static_route_configs")


def received(source: str) -> Resources:
    """The resources of an Envoy's config dump, or all of any other source."""
    data = fetch(source) if source.startswith(URLS) else Path(source).read_bytes()
    try:
        tree = json.loads(data)
    except ValueError:
        tree = None
    if not isinstance(tree, dict) or not isinstance(tree.get("configs"), list):
        return read(source, strict=False)
    parts = [part for part in tree["configs"] if not str(part.get("@type", "")).endswith(OTHERS)]
    discovered = {name for part in parts for name in _discovered(part)}
    return read({"configs": [_sent(part, discovered) for part in parts]}, strict=False)


def _discovered(part: dict[str, Any]) -> Iterator[str]:
    """The names by which clusters ask for their endpoints."""
    for key in ("dynamic_active_clusters", "dynamic_warming_clusters"):
        for one in part.get(key, ()):
            cluster = one.get("cluster", {})
            if cluster.get("type") == "EDS":
                yield cluster.get("eds_cluster_config", {}).get("service_name") or cluster["name"]


def _sent(part: dict[str, Any], discovered: set[str]) -> dict[str, Any]:
    made = {key: value for key, value in part.items() if key not in OWN}
    if "dynamic_endpoint_configs" in made:
        all_of_them = [one.get("endpoint_config", {}) for one in made["dynamic_endpoint_configs"]]
        kept = [one for one in all_of_them if one.get("cluster_name") in discovered]
        for one in kept:
            _without_defaults(one)
        made["dynamic_endpoint_configs"] = [{"endpoint_config": one} for one in kept]
    return made


def _without_defaults(assignment: dict[str, Any]) -> None:
    policy = assignment.get("policy", {})
    if policy.get("overprovisioning_factor") == 140:
        del policy["overprovisioning_factor"]
    if not policy:
        assignment.pop("policy", None)
    for locality in assignment.get("endpoints", ()):
        for one in locality.get("lb_endpoints", ()):
            if one.get("health_status") == "HEALTHY":
                del one["health_status"]
            if one.get("endpoint", {}).get("health_check_config") == {}:
                del one["endpoint"]["health_check_config"]

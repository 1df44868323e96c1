"""Routers to one cluster `c` under each load balancing policy, for picks: those of `tables.POLICIES`, and more.

`decisions(policy, hosts, count)` gives the router, and what makes the decisions to pick for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import fastroute
from rigs import tables

_POLICY = "type.googleapis.com/envoy.extensions.load_balancing_policies."
_AGGREGATE = "type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig"
_ZONES = "abc"


def address(number: int) -> str:
    """The address of host `number`, of less than 2^24."""
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def _host(number: int, **more: Any) -> dict[str, Any]:
    socket_address = {"address": address(number), "port_value": 80}
    return {"endpoint": {"address": {"socket_address": socket_address}}, **more}


def _cluster(localities: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"name": "c", "type": "STATIC", "load_assignment": {"cluster_name": "c", "endpoints": localities}, **more}


def _zones(hosts: int) -> list[dict[str, Any]]:
    """The hosts in three zones, the first of which is the node's."""
    return [
        {
            "locality": {"region": "r", "zone": zone},
            "load_balancing_weight": 1 + at,
            "lb_endpoints": [_host(number) for number in range(at, hosts, len(_ZONES))],
        }
        for at, zone in enumerate(_ZONES)
    ]


def _typed(name: str, **fields: Any) -> dict[str, Any]:
    config = {"@type": f"{_POLICY}{name}", **fields}
    return {"policies": [{"typed_extension_config": {"name": name, "typed_config": config}}]}


def _weighted(hosts: int) -> list[dict[str, Any]]:
    listed = [_host(number, load_balancing_weight=1 + number % 5) for number in range(hosts)]
    return [_cluster([{"lb_endpoints": listed}])]


def _subset(hosts: int) -> list[dict[str, Any]]:
    """Three versions, of which the route wants one."""
    listed = [
        _host(number, metadata={"filter_metadata": {"envoy.lb": {"version": f"v{number % 3}"}}})
        for number in range(hosts)
    ]
    return [_cluster([{"lb_endpoints": listed}], lb_subset_config={"subset_selectors": [{"keys": ["version"]}]})]


def _zone_aware(hosts: int) -> list[dict[str, Any]]:
    zone_aware = {"zone_aware_lb_config": {"min_cluster_size": 1}}
    local = {**_cluster(_zones(6)), "name": "local"}
    local["load_assignment"] = {**local["load_assignment"], "cluster_name": "local"}
    return [_cluster(_zones(hosts), common_lb_config=zone_aware), local]


def _locality_weighted(hosts: int) -> list[dict[str, Any]]:
    return [_cluster(_zones(hosts), common_lb_config={"locality_weighted_lb_config": {}})]


def _override_host(hosts: int) -> list[dict[str, Any]]:
    fallback = _typed("round_robin.v3.RoundRobin")
    policy = _typed(
        "override_host.v3.OverrideHost", override_host_sources=[{"header": "x-host"}], fallback_policy=fallback
    )
    listed = [_host(number) for number in range(hosts)]
    return [_cluster([{"lb_endpoints": listed}], load_balancing_policy=policy)]


def _reported(hosts: int) -> list[dict[str, Any]]:
    policy = _typed("client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin")
    return [_cluster([{"lb_endpoints": [_host(number) for number in range(hosts)]}], load_balancing_policy=policy)]


def _aggregate(hosts: int) -> list[dict[str, Any]]:
    """Two clusters, the first of which has all hosts."""
    one, two = (
        {**tables.cluster_source("round robin", count), "name": name} for name, count in (("1", hosts), ("2", 3))
    )
    kind = {"name": "aggregate", "typed_config": {"@type": _AGGREGATE, "clusters": ["1", "2"]}}
    return [{"name": "c", "cluster_type": kind, "lb_policy": "CLUSTER_PROVIDED"}, one, two]


SPECIAL: dict[str, Callable[[int], list[dict[str, Any]]]] = {
    "round robin, weighted hosts": _weighted,
    "subset of three": _subset,
    "zone aware": _zone_aware,
    "locality weighted": _locality_weighted,
    "override host": _override_host,
    "client-side weighted": _reported,
    "aggregate of two": _aggregate,
}
BY_REQUEST = ("subset of three", "override host")
"""What chooses by something of the request besides its hash."""
BY_HASH = (*tables.POLICIES, *(name for name in SPECIAL if name not in BY_REQUEST))


def _source(policy: str, hosts: int) -> dict[str, Any]:
    clusters = SPECIAL[policy](hosts) if policy in SPECIAL else [tables.cluster_source(policy, hosts)]
    action: dict[str, Any] = {"cluster": "c", "hash_policy": [{"header": {"header_name": "x-tenant"}}]}
    if policy.startswith("subset"):
        action["metadata_match"] = {"filter_metadata": {"envoy.lb": {"version": "v1"}}}
    only = {"match": {"prefix": "/"}, "route": action}
    manager = {
        "@type": tables.EXTENSION + "network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "h",
        "route_config": tables.route_configuration([only], ("*",)),
        "http_filters": [{"name": "router", "typed_config": {"@type": tables.EXTENSION + "http.router.v3.Router"}}],
    }
    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": 80}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    return {
        "node": {"id": "n", "cluster": "n", "locality": {"region": "r", "zone": _ZONES[0]}},
        "cluster_manager": {"local_cluster_name": "local"} if policy == "zone aware" else {},
        "static_resources": {"listeners": [listener], "clusters": clusters},
    }


def decisions(policy: str, hosts: int, count: int) -> tuple[fastroute.Router, Callable[[], list[fastroute.Decision]]]:
    """The router, and what makes `count` new decisions for requests of as many users; override host names a host."""
    router = fastroute.Router(fastroute.load(_source(policy, hosts)), random=partial(Random(7).getrandbits, 64))
    chain = router.connect(fastroute.Connection(destination=("10.0.0.1", 80)))
    route = router.route
    headers = [[("x-tenant", f"t{number}"), ("x-host", f"{address(number % hosts)}:80")] for number in range(count)]

    def make() -> list[fastroute.Decision]:
        return [route(tables.HOST, "/", "GET", each, chain=chain) for each in headers]

    return router, make

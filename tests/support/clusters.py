"""Clusters out of plain mappings, and random sources that a test controls."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastroute.api import names, transcode
from fastroute.compile.clusters import compile_cluster, update_cluster
from fastroute.compile.context import Context
from fastroute.config.resources import Resource
from fastroute.core.clusters import Cluster
from fastroute.errors import Notice


def resource(tree: Mapping[str, Any], kind: str = names.CLUSTER) -> Resource:
    """A resource of a message in its JSON form."""
    return Resource(str(tree.get("name") or tree.get("cluster_name", "")), transcode.message(kind, dict(tree)))


def context(tree: Resource, *, strict: bool = True, runtime: Mapping[str, object] | None = None) -> Context:
    """A compilation at a resource."""
    return Context(tree, strict=strict, runtime=runtime or {})


def cluster(
    tree: Mapping[str, Any],
    assignment: Mapping[str, Any] | None = None,
    *,
    strict: bool = True,
    runtime: Mapping[str, object] | None = None,
    notices: list[Notice] | None = None,
    **more: Any,
) -> Cluster:
    """The compiled cluster of a Cluster mapping; `name` and a static type are filled in."""
    made = resource({"name": "c", **tree})
    eds = None if assignment is None else resource(assignment, names.CLUSTER_LOAD_ASSIGNMENT)
    ctx = context(made, strict=strict, runtime=runtime)
    compiled = compile_cluster(made, eds, ctx, **more)
    if notices is not None:
        notices.extend(ctx.notices)
    return compiled


def update(existing: Cluster, assignment: Mapping[str, Any]) -> None:
    """An EDS update."""
    eds = resource(assignment, names.CLUSTER_LOAD_ASSIGNMENT)
    update_cluster(existing, eds, context(eds))


def endpoint(port: int, address: str = "127.0.0.1", **more: Any) -> dict[str, Any]:
    """An LbEndpoint; `health` is short for health_status, `weight` for load_balancing_weight."""
    made: dict[str, Any] = {"endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}}}
    if "hostname" in more:
        made["endpoint"]["hostname"] = more.pop("hostname")
    if "health" in more:
        made["health_status"] = more.pop("health")
    if "weight" in more:
        made["load_balancing_weight"] = more.pop("weight")
    if "lb" in more:
        made["metadata"] = {"filter_metadata": {"envoy.lb": more.pop("lb")}}
    return made | more


def locality(endpoints: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """A LocalityLbEndpoints; `zone` is short for its locality, `weight` for load_balancing_weight."""
    made: dict[str, Any] = {"lb_endpoints": list(endpoints)}
    if "zone" in more:
        made["locality"] = {"zone": more.pop("zone")}
    if "weight" in more:
        made["load_balancing_weight"] = more.pop("weight")
    return made | more


def assignment(*groups: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A ClusterLoadAssignment named like the cluster."""
    return {"cluster_name": "c", "endpoints": list(groups), **more}


def static(*groups: Mapping[str, Any], policy: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A STATIC cluster with these localities."""
    made = assignment(*groups)
    if policy is not None:
        made["policy"] = policy
    return {"name": "c", "load_assignment": made, **more}


def seeded(seed: int = 1) -> Callable[[], int]:
    """A random source with a fixed seed."""
    source = random.Random(seed)
    return lambda: source.getrandbits(64)


def scripted(*values: int) -> Callable[[], int]:
    """A random source that gives these values, then fails the test."""
    left = list(values)
    return lambda: left.pop(0)


def ports(chosen: Cluster, count: int, **more: Any) -> list[int]:
    """The ports of `count` picks; 0 where there was no host."""
    more.setdefault("random", seeded())
    picks = [chosen.pick(**more) for _ in range(count)]
    return [0 if pick is None else pick.port for pick in picks]

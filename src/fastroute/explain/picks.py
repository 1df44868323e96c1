"""Why a pick gave its endpoint, told from the cluster's hosts as they are now.

The stages, in the order of a pick:

- DO-01: some requests are dropped before a host is chosen.
- CL-07: the priorities of an aggregate are those of the clusters that it lists.
- LB-84: the host that the request names. LB-70 to LB-76: the subset that it asks for, and the fallbacks.
- LB-12: the priority, by its load. LB-13: a priority in panic uses all of its hosts.
- LB-20: the locality, by its weight. LB-22: or by the caller's zone.
- LB-30 to LB-68: what the policy chooses among those that are left (`choices`).

Draws and turns are gone once a host is chosen: of those it is told what they were made among.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastroute.core.balancers import Policy, SourceBalancer
from fastroute.core.clusters import Cluster
from fastroute.core.endpoint import Endpoint, Locality
from fastroute.core.hosts import HostSet
from fastroute.core.sources import Memory
from fastroute.decision import Explanation, Step
from fastroute.explain.choices import Choice, hosts_of, reason

_NAMES = {"named": "the host that the request names", "default": "the default subset", "any": "any host"}


def explain_pick(
    cluster: Cluster,
    endpoint: Endpoint | None,
    *,
    hash: int | None,
    context: object,
    clusters: Mapping[str, Cluster],
) -> Explanation:
    """The steps; the decision's `candidates` is the number of hosts that the last one was made among."""
    steps = [Step("cluster", cluster.name, "kept", f"{cluster.kind}, {hosts_of(len(cluster.endpoints))}")]
    told: dict[str, object] = {"cluster": cluster.name, "endpoint": None if endpoint is None else str(endpoint)}
    if cluster.policy.leaf.kind == "original_dst":
        steps.append(_original(endpoint))
    elif cluster.policy.kind == "aggregate":
        steps += _of_aggregate(cluster, endpoint, hash, clusters, told)
    else:
        steps += _of_policy(cluster, endpoint, hash, context, told)
    return Explanation(told, tuple(steps))


def _original(endpoint: Endpoint | None) -> Step:
    if endpoint is None:
        return Step("endpoint", "", "answered", "neither the request nor the connection names its destination", "CL-05")
    return Step("endpoint", str(endpoint), "chosen", "the original destination of the request or connection", "CL-05")


def _of_aggregate(
    cluster: Cluster,
    endpoint: Endpoint | None,
    hash: int | None,
    clusters: Mapping[str, Cluster],
    told: dict[str, object],
) -> Iterator[Step]:
    names: Any = cluster.policy.parameters.get("clusters", ())
    if endpoint is None:
        yield from _nothing(cluster, [("policy", (), cluster.levels)])
        return
    for name in names:
        owner = clusters.get(name)
        if owner is not None and any(host is endpoint for host in owner.endpoints):
            yield Step("cluster", name, "chosen", f"it owns the priority, of those of {', '.join(names)}", "CL-07")
            yield from _of_levels(owner.policy, cluster.levels, cluster.loads, endpoint, hash, told)
            return
    yield _gone(endpoint)


def _of_policy(
    cluster: Cluster, endpoint: Endpoint | None, hash: int | None, context: object, told: dict[str, object]
) -> Iterator[Step]:
    tried = cluster.tried(context)
    if endpoint is None:
        yield from _nothing(cluster, tried)
        return
    for kind, goes_by, levels in tried:
        name = subset_name(goes_by) if kind == "subset" else _NAMES.get(kind, "")
        size = sum(len(level.hosts) for level in levels)
        if not any(host is endpoint for level in levels for host in level.hosts):
            yield Step("subset", name, "passed over", f"{hosts_of(size)}, none of them usable")
            continue
        if kind == "named":
            yield Step("endpoint", str(endpoint), "chosen", "the request names it, and it is a host", "LB-84")
            told["candidates"] = 1
            return
        if kind != "policy":
            yield Step("subset", name, "chosen", f"{size} of the cluster's {hosts_of(len(cluster.endpoints))}", "LB-71")
        zoned = cluster.zone_aware and kind == "policy"
        yield from _of_levels(cluster.policy, levels, None, endpoint, hash, told, zoned=zoned)
        return
    yield _gone(endpoint)


def subset_name(pairs: tuple[Any, ...]) -> str:
    """`key=value` of the criteria."""
    return ", ".join(f"{key}={_plain(value)}" for key, value in pairs)


def _plain(value: tuple[Any, ...]) -> str:
    """A canonical value as text."""
    return "[" + ", ".join(map(_plain, value[1])) + "]" if value[0] == "l" else str(value[1] if value[1:] else None)


def _of_levels(
    policy: Policy,
    levels: list[HostSet],
    loads: Mapping[str, list[int]] | None,
    endpoint: Endpoint,
    hash: int | None,
    told: dict[str, object],
    *,
    zoned: bool = False,
) -> Iterator[Step]:
    chooser = policy.leaf
    shares = loads or loads_of(levels, chooser)
    index = next(i for i, level in enumerate(levels) if any(host is endpoint for host in level.hosts))
    level, panic = levels[index], bool(shares["panic"][index])
    hosts = level.hosts if panic else level.degraded if _as_degraded(endpoint, chooser) else level.healthy
    told["priority"] = index
    yield _priority(level, index, shares, hosts)
    if chooser.parameters.get("locality_weighted") and level.weights and sum(level.weights) and not panic:
        weight, total = level.weights[level.localities.index(endpoint.locality)], sum(level.weights)
        yield Step("locality", place_name(endpoint.locality), "chosen", f"its weight is {weight} of {total}", "LB-20")
        hosts = [host for host in hosts if host.locality == endpoint.locality] if not chooser.hashes else hosts
    elif zoned and index == 0 and not panic:
        own = "the caller's own" if level.local == endpoint.locality else "not the caller's, which is full or not drawn"
        yield Step("locality", place_name(endpoint.locality), "chosen", f"zone-aware routing: {own}", "LB-22")
        hosts = [host for host in hosts if host.locality == endpoint.locality]
    told["candidates"] = len(hosts)
    text, rule = reason(Choice(chooser, endpoint, hosts, hash))
    yield Step("endpoint", str(endpoint), "chosen", text, rule)


def _as_degraded(endpoint: Endpoint, policy: Policy) -> bool:
    """LB-15: tables of hashes hold healthy hosts alone."""
    return endpoint.health == "degraded" and not policy.hashes


def loads_of(levels: list[HostSet], policy: Policy) -> Mapping[str, list[int]]:
    """The loads of host sets under a policy's panic threshold."""
    return SourceBalancer(levels, Policy("random", policy.parameters), Memory()).loads.as_dict()


def _priority(level: HostSet, index: int, shares: Mapping[str, list[int]], hosts: list[Endpoint]) -> Step:
    healthy = f"{len(level.healthy)} of {hosts_of(len(level.hosts))} healthy"
    if shares["panic"][index]:
        return Step("priority", str(index), "chosen", f"in panic, so all of its hosts count: {healthy}", "LB-13")
    degraded = hosts is level.degraded
    load = shares["degraded_load" if degraded else "load"][index]
    kind = "its degraded hosts take" if degraded else "it takes"
    return Step("priority", str(index), "chosen", f"{kind} {load} of 100 requests: {healthy}", "LB-12")


def place_name(locality: Locality) -> str:
    """region/zone/sub zone; `(none)` for a locality without any."""
    return "/".join(part for part in (locality.region, locality.zone, locality.sub_zone) if part) or "(none)"


def _nothing(cluster: Cluster, tried: list[tuple[str, tuple[object, ...], list[HostSet]]]) -> Iterator[Step]:
    """Why there is no host: what was tried, or that the request was dropped."""
    drop, of = cluster.dropped
    usable = any(level.healthy or level.degraded for _, _, levels in tried for level in levels)
    if drop and (usable or drop == of):
        yield Step("endpoint", "", "answered", f"dropped: {drop} of {of} requests are (drop_overloads)", "DO-01")
        return
    for kind, goes_by, levels in tried:
        name = subset_name(goes_by) if kind == "subset" else _NAMES.get(kind, "all hosts")
        size, well = (sum(len(getattr(level, of)) for level in levels) for of in ("hosts", "healthy"))
        yield Step(
            "subset" if kind != "policy" else "priority", name, "passed over", f"{well} of {hosts_of(size)} healthy"
        )
    missing = "no subset has what the request asks for, and nothing is fallen back to" if not tried else "no such host"
    yield Step("endpoint", "", "answered", f"{missing}: 503, no healthy upstream", "LB-16")


def _gone(endpoint: Endpoint) -> Step:
    return Step("endpoint", str(endpoint), "kept", "no host of the cluster any more: it was chosen before an update")

"""Locality load balancing: shares, or priorities by nearness.

- `distribute`: callers of a locality send given shares to given localities; others get nothing.
- `failoverPriority`: the more of the named labels an endpoint has in common with the caller, counted from the
  first until one differs, the earlier it is used. `LABEL=VALUE` compares with VALUE instead. Places are labels
  too (`topology.kubernetes.io/region`, …); a different network comes after everything else.
- otherwise by place: same region, zone and subzone; then same zone, then same region, then the region that
  `failover` names, then all others. With `failoverPriority` that orders what its labels leave equal, where
  `failover` is given too.

Priorities take effect only together with outlier detection, for Envoy leaves a priority only when its
endpoints fail; those of a service's own `trafficDistribution` (see `model.distribution`) always do. Those that no
endpoint has are closed up, since Envoy wants them without gaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.model.services import Instance, Locality
from fastroute.pilot.discovery.model.workloads import NETWORK, with_place
from fastroute.pilot.discovery.registry.balancers import Distribute, LocalitySetting

Nearness = tuple[int, ...]
HERE: Final[Nearness] = ()


def nearness(one: Instance, caller: Proxy, setting: LocalitySetting) -> Nearness:
    """How early an endpoint is used; the smaller, the earlier."""
    if setting.distribute:
        return HERE
    found: Nearness = HERE
    if setting.failover_priority:
        labels = with_place(one.workload.labels, one.workload.locality, one.workload.network, one.workload.node)
        theirs = with_place(caller.labels, caller.locality, caller.network, caller.node)
        found = (_label_distance(setting.failover_priority, theirs, labels),)
    if caller.locality.region and (setting.failover or not setting.failover_priority):
        failover = {one.source: one.to for one in setting.failover}
        next_region = failover.get(caller.locality.region, "")
        found = (*found, _distance(one.workload.locality, caller.locality, next_region))
    return found


def _label_distance(wanted: tuple[str, ...], caller: Mapping[str, str], labels: Mapping[str, str]) -> int:
    count, further = len(wanted), 0
    for number, entry in enumerate(wanted):
        label, given, value = entry.partition("=")
        if (value if given else caller.get(label, "")) != labels.get(label, ""):
            if number or label != NETWORK:
                return further + count - number
            further = count
    return further


def _distance(one: Locality, caller: Locality, next_region: str) -> int:
    if one == caller:
        return 0
    if (one.region, one.zone) == (caller.region, caller.zone):
        return 1
    if one.region == caller.region:
        return 2
    return 3 if not next_region or one.region == next_region else 4


def distribute(made: JSON, caller: Locality, rules: tuple[Distribute, ...]) -> None:
    """Write the shares of the first rule that speaks of the caller into an assignment."""
    groups: list[JSON] = made.get("endpoints", [])
    shares = next((rule.to for rule in rules if covers(rule.source, caller)), None)
    if not caller.region or shares is None:
        return
    kept: list[JSON] = []
    for pattern, share in shares.items():
        members = [group for group in groups if covers(pattern, _of(group)) and group not in kept]
        total = sum(group["load_balancing_weight"] for group in members)
        for group in members:
            group["load_balancing_weight"] = max(1, -(-share * group["load_balancing_weight"] // total))
            kept.append(group)
    made["endpoints"] = [group for group in groups if group in kept]


def _of(group: JSON) -> Locality:
    said = group["locality"]
    return Locality(said.get("region", ""), said.get("zone", ""), said.get("sub_zone", ""))


def covers(pattern: str, one: Locality) -> bool:
    """Whether `region/zone/subzone`, with `*` for the rest, names a locality."""
    for wanted, part in zip(pattern.split("/"), (one.region, one.zone, one.subzone), strict=False):
        if wanted == "*":
            return True
        if wanted != part:
            return False
    return True

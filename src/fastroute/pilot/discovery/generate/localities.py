"""Locality load balancing: shares, or priorities by nearness.

- `distribute`: callers of a locality send given shares to given localities; others get nothing.
- otherwise: same region, zone and subzone is priority 0; then same zone, then same region, then the
  region that `failover` names, then all others. Priorities that no locality has are closed up, since
  Envoy wants them without gaps.
- `enabled: false` switches both off.
"""

from __future__ import annotations

from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.model.services import Locality
from fastroute.pilot.discovery.registry.policies import Distribute, LocalitySetting


def arrange(made: JSON, caller: Locality, setting: LocalitySetting | None) -> None:
    """Write priorities or weights into an assignment, as `caller` should see it."""
    groups: list[JSON] = made.get("endpoints", [])
    if not caller.region or not groups or (setting is not None and setting.enabled is False):
        return
    if setting is not None and setting.distribute:
        _distribute(made, groups, caller, setting.distribute)
        return
    failover = {one.source: one.to for one in setting.failover} if setting is not None else {}
    wanted = [_distance(_of(group), caller, failover.get(caller.region, "")) for group in groups]
    ranks = {distance: rank for rank, distance in enumerate(sorted(set(wanted)))}
    for group, distance in zip(groups, wanted, strict=True):
        if ranks[distance]:
            group["priority"] = ranks[distance]


def _of(group: JSON) -> Locality:
    said = group["locality"]
    return Locality(said.get("region", ""), said.get("zone", ""), said.get("sub_zone", ""))


def _distance(one: Locality, caller: Locality, next_region: str) -> int:
    if one == caller:
        return 0
    if (one.region, one.zone) == (caller.region, caller.zone):
        return 1
    if one.region == caller.region:
        return 2
    return 3 if not next_region or one.region == next_region else 4


def _distribute(made: JSON, groups: list[JSON], caller: Locality, rules: tuple[Distribute, ...]) -> None:
    shares = next((rule.to for rule in rules if covers(rule.source, caller)), None)
    if shares is None:
        return
    kept = []
    for pattern, share in shares.items():
        members = [group for group in groups if covers(pattern, _of(group)) and group not in kept]
        total = sum(group["load_balancing_weight"] for group in members)
        for group in members:
            group["load_balancing_weight"] = max(1, round(share * group["load_balancing_weight"] / total))
            kept.append(group)
    made["endpoints"] = [group for group in groups if group in kept]


def covers(pattern: str, one: Locality) -> bool:
    """Whether `region/zone/subzone`, with `*` for the rest, names a locality."""
    for wanted, part in zip(pattern.split("/"), (one.region, one.zone, one.subzone), strict=False):
        if wanted == "*":
            return True
        if wanted != part:
            return False
    return True

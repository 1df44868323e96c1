"""From a route's retry policy and the hosts tried so far to how the next host is chosen.

Rules:
- RA-110 predicates are asked on retries only; after host_selection_retry_max_attempts further
  selections the last one counts.
- RA-111 after every update_frequency attempts the priorities of all hosts tried so far get no load;
  when no available priority is left, everything starts anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from fastroute.action.retry import HostPredicate, RetryPolicy
from fastroute.core.balancers import Reselect
from fastroute.core.clusters import Cluster
from fastroute.core.endpoint import Endpoint

_Predicate = Callable[[Endpoint, Collection[Endpoint]], bool]
_LB = "envoy.lb"


def reselect(policy: RetryPolicy, tried: Sequence[Endpoint], cluster: Cluster) -> Reselect | None:
    """The `skip` of the next pick after the hosts in `tried`; None for a first attempt."""
    if not tried:
        return None
    return Reselect(
        tuple(tried),
        predicates=[_predicate(item) for item in policy.host_predicates],
        attempts=policy.host_attempts,
        tried=_excluded(policy.previous_priorities, tried, cluster),
    )


def _predicate(predicate: HostPredicate) -> _Predicate:
    if predicate.name == "previous_hosts":
        return lambda host, previous: any(str(host) == str(other) for other in previous)
    if predicate.name == "omit_canary_hosts":
        return lambda host, _: host.metadata.get(_LB, {}).get("canary") is True
    wanted = dict(predicate.metadata)
    return lambda host, _: bool(wanted) and _has(host, wanted)


def _has(host: Endpoint, wanted: dict[str, object]) -> bool:
    values = host.metadata.get(_LB, {})
    return all(name in values and values[name] == value for name, value in wanted.items())


def _excluded(frequency: int | None, tried: Sequence[Endpoint], cluster: Cluster) -> set[int]:
    loads = cluster.loads
    if frequency is None or loads is None:
        return set()
    available = {
        level
        for level, (health, degraded) in enumerate(zip(loads["health"], loads["degraded_health"], strict=True))
        if health + degraded
    }
    excluded: set[int] = set()
    counted: list[Endpoint] = []
    for host in tried:
        counted.append(host)
        if len(counted) % frequency == 0:
            excluded |= {other.priority for other in counted}
            if not available - excluded:
                excluded, counted = set(), []
    return excluded

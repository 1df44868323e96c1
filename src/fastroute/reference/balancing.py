"""One pick of a STATIC or EDS cluster, step by step, from the messages alone.

It covers what a random value and a hash decide: drops, priorities, health, panic, ring hash and Maglev,
random, and the candidates of the policies that take turns. The walk is the oracle of the core's picks
and tells why a host was chosen. Locality weights, zones and subsets are not walked: `None`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastroute.decision import Explanation, Step
from fastroute.records import record
from fastroute.reference import hash_tables
from fastroute.reference.priorities import Level, Loads, loads

_HEALTHY, _DEGRADED, _UNHEALTHY = range(3)
# core.v3.HealthStatus: UNKNOWN, HEALTHY, UNHEALTHY, DRAINING, TIMEOUT, DEGRADED.
_HEALTH = {0: _HEALTHY, 1: _HEALTHY, 2: _UNHEALTHY, 3: _UNHEALTHY, 4: _UNHEALTHY, 5: _DEGRADED}
_DRAINING = 3
_POLICIES = {0: "ROUND_ROBIN", 1: "LEAST_REQUEST", 2: "RING_HASH", 3: "RANDOM", 5: "MAGLEV"}
_HASHING = ("RING_HASH", "MAGLEV")
_DENOMINATORS = (100, 10_000, 1_000_000)


@record
class Host:
    """An endpoint as configured."""

    address: str
    key: bytes
    weight: int
    health: int
    draining: bool


def explain_pick(
    cluster: Any, assignment: Any, *, hash: int | None = None, random: int = 0, drop: int = 0
) -> Explanation | None:
    """The pick with its steps; the decision's `candidates` are the hosts that it is made from.

    `random` is the balancer's draw and `drop` that of drop_overloads. `endpoint` is None when Envoy
    answers 503, and absent where the policy takes turns among several candidates. None for a cluster
    that this walk does not cover.
    """
    if _beyond(cluster):
        return None
    policy = _POLICIES[cluster.lb_policy]
    told = assignment.policy
    for item in told.drop_overloads:
        share, whole = item.drop_percentage.numerator, _DENOMINATORS[item.drop_percentage.denominator]
        if drop % whole < share:
            step = Step("endpoint", cluster.name, "answered", f"dropped: {drop % whole} is below {share}", "DO-01")
            return Explanation({"cluster": cluster.name, "endpoint": None}, (step,))
    levels = _levels(assignment)
    found = loads([_level(hosts, told.weighted_priority_health) for hosts in levels], *_numbers(cluster, told))
    drawn = hash if hash is not None and policy in _HASHING else random
    level, degraded = found.choose(drawn)
    steps = [_level_step(cluster.name, found, drawn, level, degraded)]
    hosts = _candidates(levels[level], found.panic[level], degraded and policy not in _HASHING)
    chosen = _choose(cluster, policy, hosts, drawn)
    decision: dict[str, object] = {"cluster": cluster.name, "priority": level}
    decision["candidates"] = tuple(host.address for host in hosts)
    if not hosts or chosen is not None:
        decision["endpoint"] = None if chosen is None else chosen.address
    steps.append(_host_step(policy, hosts, chosen))
    return Explanation(decision, tuple(steps))


def _beyond(cluster: Any) -> bool:
    common = cluster.common_lb_config
    return bool(
        cluster.HasField("load_balancing_policy")
        or cluster.lb_subset_config.subset_selectors
        or cluster.lb_policy not in _POLICIES
        or common.WhichOneof("locality_config_specifier")
        or common.HasField("consistent_hashing_lb_config")
    )


def _levels(assignment: Any) -> list[list[Host]]:
    levels: list[list[Host]] = [[]]
    for group in assignment.endpoints:
        while len(levels) <= group.priority:
            levels.append([])
        levels[group.priority].extend(_host(item) for item in group.lb_endpoints)
    return levels


def _host(item: Any) -> Host:
    socket = item.endpoint.address.socket_address
    name = f"[{socket.address}]" if ":" in socket.address else socket.address
    address = f"{name}:{socket.port_value}"
    fields = item.metadata.filter_metadata
    # Reading a map of messages by an absent key would put it there.
    key = dict(fields["envoy.lb"].fields).get("hash_key") if "envoy.lb" in fields else None
    weight = item.load_balancing_weight.value if item.HasField("load_balancing_weight") else 1
    status = item.health_status
    return Host(
        address, ((key.string_value if key else "") or address).encode(), weight, _HEALTH[status], status == _DRAINING
    )


def _level(hosts: Sequence[Host], weighted: bool) -> Level:
    counted = [host for host in hosts if not host.draining]
    of = {health: [host for host in hosts if host.health == health] for health in (_HEALTHY, _DEGRADED)}
    weights = None
    if weighted:
        weights = (_weight(counted), _weight(of[_HEALTHY]), _weight(of[_DEGRADED]))
    return Level(len(hosts), len(hosts) - len(counted), len(of[_HEALTHY]), len(of[_DEGRADED]), weights)


def _weight(hosts: Sequence[Host]) -> int:
    return sum(host.weight for host in hosts)


def _numbers(cluster: Any, told: Any) -> tuple[int, int]:
    factor = told.overprovisioning_factor.value if told.HasField("overprovisioning_factor") else 140
    panic = cluster.common_lb_config
    threshold = panic.healthy_panic_threshold.value if panic.HasField("healthy_panic_threshold") else 50.0
    return factor, int(100 * (threshold / 100.0))


def _candidates(hosts: Sequence[Host], panic: bool, degraded: bool) -> list[Host]:
    if panic:
        return list(hosts)
    return [host for host in hosts if host.health == (_DEGRADED if degraded else _HEALTHY)]


def _choose(cluster: Any, policy: str, hosts: Sequence[Host], drawn: int) -> Host | None:
    if not hosts:
        return None
    if policy == "RANDOM":
        return hosts[drawn % len(hosts)]
    if policy not in _HASHING:
        return hosts[0] if len(hosts) == 1 else None
    keys, total = [host.key for host in hosts], _weight(hosts)
    weights = [host.weight / total for host in hosts]
    if policy == "MAGLEV":
        config = cluster.maglev_lb_config
        size = config.table_size.value if config.HasField("table_size") else 65537
        index = hash_tables.maglev_host(hash_tables.maglev(keys, weights, size), drawn)
    else:
        config = cluster.ring_hash_lb_config
        least = config.minimum_ring_size.value if config.HasField("minimum_ring_size") else 1024
        most = config.maximum_ring_size.value if config.HasField("maximum_ring_size") else 8_388_608
        murmur = config.hash_function == 1
        index = hash_tables.ring_host(hash_tables.ring(keys, weights, least, most, murmur=murmur), drawn)
    return None if index is None else hosts[index]


def _level_step(name: str, found: Loads, drawn: int, level: int, degraded: bool) -> Step:
    shares = ", ".join(f"{healthy}+{sick}" for healthy, sick in zip(found.healthy, found.degraded, strict=True))
    kind = "all hosts, in panic" if found.panic[level] else "degraded hosts" if degraded else "healthy hosts"
    reason = f"{drawn % 100 + 1} falls into priority {level} of the loads {shares}: {kind}"
    return Step("priority", f"{name} {level}", "chosen", reason, "LB-13" if found.panic[level] else "LB-12")


def _host_step(policy: str, hosts: Sequence[Host], chosen: Host | None) -> Step:
    if not hosts:
        return Step("endpoint", "", "answered", "there is no such host: 503, no healthy upstream", "LB-16")
    if chosen is None:
        return Step("endpoint", "", "kept", f"{policy} takes turns among {len(hosts)} hosts", "LB-30")
    rule = {"MAGLEV": "LB-66", "RING_HASH": "LB-62", "RANDOM": "LB-35"}.get(policy, "LB-32")
    return Step("endpoint", chosen.address, "chosen", f"{policy} over {len(hosts)} hosts", rule)

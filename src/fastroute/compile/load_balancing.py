"""`lb_policy` and its blocks to a policy of the core.

Rules:
- LB-81 a block of another policy (ring_hash_lb_config beside ROUND_ROBIN) is ignored.
- LB-13 percentages that Envoy turns into whole numbers are cut, after a division by 100 in double.
- CL-06 CLUSTER_PROVIDED belongs to cluster types that bring their own balancer.
- Runtime keys override panic threshold, zone routing and slow start where they are set.
"""

from __future__ import annotations

import math

from fastroute.compile.runtime import runtime_integer, runtime_number
from fastroute.core.balancers import Policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

Parameters = dict[str, object]

_LEGACY = ("round_robin", "least_request", "ring_hash", "random", None, "maglev", "cluster_provided", "typed")
"""Cluster.LbPolicy by number; 4 was ORIGINAL_DST_LB. CLUSTER_PROVIDED is 6, LOAD_BALANCING_POLICY_CONFIG 7."""

MAX_RING = 8_388_608
MAX_TABLE = 5_000_011


def whole_percent(value: float) -> int:
    """A percentage as the whole number that Envoy makes of it."""
    return int(100 * (value / 100.0))


def number(ctx: Context, key: str, default: int) -> int:
    """The runtime key's value where it is a whole number, else the default."""
    value = runtime_integer(ctx.runtime, key)
    return default if value is None else value


def common(ctx: Context, config: Any, path: str) -> Parameters:
    """CommonLbConfig, as parameters of any policy."""
    ctx.only(
        config,
        path,
        (
            "healthy_panic_threshold",
            "zone_aware_lb_config",
            "locality_weighted_lb_config",
            "consistent_hashing_lb_config",
            "ignore_new_hosts_until_first_hc",
            "override_host_status",
        ),
        inert=("update_merge_window", "close_connections_on_host_set_change"),
    )
    panic = whole_percent(config.healthy_panic_threshold.value) if config.HasField("healthy_panic_threshold") else 50
    found: Parameters = {"panic_threshold": min(100, number(ctx, "upstream.healthy_panic_threshold", panic))}
    which = config.WhichOneof("locality_config_specifier")
    if which == "locality_weighted_lb_config":
        found["locality_weighted"] = True
    zones = config.zone_aware_lb_config
    if which == "zone_aware_lb_config":
        ctx.only(
            zones, f"{path}.zone_aware_lb_config", ("routing_enabled", "min_cluster_size", "fail_traffic_on_panic")
        )
    found |= zone_aware(ctx, zones)
    found["ignore_new"] = config.ignore_new_hosts_until_first_hc
    if config.HasField("consistent_hashing_lb_config"):
        found |= consistent(ctx, config.consistent_hashing_lb_config, f"{path}.consistent_hashing_lb_config")
    return found


def zone_aware(ctx: Context, zones: Any) -> Parameters:
    """The three fields that both forms of ZoneAwareLbConfig have."""
    enabled = whole_percent(zones.routing_enabled.value) if zones.HasField("routing_enabled") else 100
    smallest = zones.min_cluster_size.value if zones.HasField("min_cluster_size") else 6
    return {
        "routing_enabled": min(100, number(ctx, "upstream.zone_routing.enabled", enabled)),
        "min_cluster_size": number(ctx, "upstream.zone_routing.min_cluster_size", smallest),
        "fail_traffic_on_panic": zones.fail_traffic_on_panic,
    }


def consistent(ctx: Context, config: Any, path: str) -> Parameters:
    """ConsistentHashingLbConfig, legacy or typed; a hash policy of the cluster is not supported."""
    ctx.only(config, path, ("use_hostname_for_hashing", "hash_balance_factor"))
    found: Parameters = {"use_hostname": config.use_hostname_for_hashing}
    if config.HasField("hash_balance_factor"):
        found["balance_factor"] = balance_factor(ctx, config.hash_balance_factor.value, f"{path}.hash_balance_factor")
    return found


def balance_factor(ctx: Context, value: int, path: str) -> int:
    """hash_balance_factor: at least 100, or 0 for none."""
    if 0 < value < 100:
        raise ctx.unsupported(path, "a hash_balance_factor below 100", remedy="Raise it to 100 at least.")
    return value


def slow_start(ctx: Context, config: Any, path: str) -> Parameters:
    """SlowStartConfig: the window in seconds, the aggression, the least share of the weight."""
    ctx.only(config, path, ("slow_start_window", "aggression", "min_weight_percent"))
    window = config.slow_start_window
    found: Parameters = {"slow_start_window": window.seconds + window.nanos // 1_000_000 / 1000}
    if config.HasField("aggression"):
        found["slow_start_aggression"] = runtime_double(ctx, config.aggression)
    if config.HasField("min_weight_percent"):
        found["slow_start_min_weight"] = config.min_weight_percent.value / 100.0
    return found


def runtime_double(ctx: Context, value: Any) -> float:
    """A RuntimeDouble: the runtime key's number where it is set, else the default."""
    found = runtime_number(ctx.runtime, value.runtime_key)
    return value.default_value if found is None else found


def round_robin(ctx: Context, config: Any, path: str) -> Parameters:
    """RoundRobinLbConfig."""
    ctx.only(config, path, ("slow_start_config",))
    if not config.HasField("slow_start_config"):
        return {}
    return slow_start(ctx, config.slow_start_config, f"{path}.slow_start_config")


def least_request(ctx: Context, config: Any, path: str) -> Parameters:
    """LeastRequestLbConfig: two choices, bias 1.0 unless told."""
    ctx.only(config, path, ("choice_count", "active_request_bias", "slow_start_config"))
    return least_request_fields(ctx, config, path)


def least_request_fields(ctx: Context, config: Any, path: str) -> Parameters:
    """What the legacy and the typed form have in common."""
    found: Parameters = {}
    if config.HasField("choice_count"):
        found["choices"] = config.choice_count.value
    if config.HasField("active_request_bias"):
        bias = runtime_double(ctx, config.active_request_bias)
        found["active_request_bias"] = 1.0 if math.isnan(bias) or bias < 0 else bias
    if config.HasField("slow_start_config"):
        found |= slow_start(ctx, config.slow_start_config, f"{path}.slow_start_config")
    return found


def ring_sizes(ctx: Context, config: Any, path: str) -> Parameters:
    """The sizes of a ring: 1024 to 8388608 unless told; the legacy and the typed form alike."""
    least = config.minimum_ring_size.value if config.HasField("minimum_ring_size") else 1024
    most = config.maximum_ring_size.value if config.HasField("maximum_ring_size") else MAX_RING
    for name, value in (("minimum_ring_size", least), ("maximum_ring_size", most)):
        if value > MAX_RING:
            raise ctx.unsupported(f"{path}.{name}", f"a ring of more than {MAX_RING} entries", remedy="Lower it.")
    if least > most:
        raise ctx.reject(path, f"ring hash: minimum_ring_size ({least}) > maximum_ring_size ({most})")
    return {"minimum": least, "maximum": most}


def ring_hash(ctx: Context, config: Any, path: str) -> Parameters:
    """RingHashLbConfig; hash_function 0 is XX_HASH, 1 MURMUR_HASH_2."""
    ctx.only(config, path, ("minimum_ring_size", "maximum_ring_size", "hash_function"))
    return {**ring_sizes(ctx, config, path), "murmur": config.hash_function == 1}


def maglev(ctx: Context, config: Any, path: str) -> Parameters:
    """MaglevLbConfig: a prime size, 65537 unless told."""
    ctx.only(config, path, ("table_size",))
    return table_size(ctx, config, path)


def table_size(ctx: Context, config: Any, path: str) -> Parameters:
    """The size of a Maglev table. In a typed policy Envoy checks no bounds, and crashes on 1: undecided here."""
    size = config.table_size.value if config.HasField("table_size") else 65537
    if size > MAX_TABLE:
        raise ctx.unsupported(f"{path}.table_size", f"a table of more than {MAX_TABLE} entries", remedy="Lower it.")
    if size == 1:
        raise ctx.unsupported(f"{path}.table_size", "Envoy 1.40 crashes on a Maglev table of 1", remedy="Raise it.")
    if not _is_prime(size):
        remedy = f"{size} is none: use another, such as 65537."
        raise ctx.reject(f"{path}.table_size", "The table size of maglev must be prime number", remedy=remedy)
    return {"table_size": size}


def _is_prime(value: int) -> bool:
    return value > 1 and all(value % divisor for divisor in range(2, math.isqrt(value) + 1))


_BLOCKS = {
    "round_robin": ("round_robin_lb_config", round_robin),
    "least_request": ("least_request_lb_config", least_request),
    "ring_hash": ("ring_hash_lb_config", ring_hash),
    "maglev": ("maglev_lb_config", maglev),
}


def legacy(ctx: Context, cluster: Any, cluster_type: str) -> Policy:
    """The policy of `lb_policy`, `common_lb_config` and the block of that policy."""
    kind = _LEGACY[cluster.lb_policy]
    if kind == "typed":
        raise ctx.reject("load_balancing_policy", "cluster: field load_balancing_policy need to be set")
    if kind is None or kind == "cluster_provided":
        raise ctx.reject("lb_policy", f"cluster provided LB specified but cluster '{cluster.name}' did not provide one")
    found = common(ctx, cluster.common_lb_config, "common_lb_config")
    if found.get("use_hostname") and cluster_type not in ("STRICT_DNS", "LOGICAL_DNS"):
        raise ctx.reject(
            "common_lb_config.consistent_hashing_lb_config.use_hostname_for_hashing",
            f"Cannot use hostname for consistent hashing loadbalancing for cluster of type: '{cluster_type}'",
        )
    if kind in _BLOCKS:
        name, read = _BLOCKS[kind]
        found |= read(ctx, getattr(cluster, name), name)
    return Policy(kind, found)

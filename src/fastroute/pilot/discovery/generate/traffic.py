"""What traffic policies do to a cluster.

A policy is put together first: the rule's, then the subset's over it field by field, and the settings of
the port replace both for that port. Then each part is written into the cluster:

- connection pool: circuit breakers (unlimited unless said), timeouts, keep-alive, HTTP options;
- outlier detection: counts are enforced fully or not at all, and the panic threshold falls to zero;
- load balancer: policy, hash table sizes, slow start;
- locality settings take effect only together with outlier detection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.registry.policies import (
    ClientTLS,
    ConnectionPool,
    ConsistentHash,
    LoadBalancer,
    OutlierDetection,
    PortPolicy,
    TrafficPolicy,
)
from fastroute.pilot.profiles import Profile

UNLIMITED: Final = 4294967295
_SIMPLE: Final = {
    "ROUND_ROBIN": "ROUND_ROBIN",
    "LEAST_REQUEST": "LEAST_REQUEST",
    "LEAST_CONN": "LEAST_REQUEST",
    "RANDOM": "RANDOM",
    "PASSTHROUGH": "CLUSTER_PROVIDED",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The policy that holds for one cluster."""

    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None


def settings(rule: TrafficPolicy | None, subset: TrafficPolicy | None, port: int) -> Settings:
    """Put together what a rule and its subset say about a port."""
    parts = [_for_port(policy, port) for policy in (subset, rule) if policy is not None]
    return Settings(
        next((part.load_balancer for part in parts if part.load_balancer), None),
        next((part.connection_pool for part in parts if part.connection_pool), None),
        next((part.outlier_detection for part in parts if part.outlier_detection), None),
        next((part.tls for part in parts if part.tls), None),
    )


def _for_port(policy: TrafficPolicy, port: int) -> TrafficPolicy | PortPolicy:
    return next((one for one in policy.port_level_settings if one.port.number == port), policy)


def apply(cluster: JSON, what: Settings, profile: Profile) -> None:
    """Write everything but TLS and the upstream's protocol into `cluster`."""
    _pool(cluster, what.connection_pool or ConnectionPool(), profile)
    if what.outlier_detection is not None:
        _outliers(cluster, what.outlier_detection)
        setting = what.load_balancer.locality_lb_setting if what.load_balancer is not None else None
        if setting is not None and setting.distribute and setting.enabled is not False:
            cluster["common_lb_config"]["locality_weighted_lb_config"] = {}
    _balance(cluster, what.load_balancer, profile)


def breakers(profile: Profile, pool: ConnectionPool | None = None) -> JSON:
    """Circuit breakers: no limit except where a rule sets one."""
    tcp, http = (pool or ConnectionPool()).tcp, (pool or ConnectionPool()).http
    limits = {
        "max_connections": tcp.max_connections,
        "max_pending_requests": http.http1_max_pending_requests,
        "max_requests": http.http2_max_requests,
        "max_retries": http.max_retries,
    }
    threshold: JSON = {name: int(value) if value else UNLIMITED for name, value in limits.items()}
    if profile.track_remaining:
        threshold["track_remaining"] = True
    return {"thresholds": [threshold]}


def _pool(cluster: JSON, pool: ConnectionPool, profile: Profile) -> None:
    cluster["circuit_breakers"] = breakers(profile, pool)
    if pool.tcp.connect_timeout is not None:
        cluster["connect_timeout"] = str(pool.tcp.connect_timeout)
    keepalive = pool.tcp.tcp_keepalive
    if keepalive is not None:
        said: JSON = {"keepalive_probes": int(keepalive.probes)} if keepalive.probes else {}
        for name, value in (("keepalive_time", keepalive.time), ("keepalive_interval", keepalive.interval)):
            if value is not None:
                said[name] = value.nanoseconds // 10**9
        cluster["upstream_connection_options"] = {"tcp_keepalive": said}


def http_options(pool: ConnectionPool) -> JSON:
    """`common_http_protocol_options` of a pool; empty if it says nothing."""
    options: JSON = {}
    if pool.http.idle_timeout is not None:
        options["idle_timeout"] = str(pool.http.idle_timeout)
    if pool.http.max_requests_per_connection:
        options["max_requests_per_connection"] = int(pool.http.max_requests_per_connection)
    if pool.tcp.max_connection_duration is not None:
        options["max_connection_duration"] = str(pool.tcp.max_connection_duration)
    return options


def _outliers(cluster: JSON, outliers: OutlierDetection) -> None:
    said: JSON = {"enforcing_success_rate": 0}
    errors = outliers.consecutive_5xx_errors
    if errors is None:
        errors = outliers.consecutive_errors
    if errors is not None:
        said["consecutive_5xx"] = int(errors)
        said["enforcing_consecutive_5xx"] = 100 if errors else 0
    if outliers.consecutive_gateway_errors is not None:
        said["consecutive_gateway_failure"] = int(outliers.consecutive_gateway_errors)
        said["enforcing_consecutive_gateway_failure"] = 100 if outliers.consecutive_gateway_errors else 0
    if outliers.split_external_local_origin_errors:
        said["split_external_local_origin_errors"] = True
        if (local := outliers.consecutive_local_origin_failures) is not None:
            said["consecutive_local_origin_failure"] = int(local)
            said["enforcing_consecutive_local_origin_failure"] = 100 if local else 0
    for name in ("interval", "base_ejection_time"):
        if (value := getattr(outliers, name)) is not None:
            said[name] = str(value)
    if outliers.max_ejection_percent:
        said["max_ejection_percent"] = int(outliers.max_ejection_percent)
    cluster["outlier_detection"] = said
    common = cluster.setdefault("common_lb_config", {})
    common["healthy_panic_threshold"] = {"value": int(outliers.min_health_percent or 0)}


def _balance(cluster: JSON, balancer: LoadBalancer | None, profile: Profile) -> None:
    if cluster.get("lb_policy") == "CLUSTER_PROVIDED":
        return
    cluster["lb_policy"] = profile.load_balancer
    if balancer is None:
        return
    if balancer.consistent_hash is not None:
        _hash_table(cluster, balancer.consistent_hash)
    elif balancer.simple is not None and balancer.simple != "UNSPECIFIED":
        cluster["lb_policy"] = _SIMPLE[balancer.simple]
    if cluster["lb_policy"] == "CLUSTER_PROVIDED":
        cluster["type"] = "ORIGINAL_DST"
        cluster.pop("eds_cluster_config", None)
        cluster.pop("load_assignment", None)
        cluster.pop("cluster_type", None)
    _slow_start(cluster, balancer)


def _hash_table(cluster: JSON, by: ConsistentHash) -> None:
    if by.maglev is not None:
        cluster["lb_policy"] = "MAGLEV"
        if by.maglev.table_size:
            cluster["maglev_lb_config"] = {"table_size": int(by.maglev.table_size)}
        return
    size = by.ring_hash.minimum_ring_size if by.ring_hash is not None else by.minimum_ring_size
    cluster["lb_policy"] = "RING_HASH"
    cluster["ring_hash_lb_config"] = {"minimum_ring_size": int(size or 1024)}


def _slow_start(cluster: JSON, balancer: LoadBalancer) -> None:
    window = balancer.warmup.duration if balancer.warmup is not None else balancer.warmup_duration_secs
    keys = {"ROUND_ROBIN": "round_robin_lb_config", "LEAST_REQUEST": "least_request_lb_config"}
    if window is None or cluster["lb_policy"] not in keys:
        return
    said: JSON = {"slow_start_window": str(window), "min_weight_percent": {"value": 10.0}}
    if balancer.warmup is not None:
        if balancer.warmup.minimum_percent is not None:
            said["min_weight_percent"] = {"value": balancer.warmup.minimum_percent}
        if balancer.warmup.aggression is not None:
            said["aggression"] = {"default_value": balancer.warmup.aggression, "runtime_key": ""}
    cluster[keys[cluster["lb_policy"]]] = {"slow_start_config": said}

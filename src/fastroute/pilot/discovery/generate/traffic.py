"""What traffic policies do to a cluster.

A policy is put together first: the rule's, then the subset's over it field by field, and the settings of
the port replace both for that port. Then each part is written into the cluster:

- connection pool: circuit breakers (unlimited unless said), retry budget, timeouts, keep-alive, HTTP options;
- outlier detection: counts are enforced fully or not at all, and the panic threshold falls to zero;
- load balancer: policy, hash table sizes, slow start, weights of localities.

Tunnel, PROXY protocol and retry budget are not part of a port's settings; those of the rule hold beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.model.distribution import SETTINGS
from fastroute.pilot.discovery.model.rules import Policy
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.registry.balancers import ConsistentHash, LoadBalancer, LocalitySetting
from fastroute.pilot.discovery.registry.mesh import MeshConfig
from fastroute.pilot.discovery.registry.policies import (
    ClientTLS,
    ConnectionPool,
    Keepalive,
    OutlierDetection,
    PortPolicy,
    ProxyProtocol,
    RetryBudget,
    Subset,
    TrafficPolicy,
    Tunnel,
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
    tunnel: Tunnel | None = None
    proxy_protocol: ProxyProtocol | None = None
    retry_budget: RetryBudget | None = None


NOTHING: Final = Settings()


def settings(policy: Policy | None, subset: Subset | None, port: int) -> Settings:
    """Put together what a host's policy and one of its subsets say about a port."""
    rule = policy.spec.traffic_policy if policy is not None else None
    narrow = subset.traffic_policy if subset is not None else None
    whole = [one for one in (narrow, rule) if one is not None]
    if not whole:
        return NOTHING
    parts = [_for_port(one, port) for one in whole]
    if narrow is not None and parts[0] is not narrow:
        parts = parts[:1]
    return Settings(
        next((part.load_balancer for part in parts if part.load_balancer), None),
        next((part.connection_pool for part in parts if part.connection_pool), None),
        next((part.outlier_detection for part in parts if part.outlier_detection), None),
        next((part.tls for part in parts if part.tls), None),
        next((one.tunnel for one in whole if one.tunnel), None),
        next((one.proxy_protocol for one in whole if one.proxy_protocol), None),
        next((one.retry_budget for one in whole if one.retry_budget), None),
    )


def _for_port(policy: TrafficPolicy, port: int) -> TrafficPolicy | PortPolicy:
    return next((one for one in policy.port_level_settings if one.port.number == port), policy)


def hashing(what: Settings) -> ConsistentHash | None:
    """What requests to a cluster are hashed by."""
    return what.load_balancer.consistent_hash if what.load_balancer is not None else None


def locality_setting(what: Settings, mesh: MeshConfig, service: Service) -> tuple[LocalitySetting | None, bool]:
    """The locality setting that holds for a cluster (None when it is switched off), and whether it fails over.

    A rule's goes before what the service itself prefers, and that before the mesh's.
    """
    own = what.load_balancer.locality_lb_setting if what.load_balancer is not None else None
    if own is None and service.distribution:
        return SETTINGS[service.distribution], True
    setting = own if own is not None else mesh.locality_lb_setting
    return None if setting.enabled is False else setting, what.outlier_detection is not None


def apply(cluster: JSON, what: Settings, profile: Profile, mesh: MeshConfig, service: Service) -> None:
    """Write everything but TLS and the upstream's protocol into `cluster`."""
    limit(cluster, what.connection_pool or ConnectionPool(), profile, mesh, what.retry_budget)
    if what.outlier_detection is not None:
        _outliers(cluster, what.outlier_detection)
    _balance(cluster, what.load_balancer, profile)
    if cluster["lb_policy"] != "CLUSTER_PROVIDED" and _weighs_localities(what, mesh, service):
        cluster.setdefault("common_lb_config", {})["locality_weighted_lb_config"] = {}


def _weighs_localities(what: Settings, mesh: MeshConfig, service: Service) -> bool:
    setting, fails_over = locality_setting(what, mesh, service)
    if setting is None:
        return False
    return bool(setting.distribute or (fails_over and (setting.failover or setting.failover_priority)))


def breakers(profile: Profile, pool: ConnectionPool | None = None, budget: RetryBudget | None = None) -> JSON:
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
    if budget is not None:
        threshold["retry_budget"] = _budget(budget)
    return {"thresholds": [threshold]}


def _budget(budget: RetryBudget) -> JSON:
    made: JSON = {
        "budget_percent": {"value": 20.0 if budget.percent is None else budget.percent},
        "min_retry_concurrency": int(budget.min_retry_concurrency or 3),
    }
    if budget.budget_interval is not None:
        made["budget_interval"] = str(budget.budget_interval)
    return made


def limit(
    cluster: JSON, pool: ConnectionPool, profile: Profile, mesh: MeshConfig, budget: RetryBudget | None = None
) -> None:
    """Write what a connection pool says, HTTP options aside."""
    cluster["circuit_breakers"] = breakers(profile, pool, budget)
    if pool.tcp.connect_timeout is not None:
        cluster["connect_timeout"] = str(pool.tcp.connect_timeout)
    said = [one for one in (mesh.tcp_keepalive, pool.tcp.tcp_keepalive) if one is not None]
    if said:
        merged = {name: value for one in said for name, value in _keepalive(one).items()}
        cluster["upstream_connection_options"] = {"tcp_keepalive": merged}


def _keepalive(one: Keepalive) -> JSON:
    made: JSON = {"keepalive_probes": int(one.probes)} if one.probes else {}
    for name, value in (("keepalive_time", one.time), ("keepalive_interval", one.interval)):
        if value is not None:
            made[name] = value.nanoseconds // 10**9
    return made


def http_options(pool: ConnectionPool) -> JSON:
    """`common_http_protocol_options` of a pool; empty if it says nothing."""
    options: JSON = {}
    idle = pool.http.idle_timeout if pool.http.idle_timeout is not None else pool.tcp.idle_timeout
    if idle is not None:
        options["idle_timeout"] = str(idle)
    if pool.http.max_requests_per_connection:
        options["max_requests_per_connection"] = int(pool.http.max_requests_per_connection)
    if pool.tcp.max_connection_duration is not None:
        options["max_connection_duration"] = str(pool.tcp.max_connection_duration)
    return options


def http2_options(pool: ConnectionPool) -> JSON:
    """`http2_protocol_options` of a pool."""
    options: JSON = {}
    if pool.http.max_concurrent_streams:
        options["max_concurrent_streams"] = int(pool.http.max_concurrent_streams)
    pings = pool.http.http2_keep_alive
    if pings is not None and pings.timeout is not None:
        options["connection_keepalive"] = {"timeout": str(pings.timeout)}
        if pings.interval is not None:
            options["connection_keepalive"]["interval"] = str(pings.interval)
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
        said["enforcing_local_origin_success_rate"] = 0
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
    cluster["lb_policy"] = "RING_HASH"
    size = by.ring_hash.minimum_ring_size if by.ring_hash is not None else by.minimum_ring_size or 1024
    if size:
        cluster["ring_hash_lb_config"] = {"minimum_ring_size": int(size)}


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

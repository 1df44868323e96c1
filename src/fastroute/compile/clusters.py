"""Cluster messages to clusters of the core.

    compile_cluster(resource, assignment, ctx)    a cluster with its hosts
    update_cluster(cluster, assignment, ctx)      other hosts for a cluster in use (EDS)
    resolve_cluster(cluster, resolve, ctx)        hosts of a DNS cluster, from a resolver

Rules:
- CL-01 the type is STATIC unless told; `cluster_types` has the extensions that are taken.
- CL-03 a DNS cluster has no hosts until its names are resolved; nothing here asks a name server.
- CL-07 an aggregate has CLUSTER_PROVIDED; its clusters are looked up when clusters are linked.
- CL-04 an EDS cluster needs eds_config, no other cluster may have it; its assignment is named
  service_name, or else like the cluster. Without an assignment it has no hosts.
- CL-05 an ORIGINAL_DST cluster has CLUSTER_PROVIDED and neither hosts nor subsets.
- LB-02 with active health checks a host counts as failed until its first report.

Fields that change neither the choice of a host nor the request are inert: timeouts of connections,
buffers, transport sockets, protocols, statistics, DNS timing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastroute.api.anys import unpack
from fastroute.api.pool import type_name
from fastroute.compile import cluster_types, typed_policies
from fastroute.compile import subsets as legacy_subsets
from fastroute.compile.cluster_info import ClusterInfo, Query
from fastroute.compile.cluster_limits import add_limits
from fastroute.compile.endpoints import Assignment, Reader, Resolve, metadata
from fastroute.compile.load_balancing import common, legacy
from fastroute.core.balancers import Policy
from fastroute.core.clusters import Cluster

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context
    from fastroute.config.resources import Resource
    from fastroute.core.endpoint import Locality

_TYPES = ("STATIC", "STRICT_DNS", "LOGICAL_DNS", "EDS", "ORIGINAL_DST")
_PROVIDED = 6
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

_HANDLED = (
    "name",
    "type",
    "cluster_type",
    "eds_cluster_config",
    "lb_policy",
    "load_assignment",
    "health_checks",
    "circuit_breakers",
    "outlier_detection",
    "typed_extension_protocol_options",
    "dns_lookup_family",
    "lb_subset_config",
    "ring_hash_lb_config",
    "maglev_lb_config",
    "original_dst_lb_config",
    "least_request_lb_config",
    "round_robin_lb_config",
    "common_lb_config",
    "metadata",
    "filters",
    "load_balancing_policy",
    "ignore_health_on_host_removal",
)
_INERT = (
    "alt_stat_name",
    "stats_matcher",
    "connect_timeout",
    "per_connection_buffer_limit_bytes",
    "per_connection_buffer_high_watermark_timeout",
    "max_requests_per_connection",
    "upstream_http_protocol_options",
    "common_http_protocol_options",
    "http_protocol_options",
    "http2_protocol_options",
    "dns_refresh_rate",
    "dns_jitter",
    "dns_failure_refresh_rate",
    "respect_dns_ttl",
    "dns_resolvers",
    "use_tcp_for_dns_lookups",
    "dns_resolution_config",
    "typed_dns_resolver_config",
    "wait_for_warm_on_init",
    "cleanup_interval",
    "upstream_bind_config",
    "transport_socket",
    "transport_socket_matches",
    "transport_socket_matcher",
    "protocol_selection",
    "upstream_connection_options",
    "close_connections_on_host_health_failure",
    "lrs_server",
    "lrs_report_endpoint_metrics",
    "track_timeout_budgets",
    "track_cluster_stats",
    "preconnect_policy",
    "connection_pool_per_downstream_connection",
)


def compile_cluster(
    resource: Resource,
    assignment: Resource | None,
    ctx: Context,
    *,
    previous: Cluster | None = None,
    local: Locality | None = None,
) -> Cluster:
    """The cluster of `resource`, with the hosts of `assignment` when its type is EDS.

    `previous` is the cluster of the same name that it takes the place of: hosts that stay keep their
    state. `local` is the caller's own locality (the node's). Raises `RejectedError` for what Envoy
    refuses and `UnsupportedError` for what cannot be decided exactly.
    """
    message: Any = resource.message
    ctx = ctx.for_resource(resource, "Cluster")
    ctx.only(message, "", _HANDLED, _INERT)
    if not message.name:
        ctx.gather(ctx.reject("name", "value length must be at least 1 characters"))
    ctx.attempt(None, _check_extensions, message, ctx)
    kind = _kind(message, ctx)
    info = _info(resource, message, kind, ctx)
    policy = ctx.attempt(Policy("round_robin"), _policy, message, kind, ctx)
    continues = previous is not None and _info_of(previous).resource is resource
    cluster = Cluster(message.name, policy, kind=kind, previous=previous, local=local, info=info, continues=continues)
    add_limits(cluster, message, ctx, previous)
    if kind in ("STATIC", "STRICT_DNS", "LOGICAL_DNS"):
        _replace(cluster, _read(cluster, message.load_assignment, ctx, "load_assignment", _literal(kind)))
    elif kind == "EDS":
        update_cluster(cluster, assignment, ctx)
    return cluster


def update_cluster(cluster: Cluster, assignment: Resource | None, ctx: Context) -> None:
    """Put the hosts of a load assignment in force; None takes all hosts away. Picks go on meanwhile."""
    if assignment is None:
        cluster.replace([])
        return
    ctx = ctx.for_resource(assignment, "ClusterLoadAssignment")
    _replace(cluster, _read(cluster, assignment.message, ctx, "", None))


def resolve_cluster(cluster: Cluster, resolve: Resolve, ctx: Context) -> None:
    """Put the hosts of a DNS cluster in force: `resolve` gives the addresses of each of its names."""
    info = _info_of(cluster)
    message: Any = info.resource.message
    ctx = ctx.for_resource(info.resource, "Cluster")
    _replace(cluster, _read(cluster, message.load_assignment, ctx, "load_assignment", resolve))


def is_dns(cluster: Cluster) -> bool:
    """Whether the cluster asks for names."""
    return isinstance(cluster.info, ClusterInfo) and len(cluster.info.queries) > 0


def resolve_names(cluster: Cluster, lookup: Callable[[str, str], Iterable[str]], ctx: Context) -> None:
    """`resolve_cluster` with a lookup that is told the cluster's DnsLookupFamily; IP addresses are themselves."""
    families = {query.name: query.family for query in _info_of(cluster).queries}
    resolve_cluster(cluster, lambda name: lookup(name, families[name]) if name in families else [name], ctx)


def _info_of(cluster: Cluster) -> ClusterInfo:
    assert isinstance(cluster.info, ClusterInfo)
    return cluster.info


def _read(cluster: Cluster, message: Any, ctx: Context, path: str, resolve: Resolve | None) -> Assignment:
    info = _info_of(cluster)
    reader = Reader(
        ctx,
        first_only=cluster.kind == "EDS",
        resolve=resolve,
        logical=info.logical,
        weights=info.locality_weights,
        hashed=cluster.policy.hashes,
    )
    return reader.read(message, path)


def _replace(cluster: Cluster, found: Assignment) -> None:
    cluster.replace(
        found.levels,
        drop=found.drop,
        drop_of=found.drop_of,
        factor=found.factor,
        weighted_health=found.weighted_health,
        checked=_info_of(cluster).health_checked,
        keep_removed=_info_of(cluster).keep_removed,
    )


def _literal(kind: str) -> Resolve | None:
    """Before anybody resolved its names, a DNS cluster has the hosts that are IP addresses already."""
    return None if kind == "STATIC" else lambda name: [name] if cluster_types.is_ip(name) else []


def _kind(message: Any, ctx: Context) -> str:
    kind = cluster_types.extension_kind(message, ctx) if message.HasField("cluster_type") else _TYPES[message.type]
    if kind == "EDS" and not message.eds_cluster_config.HasField("eds_config"):
        ctx.gather(ctx.reject("eds_cluster_config", "cannot create an EDS cluster without an EDS config"))
    if kind != "EDS" and message.HasField("eds_cluster_config"):
        ctx.gather(ctx.reject("eds_cluster_config", "eds_cluster_config set in a non-EDS cluster"))
    if kind == "ORIGINAL_DST" and message.HasField("load_assignment"):
        ctx.gather(ctx.reject("load_assignment", "ORIGINAL_DST clusters must have no load assignment configured"))
    return kind


def _info(resource: Resource, message: Any, kind: str, ctx: Context) -> ClusterInfo:
    names: tuple[Query, ...] = ()
    if kind in ("STRICT_DNS", "LOGICAL_DNS"):
        names = ctx.attempt((), cluster_types.dns_names, message, ctx, logical=kind == "LOGICAL_DNS")
    eds = message.eds_cluster_config
    checked = len(message.health_checks) > 0
    return ClusterInfo(
        resource,
        eds_name=(eds.service_name or message.name) if kind == "EDS" else "",
        queries=names,
        children=cluster_types.aggregate_names(message) if kind == "aggregate" else (),
        logical=kind == "LOGICAL_DNS",
        locality_weights=_uses_locality_weights(message),
        health_checked=checked,
        keep_removed=checked and not message.ignore_health_on_host_removal,
        metadata=metadata(message.metadata),
    )


def _uses_locality_weights(message: Any) -> Any:
    return message.HasField("load_balancing_policy") or message.common_lb_config.HasField("locality_weighted_lb_config")


def _policy(message: Any, kind: str, ctx: Context) -> Policy:
    subsets = message.lb_subset_config
    if kind == "ORIGINAL_DST":
        if message.lb_policy != _PROVIDED:
            wrong = "cluster: LB policy is not valid for Cluster type ORIGINAL_DST. Only 'CLUSTER_PROVIDED' is allowed"
            ctx.gather(ctx.reject("lb_policy", wrong))
        if subsets.subset_selectors:
            wrong = "cluster: LB policy CLUSTER_PROVIDED cannot be combined with lb_subset_config"
            ctx.gather(ctx.reject("lb_subset_config", wrong))
        return _original_dst(message.original_dst_lb_config, ctx)
    if kind == "aggregate":
        return _aggregate(message, ctx)
    if message.HasField("load_balancing_policy"):
        _check_no_legacy(message, ctx)
        shared = common(ctx, message.common_lb_config, "common_lb_config")
        return typed_policies.typed(ctx, message.load_balancing_policy, "load_balancing_policy", shared, message.name)
    policy = ctx.attempt(Policy("round_robin"), legacy, ctx, message, kind)
    if not subsets.subset_selectors:
        return policy
    if subsets.locality_weight_aware and not _uses_locality_weights(message):
        raise ctx.unsupported(
            "lb_subset_config.locality_weight_aware",
            "Envoy 1.40 crashes on this without locality weights",
            remedy="Set common_lb_config.locality_weighted_lb_config, or remove the field.",
        )
    return legacy_subsets.legacy_subset(ctx, subsets, policy)


def _check_no_legacy(message: Any, ctx: Context) -> None:
    if message.HasField("lb_subset_config"):
        wrong = "cluster: load_balancing_policy cannot be combined with lb_subset_config"
        ctx.gather(ctx.reject("lb_subset_config", wrong))
    config = message.common_lb_config
    if config.WhichOneof("locality_config_specifier") or config.HasField("consistent_hashing_lb_config"):
        wrong = (
            "cluster: load_balancing_policy cannot be combined with partial fields (zone_aware_lb_config, "
            "locality_weighted_lb_config, consistent_hashing_lb_config) of common_lb_config"
        )
        ctx.gather(ctx.reject("common_lb_config", wrong))


def _aggregate(message: Any, ctx: Context) -> Policy:
    if message.lb_policy != _PROVIDED:
        ctx.gather(ctx.reject("lb_policy", "aggregate clusters need the lb_policy CLUSTER_PROVIDED"))
    shared = common(ctx, message.common_lb_config, "common_lb_config")
    return Policy("aggregate", {**shared, "clusters": cluster_types.aggregate_names(message)})


def _original_dst(config: Any, ctx: Context) -> Policy:
    path = "original_dst_lb_config"
    ctx.only(config, path, ("use_http_header", "http_header_name", "upstream_port_override", "metadata_key"))
    parameters: dict[str, object] = {"port_override": config.upstream_port_override.value}
    if config.use_http_header:
        parameters["header"] = config.http_header_name.lower() or "x-envoy-original-dst-host"
    if config.HasField("metadata_key"):
        key = config.metadata_key
        parameters["metadata_key"] = (key.key, tuple(step.key for step in key.path))
    return Policy("original_dst", parameters)


def _check_extensions(message: Any, ctx: Context) -> None:
    """Options that could change a request, and filters that Envoy does not have."""
    for name, packed in sorted(message.typed_extension_protocol_options.items()):
        path = f'typed_extension_protocol_options["{name}"]'
        options = unpack(packed, path=path)
        if options.DESCRIPTOR.full_name == _HTTP_OPTIONS:
            known = [field.name for field in options.DESCRIPTOR.fields if field.name not in _DECIDING]
            ctx.only(options, path, (), inert=known)
    if message.health_checks:
        ctx.look_into(message.DESCRIPTOR.fields_by_name["health_checks"], message.health_checks, "health_checks")
    for index, item in enumerate(message.filters):
        # Envoy 1.40 has one upstream network filter, whose configuration is empty and which chooses nothing.
        ctx.only(item, f"filters[{index}]", ("name", "typed_config"))
        empty = type_name(item.typed_config.type_url) == "google.protobuf.Empty"
        if not empty and not item.HasField("config_discovery"):
            path = f"filters[{index}].typed_config"
            wrong = f"Didn't find a registered implementation for '{item.name}'"
            error = ctx.reject(path, wrong, remedy="Remove the filter: Envoy 1.40 does not have it.")
            ctx.tolerate(error, "the filter is ignored; hosts are chosen as without it")


_DECIDING = ("http_filters", "request_mirror_policies", "hash_policy", "retry_policy", "outlier_detection")
"""Fields of HttpProtocolOptions that take part in decisions."""

"""`load_balancing_policy`: the typed policies of Envoy 1.40.

Rules:
- LB-80 the first policy of the list whose extension Envoy has is used; it excludes lb_subset_config
  and the parts of common_lb_config that belong to policies.
- LB-82 Envoy has round_robin, least_request, random, ring_hash, maglev, subset, cluster_provided,
  client_side_weighted_round_robin, wrr_locality, override_host, load_aware_locality and dynamic
  modules; the last two are not supported here.
- LB-84 each source of override_host is exactly one of header and metadata; a fallback is required.
- LB-86 wrr_locality takes client_side_weighted_round_robin alone.
"""

from __future__ import annotations

from collections.abc import Callable

from fastroute.api.anys import is_unknown, unpack
from fastroute.compile import load_balancing as lb
from fastroute.compile.subsets import typed_subset
from fastroute.core.balancers import Policy
from fastroute.errors import ParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

Parameters = dict[str, object]
_PREFIX = "envoy.extensions.load_balancing_policies."
_DAMAGED = "bytes"


def typed(ctx: Context, config: Any, path: str, shared: Parameters, name: str) -> Policy:
    """The policy of a LoadBalancingPolicy message; `shared` are the parameters of common_lb_config."""
    tried = []
    for index, item in enumerate(config.policies):
        extension = item.typed_extension_config
        here = f"{path}.policies[{index}].typed_extension_config.typed_config"
        tried.append(extension.name)
        try:
            message = unpack(extension.typed_config, path=here)
        except ParseError as error:
            if error.code == _DAMAGED:
                raise ctx.reject(error.path, error.message, code=error.code) from None
            continue
        kind = message.DESCRIPTOR.full_name.removeprefix(_PREFIX).partition(".")[0]
        if is_unknown(message) or not message.DESCRIPTOR.full_name.startswith(_PREFIX) or kind == "pick_first":
            continue
        if kind not in _READERS:
            raise ctx.unsupported(here, f"the load balancing policy {kind} is not supported")
        return _READERS[kind](ctx, message, here, shared, name)
    raise ctx.reject(
        path,
        f"didn't find a registered load balancer factory implementation for cluster: '{name}' "
        f"with names from [{', '.join(tried)}]",
    )


def _locality(ctx: Context, config: Any, path: str) -> Parameters:
    """LocalityLbConfig, of round robin, least request and random."""
    which = config.WhichOneof("locality_config_specifier")
    if which == "locality_weighted_lb_config":
        return {"locality_weighted": True}
    zones = config.zone_aware_lb_config
    ctx.only(
        zones,
        f"{path}.zone_aware_lb_config",
        (
            "routing_enabled",
            "min_cluster_size",
            "fail_traffic_on_panic",
            "force_locality_direct_routing",
            "force_local_zone",
            "locality_basis",
        ),
    )
    found = lb.zone_aware(ctx, zones)
    found["locality_basis_weight"] = zones.locality_basis == 1
    if zones.HasField("force_local_zone"):
        size = zones.force_local_zone
        found["force_local_zone"] = size.min_size.value if size.HasField("min_size") else 1
    elif zones.force_locality_direct_routing:
        found["force_local_zone"] = 1
    return found


def _round_robin(ctx: Context, message: Any, path: str, shared: Parameters, _: str) -> Policy:
    ctx.only(message, path, ("slow_start_config", "locality_lb_config"))
    found = shared | _locality(ctx, message.locality_lb_config, f"{path}.locality_lb_config")
    if message.HasField("slow_start_config"):
        found |= lb.slow_start(ctx, message.slow_start_config, f"{path}.slow_start_config")
    return Policy("round_robin", found)


def _least_request(ctx: Context, message: Any, path: str, shared: Parameters, _: str) -> Policy:
    known = ("choice_count", "active_request_bias", "slow_start_config", "locality_lb_config", "selection_method")
    ctx.only(message, path, known)
    found = shared | _locality(ctx, message.locality_lb_config, f"{path}.locality_lb_config")
    found |= lb.least_request_fields(ctx, message, path)
    found["full_scan"] = message.selection_method == 1
    return Policy("least_request", found)


def _random(ctx: Context, message: Any, path: str, shared: Parameters, _: str) -> Policy:
    ctx.only(message, path, ("locality_lb_config",))
    return Policy("random", shared | _locality(ctx, message.locality_lb_config, f"{path}.locality_lb_config"))


def _ring_hash(ctx: Context, message: Any, path: str, shared: Parameters, _: str) -> Policy:
    known = (
        "hash_function",
        "minimum_ring_size",
        "maximum_ring_size",
        "use_hostname_for_hashing",
        "hash_balance_factor",
        "consistent_hashing_lb_config",
        "locality_weighted_lb_config",
    )
    ctx.only(message, path, known)
    # 0 is DEFAULT_HASH, which is XX_HASH; 2 is MURMUR_HASH_2.
    found = shared | lb.ring_sizes(ctx, message, path) | {"murmur": message.hash_function == 2}
    if not message.HasField("consistent_hashing_lb_config"):
        found["use_hostname"] = message.use_hostname_for_hashing
        if message.HasField("hash_balance_factor"):
            factor = message.hash_balance_factor.value
            found["balance_factor"] = lb.balance_factor(ctx, factor, f"{path}.hash_balance_factor")
    return Policy("ring_hash", found | _hashing(ctx, message, path))


def _maglev(ctx: Context, message: Any, path: str, shared: Parameters, _: str) -> Policy:
    ctx.only(message, path, ("table_size", "consistent_hashing_lb_config", "locality_weighted_lb_config"))
    return Policy("maglev", shared | lb.table_size(ctx, message, path) | _hashing(ctx, message, path))


def _hashing(ctx: Context, message: Any, path: str) -> Parameters:
    found: Parameters = {"locality_weighted": message.HasField("locality_weighted_lb_config")}
    if message.HasField("consistent_hashing_lb_config"):
        found |= lb.consistent(ctx, message.consistent_hashing_lb_config, f"{path}.consistent_hashing_lb_config")
    return found


def _weighted(ctx: Context, message: Any, path: str, shared: Parameters, _: str) -> Policy:
    """client_side_weighted_round_robin: round robin by weights that load reports give."""
    known = (
        "blackout_period",
        "weight_expiration_period",
        "weight_update_period",
        "error_utilization_penalty",
        "metric_names_for_computing_utilization",
        "slow_start_config",
    )
    # How reports travel does not matter here: the caller hands them in.
    ctx.only(message, path, known, inert=("enable_oob_load_report", "oob_reporting_period", "oob_reporting_config"))
    found = dict(shared)
    if message.HasField("slow_start_config"):
        found |= lb.slow_start(ctx, message.slow_start_config, f"{path}.slow_start_config")
    found |= {
        "reported_weights": True,
        "blackout": _seconds(message, "blackout_period", 10.0),
        "expiration": _seconds(message, "weight_expiration_period", 180.0),
        "update_period": max(0.1, _seconds(message, "weight_update_period", 1.0)),
        "error_penalty": message.error_utilization_penalty.value
        if message.HasField("error_utilization_penalty")
        else 1.0,
        "metrics": tuple(message.metric_names_for_computing_utilization),
    }
    return Policy("round_robin", found)


def _seconds(message: Any, name: str, default: float) -> float:
    value = getattr(message, name)
    return value.seconds + value.nanos / 1e9 if message.HasField(name) else default


def _penalty(message: Any) -> Any:
    field = message.error_utilization_penalty
    return field.value if message.HasField("error_utilization_penalty") else 1.0


def _wrr_locality(ctx: Context, message: Any, path: str, shared: Parameters, name: str) -> Policy:
    ctx.only(message, path, ("endpoint_picking_policy",))
    child = typed(ctx, message.endpoint_picking_policy, f"{path}.endpoint_picking_policy", shared, name)
    if not child.parameters.get("reported_weights"):
        raise ctx.reject(
            f"{path}.endpoint_picking_policy",
            "Currently WrrLocalityLoadBalancer only supports ClientSideWeightedRoundRobinLoadBalancer as its endpoint "
            "picking policy.",
        )
    return Policy("round_robin", {**child.parameters, "locality_weighted": True})


def _override_host(ctx: Context, message: Any, path: str, shared: Parameters, name: str) -> Policy:
    ctx.only(message, path, ("override_host_sources", "fallback_policy"), inert=("selected_host_key",))
    sources: list[tuple[object, ...]] = []
    for index, source in enumerate(message.override_host_sources):
        here = f"{path}.override_host_sources[{index}]"
        ctx.only(source, here, ("header", "metadata"))
        if source.header and source.HasField("metadata"):
            raise ctx.reject(here, "Only one override source must be set")
        if source.header:
            sources.append(("header", source.header.lower()))
        elif source.HasField("metadata"):
            key = source.metadata
            sources.append(("metadata", key.key, tuple(step.key for step in key.path)))
        else:
            raise ctx.reject(here, "Empty override source")
    if not sources:
        raise ctx.reject(f"{path}.override_host_sources", "value must contain at least 1 item(s)")
    if not message.HasField("fallback_policy"):
        raise ctx.reject(f"{path}.fallback_policy", "value is required")
    child = typed(ctx, message.fallback_policy, f"{path}.fallback_policy", shared, name)
    return Policy("override_host", {"sources": tuple(sources)}, (child,))


def _subset(ctx: Context, message: Any, path: str, shared: Parameters, name: str) -> Policy:
    child = typed(ctx, message.subset_lb_policy, f"{path}.subset_lb_policy", shared, name)
    return typed_subset(ctx, message, path, child)


_READERS: dict[str, Callable[[Context, Any, str, Parameters, str], Policy]] = {
    "round_robin": _round_robin,
    "least_request": _least_request,
    "random": _random,
    "ring_hash": _ring_hash,
    "maglev": _maglev,
    "client_side_weighted_round_robin": _weighted,
    "wrr_locality": _wrr_locality,
    "override_host": _override_host,
    "subset": _subset,
}

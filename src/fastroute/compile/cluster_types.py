"""Cluster types beyond `type`: envoy.clusters.dns and envoy.clusters.aggregate; names that DNS clusters ask for.

Rules:
- CL-03 a strict DNS cluster has a host for every address of every name; a logical one has exactly one
  name and one host. envoy.clusters.dns is strict unless all_addresses_in_single_endpoint.
- CL-07 an aggregate lists other clusters by name, at least one.
- CL-08 every other extension is refused by its name.
"""

from __future__ import annotations

import ipaddress

from fastroute.api.anys import unpack
from fastroute.compile.cluster_info import Query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context
    from fastroute.errors import UnsupportedError

_DNS = "envoy.extensions.clusters.dns.v3.DnsCluster"
_AGGREGATE = "envoy.extensions.clusters.aggregate.v3.ClusterConfig"

# DnsLookupFamily by number: Cluster's own, and that of DnsCluster, which has UNSPECIFIED first.
_FAMILIES = ("AUTO", "V4_ONLY", "V6_ONLY", "V4_PREFERRED", "ALL")
_TYPED_FAMILIES = ("AUTO", "AUTO", "V4_ONLY", "V6_ONLY", "V4_PREFERRED", "ALL")
_DNS_TIMING = (
    "dns_refresh_rate",
    "dns_failure_refresh_rate",
    "respect_dns_ttl",
    "dns_jitter",
    "typed_dns_resolver_config",
    "dns_min_refresh_rate",
)


def extension_kind(message: Any, ctx: Context) -> str:
    """The kind of a cluster with `cluster_type`."""
    extension = message.cluster_type
    path = "cluster_type.typed_config"
    if not extension.typed_config.type_url:
        raise _unsupported(ctx, extension.name)
    config = unpack(extension.typed_config, path=path)
    found = config.DESCRIPTOR.full_name
    if found == _DNS:
        ctx.only(config, path, ("dns_lookup_family", "all_addresses_in_single_endpoint"), inert=_DNS_TIMING)
        return "LOGICAL_DNS" if _config(message).all_addresses_in_single_endpoint else "STRICT_DNS"
    if found == _AGGREGATE:
        ctx.only(config, path, ("clusters",))
        if not _config(message).clusters:
            raise ctx.reject(f"{path}.clusters", "value must contain at least 1 item(s)")
        return "aggregate"
    raise _unsupported(ctx, extension.name)


def _unsupported(ctx: Context, name: str) -> UnsupportedError:
    return ctx.unsupported(
        "cluster_type",
        f'clusters of the type "{name}" are not supported',
        remedy="Remove the cluster, or decide it with Envoy itself.",
    )


def _config(message: Any) -> Any:
    return unpack(message.cluster_type.typed_config)


def aggregate_names(message: Any) -> tuple[str, ...]:
    """The clusters that an aggregate lists."""
    return tuple(_config(message).clusters)


def dns_names(message: Any, ctx: Context, *, logical: bool) -> tuple[Query, ...]:
    """The names that a DNS cluster asks for, IP addresses left out."""
    assignment = message.load_assignment
    names = [
        item.endpoint.address.socket_address.address for group in assignment.endpoints for item in group.lb_endpoints
    ]
    if logical and len(names) != 1:
        raise ctx.reject(
            "load_assignment", "LOGICAL_DNS clusters must have a single locality_lb_endpoint and a single lb_endpoint"
        )
    if message.HasField("cluster_type"):
        family = _TYPED_FAMILIES[_config(message).dns_lookup_family]
    else:
        family = _FAMILIES[message.dns_lookup_family]
    return tuple(Query(name, family) for name in names if not is_ip(name))


def is_ip(name: str) -> bool:
    """Whether the name is an IP address, which needs no resolver."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

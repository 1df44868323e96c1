"""What Envoy refuses of clusters beyond the constraints of the API, in fields that decide nothing.

* A load balancing policy, if set, names one. Several health checks have names each; one of gRPC needs HTTP/2, and
  `use_alpn_protocol` a transport socket.
* Subsets that heed the weights of localities need `locality_weighted_lb_config`.
* A cluster of another type names one that is known, by its configuration or else by its name.
* A source address is an IP address with a number for its port. There is one more at most, of the other IP version.
* Outlier detection ejects no shorter at most than at first.
* What an internal transport socket passes on is metadata of the host or of the cluster.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from fastroute.api import durations, extension_points, tls_semantics
from fastroute.api.names import HTTP_PROTOCOL_OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

_FACTORIES = frozenset(
    (
        *(f"envoy.cluster.{name}" for name in ("dns", "eds", "logical_dns", "original_dst", "static", "strict_dns")),
        *(
            f"envoy.clusters.{name}"
            for name in (
                "aggregate",
                "composite",
                "dynamic_forward_proxy",
                "dynamic_modules",
                "mcp_multicluster",
                "redis",
                "reverse_connection",
            )
        ),
    )
)
_EJECTION_MS = 30_000
_NO_PORT_NUMBER = "IP resolver can't handle port specifier type 4"


def cluster(message: Any) -> Iterator[Complaint]:
    """A Cluster as a whole."""
    if message.typed_extension_protocol_options or message.HasField("common_http_protocol_options"):
        from fastroute.api import protocol_semantics

        yield from protocol_semantics.cluster(message)
    yield from tls_semantics.cluster(message)
    if message.HasField("transport_socket_matcher"):
        from fastroute.api import transport_matcher

        yield from transport_matcher.check(message.transport_socket_matcher, "transport_socket_matcher")
    if message.HasField("cluster_type"):
        yield from _cluster_type(message.cluster_type)
    if message.HasField("load_balancing_policy") and not message.load_balancing_policy.policies:
        yield "load_balancing_policy.policies", "no load balancing policy is named", "Name one."
    weighted = message.common_lb_config.HasField("locality_weighted_lb_config")
    if message.lb_subset_config.locality_weight_aware and not weighted:
        wrong = "Locality weight aware subset LB requires that a locality_weighted_lb_config be set"
        yield "lb_subset_config.locality_weight_aware", wrong, "Set common_lb_config.locality_weighted_lb_config."
    yield from _health_checks(message)


def _cluster_type(message: Any) -> Iterator[Complaint]:
    """What makes the cluster, by the type of its configuration, or by its name where it has none."""
    if message.typed_config.type_url:
        yield from extension_points.extension(message, "cluster_type", message.name, "envoy.clusters")
    elif message.name not in _FACTORIES:
        wrong = f"Didn't find a registered cluster factory implementation for name: '{message.name}'"
        yield "cluster_type", wrong, "Set typed_config to the configuration of one."


def _health_checks(message: Any) -> Iterator[Complaint]:
    http2 = message.HasField("http2_protocol_options")
    http2 = http2 or HTTP_PROTOCOL_OPTIONS in message.typed_extension_protocol_options
    for position, check in enumerate(message.health_checks):
        path = f"health_checks[{position}]"
        if len(message.health_checks) > 1 and not check.name:
            yield f"{path}.name", "with several health checks, each must have a name", "Set it."
        if check.HasField("grpc_health_check") and not http2:
            wrong = "the cluster must support HTTP/2 for gRPC health checking"
            yield f"{path}.grpc_health_check", wrong, "Set its HTTP/2 options."
        if check.http_health_check.use_alpn_protocol and not message.HasField("transport_socket"):
            wrong = "use_alpn_protocol needs a transport socket with ALPN"
            yield f"{path}.http_health_check.use_alpn_protocol", wrong, "Set transport_socket."


def bind_config(message: Any) -> Iterator[Complaint]:
    """A BindConfig: the addresses that connections to an upstream come from."""
    if message.HasField("source_address"):
        yield from _source(message.source_address, "source_address")
    extra, old = message.extra_source_addresses, message.additional_source_addresses
    for position, each in enumerate(extra):
        yield from _source(each.address, f"extra_source_addresses[{position}].address")
    for position, address in enumerate(old):
        yield from _source(address, f"additional_source_addresses[{position}]")
    field = "extra_source_addresses" if extra else "additional_source_addresses"
    others = [each.address for each in extra] or list(old)
    if extra and old:
        wrong = "Can't specify both `extra_source_addresses` and `additional_source_addresses`"
        yield "additional_source_addresses", wrong, "Remove it."
    elif others and not message.HasField("source_address"):
        yield field, "extra/additional source addresses but no source_address", "Set source_address."
    elif len(others) > 1:
        yield field, "more than one extra/additional source addresses", "Keep one."
    elif others and _version(others[0]) == _version(message.source_address):
        wrong = "two same IP version source addresses: only two of different versions can be supported"
        yield field, wrong, "Name one of the other version, or remove it."


def _source(address: Any, path: str) -> Iterator[Complaint]:
    if address.WhichOneof("port_specifier") == "named_port":
        yield f"{path}.named_port", _NO_PORT_NUMBER, "Use port_value."
    if not _version(address):
        yield f"{path}.address", f"malformed IP address: {address.address}", "Write an IPv4 or IPv6 address."


def _version(address: Any) -> int:
    """4, 6, or 0 for what is no IP address."""
    try:
        return ipaddress.ip_address(address.address).version
    except ValueError:
        return 0


def outlier_detection(message: Any) -> Iterator[Complaint]:
    """An OutlierDetection."""
    base = _milliseconds(message.base_ejection_time) if message.HasField("base_ejection_time") else _EJECTION_MS
    if message.HasField("max_ejection_time") and _milliseconds(message.max_ejection_time) < base:
        wrong = "outlier detector's max_ejection_time cannot be smaller than base_ejection_time"
        yield "max_ejection_time", wrong, "Raise it, or lower base_ejection_time, which is 30s unless set."


def _milliseconds(duration: Any) -> int:
    return durations.nanoseconds(duration) // 1_000_000


def internal_upstream(message: Any) -> Iterator[Complaint]:
    """The transport socket that leads to an internal listener."""
    for position, source in enumerate(message.passthrough_metadata):
        kind = source.kind.WhichOneof("kind")
        if kind in ("request", "route"):
            path = f"passthrough_metadata[{position}].kind.{kind}"
            yield path, "metadata type is not supported", "Use host or cluster."

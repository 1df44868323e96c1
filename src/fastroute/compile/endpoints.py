"""Load assignments to endpoints.

Rules:
- CL-01 an address is an IP address, a pipe or an internal address, except in clusters that ask DNS.
- CL-02 an address that occurs twice is two hosts in a STATIC cluster; in an EDS update only the first counts.
- CL-09 gaps between priorities are empty levels. Where hashes choose, the weights of a level must fit
  into 32 bits: Envoy ends itself otherwise. Other policies take any sum.
- LB-20 a locality's weight counts only beside a locality message; the last entry of a locality wins.
- DO-01 at most one category of drop_overloads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastroute.api import trees
from fastroute.core.cidr import format_address
from fastroute.core.endpoint import Endpoint, Locality
from fastroute.core.selection import canonical
from fastroute.records import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

LB_METADATA = "envoy.lb"
MAX_WEIGHT = 2**32 - 1

# core.v3.HealthStatus → flags of core/endpoint.pxd
_UNKNOWN, _HEALTHY, _UNHEALTHY, _DRAINING, _TIMEOUT, _DEGRADED = range(6)
_FLAGS = {_UNKNOWN: 0, _HEALTHY: 0, _UNHEALTHY: 1, _DEGRADED: 2, _DRAINING: 4, _TIMEOUT: 8}
_HANDLED = ("endpoint", "health_status", "metadata", "load_balancing_weight")
_DENOMINATORS = (100, 10_000, 1_000_000)

Level = tuple[list[Endpoint], dict[Locality, int] | None]
Resolve = Callable[[str], Iterable[str]]
"""From a host name to its IP addresses."""


@record(frozen=False)
class Assignment:
    """A load assignment, ready for `Cluster.replace`."""

    levels: list[Level] = field(default_factory=list)
    drop: int = 0
    drop_of: int = 0
    factor: int = 140
    weighted_health: bool = False


@record(frozen=False)
class Reader:
    """How the endpoints of one cluster are read.

    `first_only` drops repeated addresses (EDS). `resolve` answers for DNS clusters; `logical` takes
    one address a name. `weights` says that the policy uses locality weights, `hashed` that it hashes.
    """

    ctx: Context
    first_only: bool = False
    resolve: Resolve | None = None
    logical: bool = False
    weights: bool = False
    hashed: bool = False
    seen: set[str] = field(default_factory=set)

    def read(self, message: Any, path: str) -> Assignment:
        """The whole of a ClusterLoadAssignment."""
        self.ctx.only(message, path, ("cluster_name", "endpoints", "policy"))
        result = Assignment()
        self._policy(message.policy, _join(path, "policy"), result)
        for index, group in enumerate(message.endpoints):
            self._group(group, _join(path, f"endpoints[{index}]"), result.levels)
        if self.hashed and any(sum(host.weight for host in hosts) > MAX_WEIGHT for hosts, _ in result.levels):
            words = f"The sum of weights of all upstream hosts in a locality exceeds {MAX_WEIGHT}"
            self.ctx.gather(self.ctx.reject(_join(path, "endpoints"), words))
        return result

    def _policy(self, policy: Any, path: str, result: Assignment) -> None:
        self.ctx.only(policy, path, ("drop_overloads", "overprovisioning_factor", "weighted_priority_health"))
        if policy.HasField("overprovisioning_factor"):
            result.factor = policy.overprovisioning_factor.value
        result.weighted_health = policy.weighted_priority_health
        if len(policy.drop_overloads) > 1:
            count = len(policy.drop_overloads)
            words = f"Cluster drop_overloads config has {count} categories. Envoy only support one."
            self.ctx.gather(self.ctx.reject(f"{path}.drop_overloads", words))
        for number, drop in enumerate(policy.drop_overloads):
            result.drop = drop.drop_percentage.numerator
            result.drop_of = _DENOMINATORS[drop.drop_percentage.denominator]
            if result.drop > result.drop_of:
                here = f"{path}.drop_overloads[{number}].drop_percentage"
                self.ctx.gather(self.ctx.reject(here, "the drop ratio is above 1"))

    def _group(self, group: Any, path: str, levels: list[Level]) -> None:
        known: tuple[str, ...] = ("locality", "lb_endpoints", "load_balancing_weight", "priority")
        if group.HasField("leds_cluster_locality_config") and not self.first_only:
            words = "LEDS is only supported when EDS is used. Static endpoints cannot use LEDS."
            self.ctx.gather(self.ctx.reject(f"{path}.leds_cluster_locality_config", words))
            known = (*known, "leds_cluster_locality_config")
        self.ctx.only(group, path, known, inert=("metadata",))
        while len(levels) <= group.priority:
            levels.append(([], {} if self.weights else None))
        hosts, weights = levels[group.priority]
        place = group.locality
        locality = Locality(place.region, place.zone, place.sub_zone)
        if weights is not None and group.HasField("locality") and group.HasField("load_balancing_weight"):
            weights[locality] = group.load_balancing_weight.value
        for index, item in enumerate(group.lb_endpoints):
            for host in self._endpoint(item, f"{path}.lb_endpoints[{index}]", locality, group.priority):
                if self.first_only and str(host) in self.seen:
                    continue
                self.seen.add(str(host))
                hosts.append(host)

    def _endpoint(self, item: Any, path: str, locality: Locality, priority: int) -> Iterable[Endpoint]:
        self.ctx.only(item, path, _HANDLED)
        endpoint = item.endpoint
        # The addresses beside the first serve one connection attempt; the host is the same.
        self.ctx.only(
            endpoint,
            f"{path}.endpoint",
            ("address", "hostname"),
            inert=("health_check_config", "additional_addresses", "observability_name"),
        )
        tree = metadata(item.metadata) if item.HasField("metadata") else {}
        values = tree.get(LB_METADATA, {})
        key = values.get("hash_key", "")
        for address, port, name in self._addresses(endpoint.address, f"{path}.endpoint.address"):
            yield Endpoint(
                address,
                port,
                hostname=endpoint.hostname or name,
                weight=item.load_balancing_weight.value if item.HasField("load_balancing_weight") else 1,
                locality=locality,
                priority=priority,
                metadata=tree,
                flags=_FLAGS.get(item.health_status, 0),
                hash_key=key if isinstance(key, str) else "",
                criteria={name: canonical(value) for name, value in values.items()},
            )

    def _addresses(self, address: Any, path: str) -> Iterable[tuple[str, int, str]]:
        """(address, port, DNS name) of each host behind a configured address."""
        which = address.WhichOneof("address")
        if which == "pipe":
            return [(address.pipe.path, 0, "")]
        if which == "envoy_internal_address":
            internal = address.envoy_internal_address
            return [(f"envoy://{internal.server_listener_name}/{internal.endpoint_id}", 0, "")]
        return self._socket(address.socket_address, f"{path}.socket_address")

    def _socket(self, socket: Any, path: str) -> Iterable[tuple[str, int, str]]:
        known = ("address", "port_value", "protocol")
        self.ctx.only(socket, path, known, inert=("ipv4_compat",))
        if self.resolve is not None:
            found = list(self.resolve(socket.address))
            return [(ip, socket.port_value, socket.address) for ip in (found[:1] if self.logical else found)]
        try:
            ip = plain_ip(socket.address)
        except ValueError:
            words = (
                f"malformed IP address: {socket.address}. Consider setting resolver_name or setting cluster type to "
                "'STRICT_DNS' or 'LOGICAL_DNS'"
            )
            remedy = "Write an IP address, or set the type of the cluster to STRICT_DNS."
            self.ctx.gather(self.ctx.reject(f"{path}.address", words, remedy=remedy))
            return []
        return [(ip, socket.port_value, "")]


def plain_ip(text: str) -> str:
    """The address as the system writes it, which is what Envoy hashes; ValueError when it is none."""
    try:
        return format_address(text)
    except ValueError:
        # With a zone, which is left out.
        from ipaddress import ip_address

        return format_address(str(ip_address(text)).partition("%")[0])


def metadata(message: Any) -> dict[str, dict[str, object]]:
    """`filter_metadata` of a Metadata message as plain values."""
    return {name: trees.struct_tree(message.filter_metadata[name]) for name in message.filter_metadata}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name

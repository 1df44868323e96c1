"""Custom matchers and custom maps of a matcher tree (FC-21).

IPMatcher         every range that has the address, longest prefix first, then in list order; an entry with
                  `exclusive` is asked only when it is the first of them.
ServerNameMatcher the exact domain, then `*.suffix` from the longest to the shortest, then `*`; never an
                  empty name.
ip, runtime_fraction, consistent_hashing   matchers of one value; the latter two by its XXH64.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from fastroute.compile.extensions import open_any
from fastroute.compile.runtime import runtime_fraction
from fastroute.core.hashing import xxh64
from fastroute.core.matchers import TreeNode
from fastroute.records import record

if TYPE_CHECKING:
    from fastroute.compile.context import Context

_MATCHERS = "envoy.extensions.matching.input_matchers."
IP = f"{_MATCHERS}ip.v3.Ip"
RUNTIME_FRACTION = f"{_MATCHERS}runtime_fraction.v3.RuntimeFraction"
CONSISTENT_HASHING = f"{_MATCHERS}consistent_hashing.v3.ConsistentHashing"
IP_MAP = "xds.type.matcher.v3.IPMatcher"
SERVER_NAME_MAP = "xds.type.matcher.v3.ServerNameMatcher"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
OnMatch = Callable[[Any, str], TreeNode]


def network(cidr: Any, ctx: Context, path: str) -> Network:
    """A CidrRange; a prefix that is too long is cut to the address's length."""
    try:
        address = ipaddress.ip_address(cidr.address_prefix)
    except ValueError:
        raise ctx.reject(f"{path}.address_prefix", f"malformed IP address: {cidr.address_prefix}") from None
    return ipaddress.ip_network(f"{address}/{min(cidr.prefix_len.value, address.max_prefixlen)}", strict=False)


def _address(value: bytes) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(value.decode("latin-1"))
    except ValueError:
        return None


def compile_custom_matcher(message: Any, ctx: Context, path: str) -> Callable[[bytes], bool]:
    """The custom matcher (a TypedExtensionConfig) at `path`."""
    name, config = open_any(message.typed_config, ctx, f"{path}.typed_config")
    if name == IP and config is not None:
        ranges = ctx.each(config.cidr_ranges, f"{path}.typed_config.cidr_ranges", network)

        def in_ranges(value: bytes) -> bool:
            address = _address(value)
            return address is not None and any(address in each for each in ranges)

        return in_ranges
    if name == RUNTIME_FRACTION and config is not None:
        share, seed = runtime_fraction(config.runtime_fraction, ctx.runtime), config.seed
        return lambda value: share.holds(xxh64(value, seed))
    if name == CONSISTENT_HASHING and config is not None:
        return _consistent(config, ctx, path)
    raise ctx.unsupported(path, f"the matcher {name or message.name} is not supported")


def _consistent(config: Any, ctx: Context, path: str) -> Callable[[bytes], bool]:
    threshold, modulo, seed = config.threshold, config.modulo, config.seed
    if modulo == 0:
        raise ctx.reject(f"{path}.typed_config.modulo", "value must be greater than 0")
    if threshold > modulo:
        raise ctx.reject(path, f"threshold cannot be greater than modulo: {threshold} > {modulo}")
    return lambda value: bool(xxh64(value, seed) % modulo >= threshold)


@record
class IpMap:
    """Ranges with their nodes, longest prefix first, in list order among equals."""

    ranges: tuple[tuple[Network, TreeNode, bool], ...]

    @property
    def nodes(self) -> Iterable[TreeNode]:
        """Every node of the map."""
        return [node for _, node, _ in self.ranges]

    def __call__(self, value: bytes) -> Iterable[TreeNode]:
        address = _address(value)
        if address is None:
            return ()
        fitting = [(node, exclusive) for each, node, exclusive in self.ranges if address in each]
        return [node for place, (node, exclusive) in enumerate(fitting) if place == 0 or not exclusive]


@record
class ServerNameMap:
    """Lower-case domains with their nodes."""

    domains: dict[str, TreeNode]

    @property
    def nodes(self) -> Iterable[TreeNode]:
        """Every node of the map."""
        return self.domains.values()

    def __call__(self, value: bytes) -> Iterable[TreeNode]:
        name = value.decode("latin-1")
        if not name:
            return ()
        wanted = [name]
        while "." in name:
            name = name.partition(".")[2]
            wanted.append(f"*.{name}")
        return [self.domains[domain] for domain in (*wanted, "*") if domain in self.domains]


def compile_custom_map(message: Any, ctx: Context, path: str, on_match: OnMatch) -> IpMap | ServerNameMap:
    """The custom map (a TypedExtensionConfig) at `path`."""
    name, config = open_any(message.typed_config, ctx, f"{path}.typed_config")
    here = f"{path}.typed_config"
    if name == IP_MAP and config is not None:
        return _ip_map(config, ctx, here, on_match)
    if name == SERVER_NAME_MAP and config is not None:
        return _server_name_map(config, ctx, here, on_match)
    raise ctx.unsupported(path, f"the matcher map {name or message.name} is not supported")


def _ip_map(config: Any, ctx: Context, path: str, on_match: OnMatch) -> IpMap:
    ranges = []
    for number, entry in enumerate(config.range_matchers):
        here = f"{path}.range_matchers[{number}]"
        node = on_match(entry.on_match, f"{here}.on_match")
        for one in ctx.each(entry.ranges, f"{here}.ranges", network):
            ranges.append((one, node, entry.exclusive))
    return IpMap(tuple(sorted(ranges, key=lambda each: -each[0].prefixlen)))


def _server_name_map(config: Any, ctx: Context, path: str, on_match: OnMatch) -> ServerNameMap:
    domains: dict[str, TreeNode] = {}
    for number, entry in enumerate(config.domain_matchers):
        here = f"{path}.domain_matchers[{number}]"
        node = on_match(entry.on_match, f"{here}.on_match")
        for place, domain in enumerate(entry.domains):
            if domain.lower() in domains:
                wrong = f"Duplicate domain in ServerNameMatcher: {domain}"
                ctx.gather(ctx.reject(f"{here}.domains[{place}]", wrong))
            domains[domain.lower()] = node
    return ServerNameMap(domains)

"""Filter chain matches to the nested tables of the core, with Envoy's refusals.

FC-01  The order of the criteria is the order of the levels.
FC-14  Two chains with an equal match are refused, and so is any overlap after every list is expanded:
       server names in lower case, prefixes in canonical form.
FC-04  A bucket that holds both a chain with a range of length 0 and a chain without ranges is not supported:
       Envoy keeps both under one key, and which one survives changes from start to start
       (envoyproxy/envoy#34299).
FC-15  Refused: `*` and partial wildcards in server names, address_suffix and suffix_len, malformed
       addresses. A prefix length beyond the address is the whole address.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

    Nested = dict[Any, Any]


Prefix = tuple[str, int]


def compile_matches(chains: Sequence[Any], ctx: Context) -> Nested:
    """The matches of FilterChain messages as mappings nested by level; the leaves are chain numbers."""
    nested: Nested = {}
    seen: dict[bytes, tuple[int, str]] = {}
    for index, chain in enumerate(chains):
        path = f"filter_chains[{index}]"
        match = chain.filter_chain_match
        key = match.SerializeToString(deterministic=True)
        if key in seen:
            other, name = seen[key]
            error = ctx.reject(
                path,
                f"filter chain '{chain.name}' has the same matching rules defined as '{name}'",
                remedy="Change one of the two matches, or remove a chain.",
                code="duplicate-filter-chain-match",
                conflict=ctx.conflict(f"filter_chains[{other}]"),
            )
            ctx.keep(error, "the first counts")
            continue
        seen[key] = index, chain.name
        for keys in itertools.product(*ctx.attempt(((),), criteria, match, ctx, f"{path}.filter_chain_match")):
            taken = _insert(nested, keys, index)
            if taken is not None:
                error = ctx.reject(
                    f"{path}.filter_chain_match",
                    "multiple filter chains with overlapping matching rules are defined",
                    remedy="Take out of one what the other matches.",
                    code="overlapping-filter-chain-match",
                    conflict=ctx.conflict(f"filter_chains[{taken}].filter_chain_match"),
                )
                ctx.keep(error, "the first counts")
                break
    _check_whole_ranges(nested, 0, ctx)
    return nested


PREFIX_LEVELS = {1: "prefix_ranges", 5: "direct_source_prefix_ranges", 7: "source_prefix_ranges"}
EVERYTHING = (("0.0.0.0", 0), ("::", 0))


def _check_whole_ranges(nested: Nested, depth: int, ctx: Context) -> None:
    """Refuse a range of length 0 beside "no range"."""
    for key, below in nested.items():
        if depth in PREFIX_LEVELS and key in EVERYTHING and None in nested:
            path = f"filter_chains[{_first_leaf(below)}].filter_chain_match.{PREFIX_LEVELS[depth]}"
            error = ctx.unsupported(
                path,
                "a range of length 0 beside a filter chain without ranges: Envoy takes one of the two at random",
                remedy="Write two ranges of length 1, or leave the range out.",
                code="ambiguous-prefix",
            )
            ctx.tolerate(error, "the range of length 0 is taken")
        if isinstance(below, dict):
            _check_whole_ranges(below, depth + 1, ctx)


def _first_leaf(below: Any) -> int:
    while isinstance(below, dict):
        below = next(iter(below.values()))
    return int(below)


def _insert(nested: Nested, keys: tuple[Any, ...], index: int) -> int | None:
    """Put the chain at the end of its path; the one whose place it is already, be it the chain itself."""
    level = nested
    for key in keys[:-1]:
        level = level.setdefault(key, {})
    if keys[-1] in level:
        return int(level[keys[-1]])
    level[keys[-1]] = index
    return None


def criteria(match: Any, ctx: Context, path: str) -> tuple[Iterable[Any], ...]:
    """What a FilterChainMatch gives at each level; one entry for "not given" where it gives nothing."""
    for field in ("address_suffix", "suffix_len"):
        if match.address_suffix if field == "address_suffix" else match.HasField(field):
            raise ctx.reject(f"{path}.{field}", "contains unimplemented fields")
    ctx.only(match, path, HANDLED)
    return (
        (match.destination_port.value,),
        _prefixes(match.prefix_ranges, ctx, f"{path}.prefix_ranges"),
        _names(match.server_names, ctx, f"{path}.server_names"),
        (_wire(match.transport_protocol),),
        [_wire(protocol) for protocol in match.application_protocols] or ("",),
        _prefixes(match.direct_source_prefix_ranges, ctx, f"{path}.direct_source_prefix_ranges"),
        (match.source_type,),
        _prefixes(match.source_prefix_ranges, ctx, f"{path}.source_prefix_ranges"),
        list(match.source_ports) or (0,),
    )


HANDLED = (
    "destination_port",
    "prefix_ranges",
    "server_names",
    "transport_protocol",
    "application_protocols",
    "direct_source_prefix_ranges",
    "source_type",
    "source_prefix_ranges",
    "source_ports",
)


def _prefixes(ranges: Any, ctx: Context, path: str) -> Sequence[Prefix | None]:
    return ctx.each(ranges, path, compile_prefix) if ranges else (None,)


def compile_prefix(cidr: Any, ctx: Context, path: str) -> Prefix:
    """A CidrRange as (network address, length), the bits behind the length cleared."""
    import ipaddress

    try:
        address = ipaddress.ip_address(cidr.address_prefix)
    except ValueError as error:
        raise ctx.reject(f"{path}.address_prefix", f"malformed IP address: {cidr.address_prefix}") from error
    length = min(cidr.prefix_len.value, address.max_prefixlen)
    return str(ipaddress.ip_network((address, length), strict=False).network_address), length


def _names(server_names: Any, ctx: Context, path: str) -> Sequence[str]:
    return ctx.each(server_names, path, _name) if server_names else ("",)


def _name(name: str, ctx: Context, path: str) -> str:
    """`*.a.com` is stored as `.a.com`, where a name that is written so lies too (FC-05)."""
    if "*" in name and not name.startswith("*."):
        raise ctx.reject(path, 'partial wildcards are not supported in "server_names"')
    stored = name.removeprefix("*") if name.startswith("*.") else name
    return stored.encode().lower().decode("latin-1")


def _wire(text: str) -> str:
    """Text of the configuration as the wire carries it: its bytes, one character each."""
    return text if text.isascii() else text.encode().decode("latin-1")
